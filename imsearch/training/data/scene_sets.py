"""Readers of sets that judge some words of each picture only: scenes (one word a picture) and stuff (sky, grass, wall).

`Sample.judged` names the words that a picture is judged by: a kitchen of one set says nothing about the words of
another, and of a picture with all its stuff labelled some words stay open all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.readers import read_json_lines
from imsearch.training.data.samples import Sample

STUFF = (
    "sky", "tree", "grass", "water", "sea", "road", "sidewalk", "building", "wall", "floor", "mountain", "snow", "sand",
    "field", "plant", "bridge", "fence", "ceiling", "rock", "window", "table", "door", "dirt",
)  # fmt: skip
"""The stuff words that figures are given for."""
SEEN = ("sky", "tree", "grass", "water", "road", "building", "mountain", "snow", "sand", "rock")
"""Those of them that the field ``stuff_seen`` is complete for."""
OPEN_STUFF: dict[str, tuple[str, ...]] = {
    "field": ("grass", "dirt"),
    "plant": ("tree", "grass", "flower"),
    "house": ("building",),
    "flag": (),
}
"""A tag -> the tags beside which COCO-Stuff's merged names leave it open, if it is not named; none: always.

A meadow is grass to them, and grass is where plants go; a banner may be a flag."""
_FROM_OBJECTS = {"dining table": "table", "potted plant": "plant"}


def read_scenes(path: Path) -> list[Sample]:
    """Samples of ``labels.jsonl``, each judged by the labels of its own ``set``.

    Raises `DatasetError` for a line without the field ``set``.
    """
    samples = read_json_lines(path)
    words: dict[str, set[str]] = {}
    for sample in samples:
        if not isinstance(sample.extra.get("set"), str):
            raise DatasetError(f'{sample.place} needs the name of its "set": a picture is judged by the words of that')
        words.setdefault(sample.extra["set"], set()).update(sample.labels)
    return [replace(sample, judged=tuple(sorted(words[sample.extra["set"]]))) for sample in samples]


def read_stuff(path: Path) -> list[Sample]:
    """The pictures of a set whose stuff is labelled in full, labelled and judged by the words of `STUFF`.

    These are the lines with COCO-Stuff's merged names as ``stuff_labels``, those with ``stuff_seen``, and those that
    are ``complete`` and name stuff (per-pixel sets).
    """
    names = Lexicon.load().labels("stuff")
    samples = read_json_lines(path, default_split="train2017")
    found = [judged for sample in samples if (judged := _stuff_of(sample, names, samples)) is not None]
    if not found:
        raise DatasetError(f'{path} has no picture with "stuff_labels", "stuff_seen", or "complete" labels of stuff')
    return found


def _stuff_of(sample: Sample, names: dict[str, str], samples: list[Sample]) -> Sample | None:
    extra: Any = sample.extra
    if "stuff_labels" in extra:
        shown = stuff_shown(extra["stuff_labels"], sample.labels, names)
        return _judged(sample, shown, {*names.values(), "plant"} - stuff_open(shown))
    if "stuff_seen" in extra:
        return _judged(sample, set(extra["stuff_seen"]), SEEN)
    if extra.get("complete"):
        own = {label for other in samples if other.extra.get("set") == extra.get("set") for label in other.labels}
        return _judged(sample, set(sample.labels), own) if own & {*STUFF} else None
    return None


def _judged(sample: Sample, shown: set[str], judged: Iterable[str]) -> Sample:
    known = {*judged}
    return replace(
        sample,
        labels=tuple(word for word in STUFF if word in shown),
        judged=tuple(word for word in STUFF if word in known or word in shown),
    )


def stuff_shown(stuff: Iterable[str], objects: Iterable[str], names: dict[str, str]) -> set[str]:
    """The tags of COCO-Stuff's merged names, with the stuff that a narrower name or an object is."""
    shown = {names[name] for name in stuff if name in names}
    shown |= {_FROM_OBJECTS[name] for name in objects if name in _FROM_OBJECTS}
    if "house" in shown:
        shown.add("building")
    if shown & {"sea", "river"}:
        shown.add("water")
    if "flower" in shown:
        shown.add("plant")
    return shown


def stuff_open(shown: set[str]) -> set[str]:
    """Tags that a picture with this stuff says nothing about, although all its stuff is named."""
    return {
        tag
        for tag, beside in OPEN_STUFF.items()
        if tag not in shown and (not beside or not shown.isdisjoint(beside))
    }  # fmt: skip
