"""Labelled pictures in memory, wherever they came from; `imsearch.training.data.datasets` reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture.

    `soft` holds a teacher's probabilities for labels of another vocabulary (absent: below its cut), or None.
    `extra` is the rest of what its source says: captions, text tags.  `place` is where that stands, for messages
    (``labels.csv, line 7``).  `judged` are the labels whose absence means something in this picture; None: all.
    """

    file: Path
    labels: tuple[str, ...]
    split: str = ""
    soft: Mapping[str, float] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False, repr=False)
    judged: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Dataset:
    """A named list of samples and the sorted vocabulary of its labels (over all splits).

    `folder` is what was named on the command line: a folder, or a file of labels.
    """

    kind: str
    folder: Path
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]

    def split(self, *names: str) -> Dataset:
        """The samples of these splits, the vocabulary unchanged.  Raises `DatasetError` when there are none."""
        chosen = tuple(sample for sample in self.samples if sample.split in names)
        if not chosen:
            known = ", ".join(sorted({sample.split or "(none)" for sample in self.samples}))
            raise DatasetError(f"{self.folder} has no samples of split {' or '.join(names)}; it has: {known}")
        return self.choose(chosen)

    def choose(self, samples: Iterable[Sample]) -> Dataset:
        """The same dataset with these samples only."""
        return Dataset(self.kind, self.folder, tuple(samples), self.labels)

    def in_order(self) -> Dataset:
        """The same dataset with its samples in the order of their paths, however they were listed."""
        return self.choose(sorted(self.samples, key=lambda sample: sample.file))

    def truth(self, labels: Sequence[str] | None = None) -> NDArray[np.bool_]:
        """Boolean array ``(samples, labels)``."""
        return label_matrix([sample.labels for sample in self.samples], self.labels if labels is None else labels)

    def judged(self, labels: Sequence[str] | None = None) -> NDArray[np.bool_]:
        """Boolean array ``(samples, labels)``: the labels that each sample is judged by, there or not."""
        chosen = self.labels if labels is None else labels
        rows = [chosen if each.judged is None else (*each.judged, *each.labels) for each in self.samples]
        return label_matrix(rows, chosen)


def label_matrix(rows: Sequence[Iterable[str]], labels: Sequence[str]) -> NDArray[np.bool_]:
    """Boolean array ``(rows, labels)``; labels outside the vocabulary are left out."""
    column = {label: index for index, label in enumerate(labels)}
    truth = np.zeros((len(rows), len(labels)), dtype=bool)
    for index, row in enumerate(rows):
        truth[index, [column[label] for label in row if label in column]] = True
    return truth


def hold_out(samples: Sequence[Sample], one_in: int) -> tuple[list[Sample], list[Sample]]:
    """Splits off about one sample in `one_in`, by the hash of the file's name: the same ones everywhere, always."""
    kept: list[Sample] = []
    held: list[Sample] = []
    for sample in samples:
        digest = hashlib.sha256(sample.file.name.encode()).digest()
        (held if int.from_bytes(digest[:8], "big") % one_in == 0 else kept).append(sample)
    return kept, held
