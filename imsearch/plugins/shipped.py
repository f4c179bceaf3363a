"""Hooks for a plugin that is a folder with a trained model.

A folder holds the code of a model and, once it is trained, ``weights.safetensors`` and ``weights.json``.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imsearch import hookimpl
from imsearch.specs import AnnotatorSpec, RecipeSpec

if TYPE_CHECKING:
    from imsearch.annotator import Annotator
    from imsearch.training.run import Run


@dataclass(frozen=True)
class ShippedModel:
    """A model in a folder.

    annotator, train: ``"module:name"`` of a `imsearch.training.model.ModelAnnotator` and of the recipe's function;
    imported on first use, so that the plugin stays light.
    """

    name: str
    folder: Path
    description: str
    recipe: str
    annotator: str
    train: str
    datasets: tuple[str, ...] = ()
    inputs: frozenset[str] = frozenset()
    license: str = "Apache-2.0"
    weights_license: str = "Apache-2.0"

    def hooks(self) -> tuple[Callable[[], list[AnnotatorSpec]], Callable[[], list[RecipeSpec]]]:
        """Return the hooks that make a module a plugin: ``imsearch_annotators, imsearch_recipes = MODEL.hooks()``."""

        @hookimpl
        def imsearch_annotators() -> list[AnnotatorSpec]:
            return self.annotators()

        @hookimpl
        def imsearch_recipes() -> list[RecipeSpec]:
            return self.recipes()

        return imsearch_annotators, imsearch_recipes

    def annotators(self) -> list[AnnotatorSpec]:
        """Return the annotator of the weights in the folder; none before the model is trained."""
        weights, described = self.folder / "weights.safetensors", self.folder / "weights.json"
        if not described.exists():
            return []
        summary = json.loads(described.read_text(encoding="utf-8"))
        return [
            AnnotatorSpec(
                name=self.name,
                # Different weights return different tags: the version follows the file.
                version=f"{summary['version']}+{summary['sha256'][:8]}",
                factory=partial(self._build, weights, summary["sha256"]),
                description=self.description,
                vocabulary=tuple(summary["vocabulary"]),
                vector_length=summary["vector_length"],
                input_size=summary["input_size"],
                threshold=summary["threshold"],
                thresholds=summary["thresholds"],
                inputs=self.inputs,
                license=self.license,
                weights_license=self.weights_license,
                weights_sha256=summary["sha256"],
                default=False,
            )
        ]

    def recipes(self) -> list[RecipeSpec]:
        """Return the training recipe."""
        return [RecipeSpec(self.name, self._train, self.recipe, self.datasets, self._build_from, self._version)]

    def _build(self, weights: Path, sha256: str | None, device: str) -> Annotator:
        annotator: Annotator = _load(self.annotator)(weights, sha256, device)
        return annotator

    def _build_from(self, weights: Path, device: str) -> Annotator:
        return self._build(weights, None, device)

    def _version(self) -> str:
        return str(_load(self.annotator).version)

    def _train(self, run: Run) -> Path:
        weights: Path = _load(self.train)(run)
        return weights


def _load(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
