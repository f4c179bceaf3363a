"""Datasets: pictures with labels, read from what researchers have on disk.

``--dataset KIND:PATH`` names one.  A new kind is one function from a path to samples, entered in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from imsearch.errors import DatasetError
from imsearch.training.data.object_sets import read_coco, read_voc
from imsearch.training.data.rated_sets import RATINGS, read_ratings
from imsearch.training.data.readers import (
    TEACHER,
    json_lines,
    read_csv,
    read_emotions,
    read_folders,
    read_json_lines,
    vocabulary_of,
)
from imsearch.training.data.samples import Dataset, Sample, hold_out, label_matrix
from imsearch.training.data.scene_sets import read_scenes, read_stuff

__all__ = [
    "LIBRARY",
    "READERS",
    "TEACHER",
    "VOCABULARY",
    "Dataset",
    "Sample",
    "hold_out",
    "json_lines",
    "label_matrix",
    "load_dataset",
    "read_coco",
    "read_csv",
    "read_emotions",
    "read_folders",
    "read_json_lines",
    "read_ratings",
    "read_scenes",
    "read_stuff",
    "read_voc",
]

LIBRARY = "library"
"""The kind of what a user said of a library's pictures; the command line opens it, since libraries are above here."""
VOCABULARY = "vocabulary.txt"
"""A file of this name beside the labels lists all that may be used, one a line."""

READERS: dict[str, Callable[[Path], list[Sample]]] = {
    "corel5k": read_json_lines,
    "flickr8k": read_json_lines,
    "coco": partial(read_json_lines, default_split="train2017"),
    "jsonl": read_json_lines,
    "csv": read_csv,
    "folders": read_folders,
    "coco-json": read_coco,
    "voc": read_voc,
    "sentiment": read_json_lines,
    "emotion": read_emotions,
    RATINGS: read_ratings,
    "scenes": read_scenes,
    "stuff": read_stuff,
}


def load_dataset(spec: str) -> Dataset:
    """Opens ``KIND:PATH``.

    Raises `DatasetError` for an unknown kind, a path that is not there, an empty set, missing pictures, pictures that
    are listed twice, empty labels, and labels outside ``vocabulary.txt`` where the set has one.
    """
    kind, _, path = spec.partition(":")
    if kind not in READERS or not path:
        kinds = ", ".join((*READERS, LIBRARY))
        raise DatasetError(f"--dataset wants KIND:PATH with KIND one of {kinds}; got {spec!r}")
    source = Path(path)
    if not source.exists():
        raise DatasetError(f"The dataset {source} does not exist. Give the path of its folder, or of its list.")
    if not source.is_dir() and kind in ("folders", "voc"):
        raise DatasetError(f"{source} is a file; a dataset of kind {kind} is a folder")
    samples = READERS[kind](source)
    if not samples:
        raise DatasetError(f"{source} holds no samples. Is it really of kind {kind}?")
    vocabulary = _vocabulary(source, samples)
    _refuse_missing(source, samples)
    _refuse_twice(samples)
    distinct = tuple(replace(sample, labels=tuple(dict.fromkeys(sample.labels))) for sample in samples)
    return Dataset(kind, source, distinct, vocabulary)


def _refuse_missing(source: Path, samples: Sequence[Sample]) -> None:
    missing = [sample for sample in samples if not sample.file.is_file()]
    if missing:
        first = missing[0].file
        found = "is not a file" if first.exists() else "is not there"
        raise DatasetError(
            f"{len(missing)} of {len(samples)} pictures of {source} are missing; the first, {first}, {found}"
            f"{_told(missing[0])}. Complete the pictures, or take them out of the list."
        )


def _refuse_twice(samples: Sequence[Sample]) -> None:
    seen: dict[Path, Sample] = {}
    for sample in samples:
        if (first := seen.setdefault(sample.file, sample)) is not sample:
            raise DatasetError(
                f"{sample.file} is listed twice{_told(first, sample)}. Join its labels on one line, or delete one."
            )


def _vocabulary(source: Path, samples: Sequence[Sample]) -> tuple[str, ...]:
    """All labels, sorted: those in use, or those of the vocabulary file."""
    listed = (source if source.is_dir() else source.parent) / VOCABULARY
    known = set(vocabulary_of(listed)) if listed.exists() else None
    used = set()
    for sample in samples:
        for label in sample.labels:
            if not isinstance(label, str) or not label.strip():
                raise DatasetError(
                    f"{sample.file} has the label {label!r}{_told(sample)}. A label is a text that is not empty."
                )
            if known is not None and label not in known:
                raise DatasetError(
                    f"{sample.file} has the label {label!r}{_told(sample)}, which {listed} does not list. "
                    "Correct the label, or add it to that file."
                )
            used.add(label)
    return tuple(sorted(used if known is None else known))


def _told(*samples: Sample) -> str:
    """Return the path of the list, in brackets; empty for sets without a list."""
    places = [sample.place for sample in samples if sample.place]
    return f" ({' and '.join(places)})" if places else ""
