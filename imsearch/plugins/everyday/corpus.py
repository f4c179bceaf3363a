"""The pictures of all datasets in one row order, and each one's targets for each head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.network import IMAGENET
from imsearch.training.data.datasets import Dataset, Sample, hold_out
from imsearch.training.run import Run

LABELLED = ("corel5k", "flickr8k", "coco")
HELD_ONE_IN = {"corel5k": 20, "coco": 4}
_HELD_ELSEWHERE = 5
"""One picture in this many is held out if the dataset has no dev split of its own; test splits are never touched.

Held-out pictures of datasets without a head of their own are used for no choice here, so that ``imsearch evaluate`` can
use them (``--split dev`` or ``--held-out 5``).
"""
_REPEATS = {"coco": 3}
"""True object labels are few: they are repeated."""
_TEACHER_WEIGHT = {"corel5k": 0.3}
"""The teacher is weaker on the small pictures of corel5k; elsewhere its weight is one half."""
_CUT_VALUE = 0.01
"""The target for objects under the teacher's cut-off of .03, which its files leave out."""


@dataclass
class Corpus:
    """Rows are pictures.

    rows: the dataset and the sample of each.
    parts: the files of each dataset, in row order.
    labels: the labels of each head.
    targets: for each head a float16 array ``(rows, labels)`` in 0 to 1; for ``imagenet`` set by the recipe.
    weights: for each head float32 ``(rows,)``; 0 for a picture without a target.
    train: the training rows.  tuning: those of them that train the tuned stages.
    repeats: how often each row occurs in an epoch of tuning.
    held: for each labelled head the held-out rows, whose targets are true labels.
    """

    rows: list[tuple[Dataset, Sample]]
    parts: list[list[Path]]
    labels: dict[str, tuple[str, ...]]
    targets: dict[str, NDArray[np.floating]]
    weights: dict[str, NDArray[np.float32]]
    train: NDArray[np.intp]
    tuning: NDArray[np.intp]
    repeats: NDArray[np.intp]
    held: dict[str, NDArray[np.intp]]
    sizes: dict[str, int]

    def all_held(self) -> NDArray[np.intp]:
        """All rows held out for a labelled head, in order."""
        return np.unique(np.concatenate(list(self.held.values())))

    @property
    def files(self) -> list[Path]:
        """The file of every row."""
        return [file for part in self.parts for file in part]


def uses(dataset: Dataset) -> dict[Path, str]:
    """Return the use of each picture, ``train`` or ``held``; unused ones are left out."""
    kind = dataset.kind
    open_samples = [s for s in dataset.samples if s.split not in ("test", "dev")]
    held = [s for s in dataset.samples if s.split == "dev"]
    if kind == "flickr8k":
        kept = [s for s in open_samples if s.split == "train"]
    elif held and kind not in HELD_ONE_IN:
        kept = open_samples
    else:
        kept, held = hold_out(open_samples, HELD_ONE_IN.get(kind, _HELD_ELSEWHERE))
    return {**{sample.file: "train" for sample in kept}, **{sample.file: "held" for sample in held}}


def gather(run: Run, lexicon: Lexicon) -> Corpus:
    """Build the corpus of a run.  Raises `DatasetError` when a labelled dataset is missing or has other labels."""
    for kind in LABELLED:
        run.dataset(kind)
    labels = {kind: tuple(lexicon.labels(kind)) for kind in (*LABELLED, IMAGENET)}
    rows = [(dataset, sample) for dataset in run.datasets for sample in dataset.samples]
    count = len(rows)
    targets: dict[str, NDArray[np.floating]] = {
        name: np.zeros((count, len(labels[name])), dtype=np.float16) for name in LABELLED
    }
    weights = {name: np.zeros(count, dtype=np.float32) for name in LABELLED}
    weights[IMAGENET] = np.ones(count, dtype=np.float32)
    purposes = {file: use for dataset in run.datasets for file, use in uses(dataset).items()}
    column = {name: {label: index for index, label in enumerate(labels[name])} for name in LABELLED}
    for row, (dataset, sample) in enumerate(rows):
        if dataset.kind in LABELLED:
            _check_known(dataset, sample, column[dataset.kind])
            targets[dataset.kind][row, [column[dataset.kind][label] for label in sample.labels]] = 1
            weights[dataset.kind][row] = 1
        if dataset.kind != "coco" and sample.soft is not None:
            targets["coco"][row] = _CUT_VALUE
            targets["coco"][row, [column["coco"][label] for label in sample.soft]] = list(sample.soft.values())
            weights["coco"][row] = _TEACHER_WEIGHT.get(dataset.kind, 0.5)
    use_of = np.array([purposes.get(sample.file, "") for _, sample in rows])
    kinds = np.array([dataset.kind for dataset, _ in rows])
    held = {name: np.flatnonzero((use_of == "held") & (kinds == name)) for name in LABELLED}
    for name, chosen in held.items():
        if not len(chosen):
            raise DatasetError(f"The dataset {run.dataset(name).folder} is too small: nothing of it is held back")
    train = np.flatnonzero(use_of == "train")
    taught = sum(weights[name][train] for name in LABELLED) > 0
    return Corpus(
        rows,
        [[sample.file for sample in dataset.samples] for dataset in run.datasets],
        labels,
        targets,
        weights,
        train,
        train[taught],
        np.array([_REPEATS.get(kind, 1) for kind in kinds], dtype=np.intp),
        held,
        {f"{dataset.kind}:{dataset.folder.name}": len(dataset.samples) for dataset in run.datasets},
    )


def _check_known(dataset: Dataset, sample: Sample, known: dict[str, int]) -> None:
    unknown = [label for label in sample.labels if label not in known]
    if unknown:
        raise DatasetError(
            f"{dataset.folder} labels {sample.file.name} with {unknown[0]!r}, which the lexicon does not list "
            f"for {dataset.kind}. Is it another dataset, or does the lexicon need building again?"
        )
