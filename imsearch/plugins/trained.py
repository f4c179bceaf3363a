"""Weights that the user trained, as annotators: named with ``NAME=WEIGHTS``, or added with ``imsearch plugins add``.

Added ones are listed in ``annotators.json`` next to ``config.toml``, so that every library and command knows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from imsearch.annotator import Annotator
from imsearch.errors import ModelError, PluginError
from imsearch.settings import config_path
from imsearch.specs import AnnotatorSpec, RecipeSpec
from imsearch.training.header import WEIGHTS, read_header

PACKAGE = "trained by you"
_LIST = "annotators.json"


@dataclass(frozen=True)
class Trained:
    """The weights of a run under a name chosen by the user; ``weights.json`` must be next to them."""

    name: str
    weights: Path

    @property
    def text(self) -> str:
        """The value of ``--annotator``."""
        return f"{self.name}={self.weights}"


def parse(text: str) -> Trained | None:
    """Parse ``NAME=WEIGHTS``, with a weights file or the folder of a run; None for a plain name."""
    name, equals, place = text.partition("=")
    if not equals:
        return None
    if not name.strip() or not place:
        raise PluginError(f"{text!r} is not an annotator: write NAME=WEIGHTS, such as mine=runs/mine/{WEIGHTS}")
    return Trained(name.strip(), weights_at(Path(place)))


def weights_at(place: Path) -> Path:
    """Return the absolute path of the weights file; place: the file, or the folder of a run.

    Raises `ModelError` where there is none.
    """
    weights = place.expanduser().absolute()
    if weights.is_dir():
        weights /= WEIGHTS
    if not weights.is_file():
        raise ModelError(f"There is no file {weights}. Name the weights that imsearch train wrote, or their folder.")
    return weights


def kept() -> dict[str, Trained]:
    """Return the added weights, by name.  Raises `PluginError` when the list cannot be read."""
    path = _path()
    try:
        said = json.loads(path.read_text("utf-8"))
        return {name: Trained(name, Path(weights)) for name, weights in said["annotators"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PluginError(
            f"{path} cannot be read ({error}). Repair or delete it, and add your weights again."
        ) from error


def keep(trained: Trained) -> None:
    """Add weights, or replace those of the same name."""
    _write({**kept(), trained.name: trained})


def drop(name: str) -> Trained:
    """Remove weights from the list; the file stays.  Raises `PluginError` for a name that is not on it."""
    known = kept()
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise PluginError(f"No weights were added under the name {name!r}; added: {listed}")
    found = known.pop(name)
    _write(known)
    return found


def spec_of(
    trained: Trained, recipe_of: Callable[[str], RecipeSpec], base: Mapping[str, AnnotatorSpec]
) -> AnnotatorSpec:
    """Return the annotator of these weights, built by the recipe of their model.

    base: the installed annotators; properties that do not depend on the weights, such as the inputs, are taken from
    that of the same model.  Raises `ModelError` or `PluginError` for files that are missing, damaged, or of no known
    model.
    """
    if not trained.weights.is_file():
        raise ModelError(
            f"the weights of {trained.name} are no longer at {trained.weights}. Add them again with imsearch "
            f"plugins add, or remove the name with imsearch plugins remove {trained.name}"
        )
    model = str(read_header(trained.weights)["model"])
    recipe = recipe_of(model)
    if recipe.annotator is None:
        raise PluginError(f"The recipe {model} cannot load weights, so {trained.weights} cannot be used")
    summary, known = trained.weights.with_suffix(".json"), base.get(model)
    usual = {} if known is None else {"vector_length": known.vector_length, "input_size": known.input_size}
    try:
        said = {"data": {}, **usual, **json.loads(summary.read_text("utf-8"))}
        sha256 = str(said["sha256"])
        spec = AnnotatorSpec(
            name=trained.name,
            version=f"{said['version']}+{sha256[:8]}",
            factory=partial(_build, recipe.annotator, trained.weights, sha256),
            description=f"{model}, trained by you{_learned(said)}",
            vocabulary=tuple(said["vocabulary"]),
            vector_length=said["vector_length"],
            input_size=int(said["input_size"]),
            threshold=float(said["threshold"]),
            thresholds={str(tag): float(value) for tag, value in said["thresholds"].items()},
            weights_sha256=sha256,
            default=False,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{summary} must hold the tags and thresholds of {trained.weights.name} ({error!r}). Keep both files of "
            "the run in one folder."
        ) from error
    return spec if known is None else replace(spec, inputs=known.inputs, license=known.license)


def _build(load: Callable[[Path, str], Annotator], weights: Path, sha256: str, device: str) -> Annotator:
    """Build the annotator of a checkpoint, if it is still the one its summary was written for."""
    import hashlib

    if hashlib.sha256(weights.read_bytes()).hexdigest() != sha256:
        raise ModelError(
            f"{weights} was changed since its weights.json was written. Copy both files of a run again, or train again."
        )
    return load(weights, device)


def _learned(said: Mapping[str, Any]) -> str:
    """Return ``: 4,311 pictures of corel5k`` from a summary; empty if it has no such entry."""
    parts = [f"{int(count):,} pictures of {name.partition(':')[2] or name}" for name, count in said["data"].items()]
    return f": {', '.join(parts)}" if parts else ""


def _path() -> Path:
    return config_path().with_name(_LIST)


def _write(annotators: Mapping[str, Trained]) -> None:
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial_path = path.with_name(f"{path.name}.partial")
    said = {"annotators": {name: str(annotators[name].weights) for name in sorted(annotators)}}
    partial_path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    partial_path.replace(path)
