"""``--annotator NAME[=WEIGHTS]``: an installed annotator, or a candidate that ``imsearch train`` wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from imsearch.errors import ModelError, PluginError
from imsearch.plugins.manager import make_manager
from imsearch.records import AnnotatorSpec


def chosen_spec(text: str) -> AnnotatorSpec:
    """The spec of ``NAME``, or of ``NAME=WEIGHTS``: the weights of that file, with what its summary says of thresholds.

    The summary is the JSON file beside the weights, of the same name.  Raises `PluginError` for a name that nothing
    offers or whose recipe cannot load checkpoints, and `ModelError` for files that are missing or damaged.
    """
    name, _, file = text.partition("=")
    manager = make_manager()
    (spec,) = manager.choose([name])
    if not file:
        return spec
    load = manager.recipe(name).annotator
    if load is None:
        raise PluginError(f"The recipe {name} cannot load checkpoints; give {name} without weights")
    weights, summary = Path(file), Path(file).with_suffix(".json")
    if not weights.is_file():
        raise ModelError(f"There is no file {weights}. Give the weights that imsearch train {name} wrote.")
    try:
        said = json.loads(summary.read_text(encoding="utf-8"))
        return replace(
            spec,
            version=str(said["version"]),
            factory=partial(load, weights),
            vocabulary=tuple(said["vocabulary"]),
            threshold=float(said["threshold"]),
            thresholds=dict(said["thresholds"]),
            weights_sha256=None,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{summary} has to tell the thresholds of {weights.name} ({error!r}). Copy both files."
        ) from error
