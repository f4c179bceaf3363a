"""Datasets: pictures with labels, read from what researchers have on disk.

``--dataset KIND:PATH`` names one.  A new kind is one function from a folder to samples, entered in `READERS`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError

TEACHER = "objects_teacher.jsonl"


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture.

    `soft` holds a teacher's probabilities for labels of another vocabulary (absent: below its cut), or None.
    `extra` is the rest of the line: captions, text tags.
    """

    file: Path
    labels: tuple[str, ...]
    split: str = ""
    soft: Mapping[str, float] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A named list of samples and the sorted vocabulary of its labels (over all splits)."""

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

    def truth(self, labels: Sequence[str] | None = None) -> NDArray[np.bool_]:
        """Boolean array ``(samples, labels)``."""
        return label_matrix([sample.labels for sample in self.samples], self.labels if labels is None else labels)


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


def json_lines(path: Path) -> Iterable[dict[str, Any]]:
    """The objects of a JSON lines file; `DatasetError` names the line that is not one."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}, line {number} is not a JSON object")
        yield row


def read_json_lines(folder: Path, default_split: str = "") -> list[Sample]:
    """Samples of ``labels.jsonl``: ``file`` and ``labels``, perhaps ``split``; a teacher's file beside it."""
    teacher = folder / TEACHER
    soft = {row["file"]: row["objects"] for row in json_lines(teacher)} if teacher.exists() else {}
    samples = []
    for number, row in enumerate(json_lines(folder / "labels.jsonl"), 1):
        file, labels, split = row.pop("file", None), row.pop("labels", None), row.pop("split", default_split)
        if not isinstance(file, str) or not isinstance(labels, list):
            raise DatasetError(f'{folder / "labels.jsonl"}, line {number} needs a "file" and a list of "labels"')
        samples.append(Sample(folder / file, tuple(labels), str(split), soft.get(file), row))
    return samples


def read_emotions(folder: Path) -> list[Sample]:
    """Samples labelled by the ``emotions`` of each line; its nouns (``labels``) stay in `Sample.extra` as ``nouns``."""
    samples = []
    for sample in read_json_lines(folder):
        emotions = sample.extra.get("emotions")
        if not isinstance(emotions, list):
            raise DatasetError(f'{folder / "labels.jsonl"}: {sample.file.name} needs a list of "emotions"')
        extra = {**sample.extra, "nouns": sample.labels}
        samples.append(Sample(sample.file, tuple(emotions), sample.split, sample.soft, extra))
    return samples


READERS: dict[str, Callable[[Path], list[Sample]]] = {
    "corel5k": read_json_lines,
    "flickr8k": read_json_lines,
    "coco": lambda folder: read_json_lines(folder, "train2017"),
    "jsonl": read_json_lines,
    "sentiment": read_json_lines,
    "emotion": read_emotions,
}


def load_dataset(spec: str) -> Dataset:
    """Opens ``KIND:PATH``.

    Raises `DatasetError` for an unknown kind, a missing folder, an empty set, or when none of its pictures is there.
    """
    kind, _, path = spec.partition(":")
    if kind not in READERS or not path:
        raise DatasetError(f"--dataset wants KIND:PATH with KIND one of {', '.join(READERS)}; got {spec!r}")
    folder = Path(path)
    if not folder.is_dir():
        raise DatasetError(f"The dataset folder {folder} does not exist")
    samples = READERS[kind](folder)
    if not samples:
        raise DatasetError(f"{folder} holds no samples")
    missing = [sample.file for sample in samples if not sample.file.exists()]
    if missing:
        raise DatasetError(f"{len(missing)} of {len(samples)} pictures of {folder} are missing, {missing[0]} first")
    return Dataset(kind, folder, tuple(samples), tuple(sorted({label for s in samples for label in s.labels})))
