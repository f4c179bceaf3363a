"""Knowing a training again: on what, and how, a run was begun, kept in its folder as ``run.json``.

A run goes on, or gives back what it finished, only for the same pictures, labels, splits, recipe and settings.  Where
the pictures lie, in which order they are listed, and on which device they are learned from does not matter.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imsearch.errors import ModelError
from imsearch.languages.counting import count
from imsearch.training.contents import content_hashes, short_hash
from imsearch.training.data.samples import Dataset, Sample

FILE = "run.json"
_WORTH_KEEPING = ("checkpoint.pt", "weights.safetensors")
_MADE = (
    *_WORTH_KEEPING,
    FILE,
    "weights.json",
    "report.json",
    "history.json",
    "loss.png",
    "result.png",
    "prf.png",
    "scores.png",
)
_PARTS = (
    "picture with other contents",
    "picture with other labels",
    "picture of another split",
    "picture with other fields",
)
"""Meanings of the members of a picture's entry, in the order of `_entry`."""

Identity = dict[str, Any]
"""The members: recipe, version, seed, settings, datasets."""


def describe(dataset: Dataset) -> dict[str, Any]:
    """A dataset in an identity: for each picture short hashes of its contents, labels, split and other fields.

    Pictures are named relative to the dataset's folder.
    """
    base = dataset.folder if dataset.folder.is_dir() else dataset.folder.parent
    hashes = content_hashes([sample.file for sample in dataset.samples])
    pictures = {
        os.path.relpath(sample.file, base): _entry(sample, content)
        for sample, content in zip(dataset.samples, hashes, strict=True)
    }
    return {
        "kind": dataset.kind,
        "folder": str(dataset.folder),
        "vocabulary": short_hash(*dataset.labels),
        "pictures": dict(sorted(pictures.items())),
    }


def _entry(sample: Sample, content: str) -> list[str]:
    soft = None if sample.soft is None else sorted(sample.soft.items())
    fields = json.dumps([soft, dict(sample.extra)], sort_keys=True, default=list)
    return [content[:16], short_hash(*sorted(sample.labels)), short_hash(sample.split), short_hash(fields)]


def refuse_other(folder: Path, now: Identity, settings: bool = True) -> None:
    """Raises `ModelError` when the folder holds another run than `now`, or one that does not say what it learned from.

    Without `settings` these are not compared: before a recipe begins they are not known.
    """
    if not any((folder / name).exists() for name in _WORTH_KEEPING):
        return
    before = _read(folder / FILE)
    advice = "Choose another folder (--output), or start over in this one with --fresh, which deletes what it holds."
    if before is None:
        raise ModelError(
            f"The folder {folder} holds a run that does not say which pictures and labels it learned from: it was "
            f"begun by an older version of imsearch, or its {FILE} was deleted or damaged. {advice}"
        )
    if not settings:
        before["settings"] = now["settings"]
    if changes := _changes(before, now):
        raise ModelError(f"The run in {folder} was begun otherwise ({'; '.join(changes)}). {advice}")


def begin(folder: Path, now: Identity, fresh: bool = False) -> None:
    """Notes what a run is begun with; before that a `fresh` one deletes what an earlier one left in the folder.

    Raises `ModelError` as `refuse_other` for a run that is not fresh.
    """
    if fresh:
        for name in _MADE:
            (folder / name).unlink(missing_ok=True)
    else:
        refuse_other(folder, now)
    keep(folder, now)


def keep(folder: Path, now: Identity) -> None:
    """Writes ``run.json``, whole or not at all."""
    partial = folder / f"{FILE}.partial"
    partial.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / FILE)


def _read(path: Path) -> Identity | None:
    """Return the identity in a file; None if it is missing or unusable."""
    try:
        found: Identity = json.loads(path.read_text(encoding="utf-8"))
        entries = [entry for each in found["datasets"] for entry in each["pictures"].values()]
        known = {"recipe", "version", "seed"} <= found.keys() and isinstance(found["settings"], dict)
        known = known and all({"kind", "vocabulary"} <= each.keys() for each in found["datasets"])
        return (
            found if known and all(isinstance(entry, list) and len(entry) == len(_PARTS) for entry in entries) else None
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _changes(before: Identity, now: Identity) -> list[str]:
    """Return the differences, in words."""
    told = [
        f"{what} {_named(before[what])}, now {_named(now[what])}"
        for what in ("recipe", "version", "seed")
        if before[what] != now[what]
    ]
    told += _changed_settings(before["settings"], now["settings"])
    kinds, new_kinds = ([each["kind"] for each in several["datasets"]] for several in (before, now))
    if kinds != new_kinds:
        listed = [", ".join(several) or "none" for several in (kinds, new_kinds)]
        return [*told, f"datasets of kind {listed[0]}, now {listed[1]}"]
    for old, new in zip(before["datasets"], now["datasets"], strict=True):
        told += _changed_dataset(old, new)
    return told


def _named(value: object) -> str:
    return str(value) if value != "" else "(none)"


def _changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [f"{name} {before.get(name, '(none)')}, now {now.get(name, '(none)')}" for name in names]


def _changed_dataset(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = before["pictures"], now["pictures"]
    both = [(old[name], new[name]) for name in old.keys() & new.keys()]
    found = {what: sum(a[place] != b[place] for a, b in both) for place, what in enumerate(_PARTS)}
    told = [_several(number, what) for what, number in found.items() if number]
    for number, what in ((len(new.keys() - old.keys()), "more"), (len(old.keys() - new.keys()), "fewer")):
        if number:
            told.append(f"{number:,} {what}")
    if not told and before["vocabulary"] != now["vocabulary"]:
        told = ["another vocabulary"]
    return [f"the dataset {now['kind']}:{now['folder']} has changed: {', '.join(told)}"] if told else []


def _several(number: int, what: str) -> str:
    """``1 picture with other labels``, ``2 pictures with other labels``."""
    noun, _, rest = what.partition(" ")
    return f"{count(number, noun)} {rest}"
