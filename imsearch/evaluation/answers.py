"""Predictions of an annotator, computed once per picture and kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Sample
from imsearch.training.evaluate import prepared_batches

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """The tags of some pictures as returned by the annotator of `spec`: file -> tag -> probability."""

    spec: AnnotatorSpec
    tags: Mapping[Path, Mapping[str, float]]

    def probabilities(self, files: Sequence[Path], tags: Sequence[str]) -> Floats:
        """Return probabilities ``(files, tags)``, 0 for a tag that was not returned.

        Raises KeyError for other files.
        """
        rows = [[self.tags[file].get(tag, 0.0) for tag in tags] for file in files]
        return np.array(rows, dtype=np.float32).reshape(len(files), len(tags))

    def shown(self, files: Sequence[Path], tags: Sequence[str]) -> Bools:
        """Return booleans ``(files, tags)``: True for a probability at or above the tag's confidence threshold."""
        shown = [self.shown_tags(file) for file in files]
        rows = [[tag in each for tag in tags] for each in shown]
        return np.array(rows, dtype=bool).reshape(len(files), len(tags))

    def shown_tags(self, file: Path) -> dict[str, float]:
        """Return the shown tags of a picture with their probabilities, the likeliest first."""
        said = sorted(self.tags[file].items(), key=lambda item: -item[1])
        return {tag: probability for tag, probability in said if self.spec.shows(tag, probability)}


def ask(
    spec: AnnotatorSpec,
    annotator: Annotator,
    samples: Sequence[Sample],
    progress: Callable[[int], None] = lambda count: None,
) -> Answers:
    """Run the annotator once on every distinct picture of `samples`; `progress` is called with each batch's size.

    Raises `DatasetError` for a picture that cannot be read.
    """
    distinct = list({sample.file: sample for sample in samples}.values())
    found: dict[Path, Mapping[str, float]] = {}
    for batch in prepared_batches(spec, annotator, distinct):
        for annotation in annotator.annotate(batch):
            found[distinct[len(found)].file] = {tag.name: float(tag.probability) for tag in annotation.tags}
        progress(len(batch))
    return Answers(spec, found)
