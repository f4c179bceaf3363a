"""Readers of lists and folders: JSON lines, CSV, one folder for each label.

A reader is a function from the path of a set to its samples.  It raises `DatasetError` for what it cannot understand,
naming file and line; what holds for every set (missing pictures, empty labels) is checked by `load_dataset`.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from imsearch.errors import DatasetError
from imsearch.pictures.picture import SUFFIXES
from imsearch.training.data.samples import Sample

TEACHER = "objects_teacher.jsonl"
TEXT_TAGS = "text_tags"
"""The field of what people wrote about a picture, or what stands in for it."""
SPLITS = frozenset(("train", "training", "val", "valid", "validation", "dev", "test", "testing"))
"""Folders of these names hold the folders of labels of one part of a set."""
_PART = {"training": "train", "valid": "val", "testing": "test"}


def text_of(path: Path) -> str:
    """The text of a UTF-8 file, with or without a byte order mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing. Is {path.parent} a set of this kind?") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}. It has to be text in UTF-8.") from error


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file; `DatasetError` names the line that is not one."""
    lines = text_of(path).split("\n")  # and not splitlines(): strings may hold other separators
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{path}, line {number} is not a JSON object")
        yield row


def read_json_lines(path: Path, default_split: str = "") -> list[Sample]:
    """Samples of a ``.jsonl`` file, or of ``labels.jsonl`` in a folder: ``file`` and ``labels``, perhaps ``split``.

    Files are relative to the folder.  Other fields become `Sample.extra`; a teacher's file beside it `Sample.soft`.
    """
    listing = path / "labels.jsonl" if path.is_dir() else path
    folder = listing.parent
    soft = _teacher(folder / TEACHER)
    samples = []
    for number, row in enumerate(json_lines(listing), 1):
        file, labels, split = row.pop("file", None), row.pop("labels", None), row.pop("split", None)
        place = f"{listing}, line {number}"
        if not isinstance(file, str) or not isinstance(labels, list):
            raise DatasetError(f'{place} needs a "file" and a list of "labels"')
        split = default_split if split is None else str(split)
        samples.append(Sample(folder / file, tuple(labels), split, soft.get(file), row, place))
    return samples


def _teacher(path: Path) -> dict[str, Mapping[str, float]]:
    found: dict[str, Mapping[str, float]] = {}
    for number, row in enumerate(json_lines(path) if path.exists() else (), 1):
        file, objects = row.get("file"), row.get("objects")
        if not isinstance(file, str) or not isinstance(objects, dict):
            raise DatasetError(f'{path}, line {number} needs a "file" and "objects" with their probabilities')
        found[file] = objects
    return found


def read_emotions(path: Path) -> list[Sample]:
    """Samples labelled by the ``emotions`` of each line; its nouns (``labels``) stay in `Sample.extra` as ``nouns``."""
    samples = []
    for sample in read_json_lines(path):
        emotions = sample.extra.get("emotions")
        if not isinstance(emotions, list):
            raise DatasetError(f'{sample.place}: {sample.file.name} needs a list of "emotions"')
        samples.append(replace(sample, labels=tuple(emotions), extra={**sample.extra, "nouns": sample.labels}))
    return samples


def read_csv(path: Path) -> list[Sample]:
    """Samples of a ``.csv`` file, or of ``labels.csv`` in a folder.

    The first line names the columns: ``file``, ``labels`` (several separated by ``;`` or ``|``), perhaps ``split``;
    others become `Sample.extra`.  Tags in a column ``text_tags`` are separated as labels are.  An empty cell means a
    picture without labels.
    """
    listing = path / "labels.csv" if path.is_dir() else path
    rows = csv.DictReader(StringIO(text_of(listing)), strict=True)
    samples = []
    try:
        missing = [name for name in ("file", "labels") if name not in (rows.fieldnames or ())]
        if missing:
            raise DatasetError(f"{listing}, line 1 has to name the columns file and labels; {missing[0]} is not there")
        for row in rows:
            place = f"{listing}, line {rows.line_num}"
            if None in row or None in row.values() or not row["file"].strip():
                raise DatasetError(
                    f"{place} needs a file and {len(rows.fieldnames or ())} columns. Texts with commas go in quotes."
                )
            file, split = row.pop("file").strip(), row.pop("split", "").strip()
            labels = _separated(row.pop("labels"))
            extra: dict[str, Any] = {**row, TEXT_TAGS: _separated(row[TEXT_TAGS])} if TEXT_TAGS in row else dict(row)
            samples.append(Sample(listing.parent / file, labels, split, None, extra, place))
    except csv.Error as error:
        raise DatasetError(f"{listing} is not CSV after line {rows.line_num}: {error}") from error
    return samples


def _separated(cell: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in cell.replace("|", ";").split(";")) if cell.strip() else ()


def read_folders(path: Path) -> list[Sample]:
    """Samples of a tree with one folder for each label, perhaps with ``train/``, ``val/`` or ``test/`` above.

    A picture has the one label whose folder, or folder's folder, it lies in.  A folder of one of these names that holds
    pictures and no folders is a label as any other: trains are pictures, too.
    """
    parts = _folders(path)
    if not parts:
        raise DatasetError(f"{path} holds no folders. This kind of set has one folder of pictures for each label.")
    named = [part for part in parts if part.name.lower() in SPLITS and _folders(part)]
    if not named:
        return _labelled(path, "")
    others = [part for part in parts if part not in named]
    if other := next((part for part in others if any(map(_is_picture, part.rglob("*")))), None):
        raise DatasetError(
            f"{path} holds both parts ({named[0].name}) and labels ({other.name}); keep one of the two. If "
            f"{named[0].name} is a label, let its pictures lie in it without folders of their own"
        )
    return [
        sample
        for part in named
        for sample in _labelled(part, _PART.get(part.name.lower(), part.name.lower()))
    ]  # fmt: skip


def _labelled(folder: Path, split: str) -> list[Sample]:
    if stray := next((file for file in sorted(folder.iterdir()) if _is_picture(file)), None):
        raise DatasetError(f"{stray} lies in no label's folder; move it into one, or away")
    return [
        Sample(file, (label.name,), split)
        for label in _folders(folder)
        for file in sorted(label.rglob("*"))
        if _is_picture(file)
    ]


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def vocabulary_of(path: Path) -> Iterable[str]:
    """The labels that a set may use, one a line of a text file."""
    return dict.fromkeys(line.strip() for line in text_of(path).splitlines() if line.strip())
