"""The pictures of all datasets of a run in one row order, and what each of them teaches.

A network has one output for each label of each dataset; a picture teaches only the outputs of its own dataset, because
the others' labels were never looked for in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.training.checkpoint import head_slices
from imsearch.training.data.datasets import Dataset, Sample, hold_out
from imsearch.training.run import Run

TEST = ("test",)
DEVELOPMENT = ("dev", "val", "validation")
TEACHER_HEAD = "coco"
_LARGE = 4000
_CUT_VALUE = 0.01
"""For labels under the teacher's cut, which its files leave out."""


@dataclass
class Corpus:
    """Rows are pictures, columns are labels: those of each head one after another.

    parts: the datasets, in row order.
    heads: the labels of each head; every one is true of a picture to learn from.
    targets: float32 ``(rows, columns)`` in 0 to 1.
    mask: float32 ``(rows, columns)``; how much a target counts, 0 where nothing is known.
    train, held: the rows to learn from, and those held back for choices and calibration.
    """

    parts: list[Dataset]
    heads: dict[str, tuple[str, ...]]
    targets: NDArray[np.float32]
    mask: NDArray[np.float32]
    train: NDArray[np.intp]
    held: NDArray[np.intp]

    @property
    def samples(self) -> list[Sample]:
        """One for each row."""
        return [sample for part in self.parts for sample in part.samples]

    @property
    def files(self) -> list[Path]:
        """One for each row."""
        return [sample.file for sample in self.samples]

    @property
    def slices(self) -> dict[str, slice]:
        """Each head's columns."""
        return head_slices(self.heads)

    @property
    def frequency(self) -> NDArray[np.float32]:
        """The share of pictures to learn from that have each label, among those that could: ``(columns,)``."""
        mask = self.mask[self.train] > 0
        positive = ((self.targets[self.train] >= 0.5) & mask).sum(axis=0)
        return np.asarray(positive / np.maximum(mask.sum(axis=0), 1), dtype=np.float32)

    def judged(self, head: str, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The positions in `rows` of pictures with true labels of this head, and their truth ``(them, labels)``.

        What is not known of such a picture counts as absent; `known` tells what is.
        """
        columns = self.slices[head]
        places = np.flatnonzero((self.mask[rows, columns] >= 1).any(axis=1))
        return places, self.targets[rows[places], columns] >= 0.5

    def known(self, head: str, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Of which labels of this head it is known if they are true of these rows: ``(rows, labels)``."""
        return np.asarray(self.mask[rows, self.slices[head]] >= 1)

    def asked(self, head: str, rows: NDArray[np.intp], scores: NDArray[np.floating]) -> NDArray[np.floating]:
        """Scores ``(rows, labels)`` with those of what is not known below all others, so that no ranking counts it."""
        return np.where(self.known(head, rows), scores, scores.min(initial=0) - 1)

    @property
    def data(self) -> dict[str, int]:
        """For the checkpoint: the pictures of each dataset that were learned from."""
        starts = np.cumsum([0, *(len(part.samples) for part in self.parts)])
        counts = np.histogram(self.train, starts)[0]
        return {f"{p.kind}:{p.folder.name}": int(n) for p, n in zip(self.parts, counts, strict=True)}


def gather(
    run: Run, held_one_in: int | Mapping[str, int] | None = None, teacher: bool = False, teacher_weight: float = 0.5
) -> Corpus:
    """Builds the corpus of a run from its datasets.

    Held back: the development split where a dataset has one; else one picture in `held_one_in` by the hash of its name
    (by kind, where it is a mapping; default: 20 of 4,000 and more, 5 of fewer).  Test splits are never touched.  With
    `teacher`, a head "coco" learns from the soft labels of all pictures that have them.  Labels that no picture to
    learn from has are left out, with a note.  Raises `DatasetError` when there is nothing to learn from or nothing to
    hold back.
    """
    if not run.datasets:
        raise DatasetError("Nothing to learn from: name a dataset with --dataset KIND:PATH")
    parts = list(run.datasets)
    samples = [(part, sample) for part in parts for sample in part.samples]
    use = np.array([use for part in parts for use in _uses(part, held_one_in)])
    train, held = np.flatnonzero(use == "train"), np.flatnonzero(use == "held")
    heads = _heads(parts, [samples[row] for row in train], teacher, run)
    columns = sum(map(len, heads.values()))
    targets = np.zeros((len(samples), columns), dtype=np.float32)
    mask = np.zeros_like(targets)
    slices = head_slices(heads)
    places = {name: {label: slices[name].start + i for i, label in enumerate(heads[name])} for name in heads}
    for row, (part, sample) in enumerate(samples):
        if teacher and sample.soft is not None and part.kind != TEACHER_HEAD:
            where = places[TEACHER_HEAD]
            targets[row, slices[TEACHER_HEAD]] = _CUT_VALUE
            soft = {where[label]: value for label, value in sample.soft.items() if label in where}
            targets[row, list(soft)] = list(soft.values())
            mask[row, slices[TEACHER_HEAD]] = teacher_weight
        if part.kind in places:
            targets[row, slices[part.kind]] = 0
            column = places[part.kind]
            targets[row, [column[label] for label in sample.labels if label in column]] = 1
            judged = column if sample.judged is None else {*sample.judged, *sample.labels} & column.keys()
            mask[row, [column[label] for label in judged]] = 1
    return Corpus(parts, heads, targets, mask, train, held)


def _uses(part: Dataset, held_one_in: int | Mapping[str, int] | None) -> list[str]:
    """Return the use of each picture: ``train``, ``held`` or, in test splits, an empty string."""
    held = [sample for sample in part.samples if sample.split in DEVELOPMENT]
    kept = [sample for sample in part.samples if sample.split not in (*TEST, *DEVELOPMENT, "unused")]
    if not kept:
        raise DatasetError(f"{part.folder} has no pictures to learn from: all are of the splits test and dev")
    if not held:
        one_in = held_one_in.get(part.kind) if isinstance(held_one_in, Mapping) else held_one_in
        kept, held = hold_out(kept, one_in or (20 if len(kept) >= _LARGE else 5))
    if not kept or not held:
        raise DatasetError(f"{part.folder} is too small: nothing is left to learn from, or to hold back")
    uses = {sample.file: "train" for sample in kept} | {sample.file: "held" for sample in held}
    return [uses.get(sample.file, "") for sample in part.samples]


def _heads(
    parts: Sequence[Dataset], learned: Sequence[tuple[Dataset, Sample]], teacher: bool, run: Run
) -> dict[str, tuple[str, ...]]:
    """The labels of each kind of dataset that occur in the pictures to learn from."""
    seen: dict[str, set[str]] = {part.kind: set() for part in parts if part.labels}
    for part, sample in learned:
        seen.setdefault(part.kind, set()).update(sample.labels)
        if teacher and sample.soft is not None:
            seen.setdefault(TEACHER_HEAD, set()).update(sample.soft)
    for part in parts:
        if idle := [label for label in part.labels if label not in seen[part.kind]]:
            run.reporter.note(
                f"{part.folder}: {len(idle)} labels have no picture to learn from and are left out: "
                + ", ".join(idle[:8])
                + (" ..." if len(idle) > 8 else "")
            )
    heads = {kind: tuple(sorted(labels)) for kind, labels in seen.items() if labels}
    if not heads:
        raise DatasetError("No picture of the datasets has a label to learn")
    return heads


def tag_names(heads: Mapping[str, Sequence[str]], lexicon: Lexicon) -> tuple[str, ...]:
    """The tag that each label of each head is shown as: the lexicon's name for it, or itself in lower case.

    Sets write spaces as underscores (``polar_bear``); nobody would search for those.
    """
    names = []
    for head, labels in heads.items():
        known = lexicon.labels(head) if head in lexicon.heads else {}
        for label in labels:
            plain = label.replace("_", " ")
            names.append(known.get(label) or lexicon.canonical(plain) or lexicon.normalize(plain))
    return tuple(names)
