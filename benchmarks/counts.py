"""How well numbers in queries find: "two dogs", "one person", "group of people"; and learning to count anew.

    python -m benchmarks.counts --data DATA [--coco] [--library FOLDER] [--learn counts.npz]

Asked are pictures of Flickr8k's dev split (or the captioned ones of coco_mini) through the program's own search.  A
picture is right when most of its captions, and two at least, agree on the number; it is not judged when they do not
agree.  Columns: average precision without the number in the query and with it, among all judged pictures; then among
those with any of the thing, with what chance would have; then the pictures that are listed by default, and precision
and recall of that list.  ``--library`` keeps the indexed pictures for the next time.
``--learn`` learns from the train split instead, and judges nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.caption_counts import DOGS, MANY, PEOPLE, Thing, count_of
from imsearch.annotator import CountHead
from imsearch.cli.output import make_table, print_table
from imsearch.library import Library
from imsearch.plugins.everyday.counts import write_heads
from imsearch.settings import load_settings
from imsearch.training.data.datasets import Sample, load_dataset
from imsearch.training.metrics import ranked_average_precision

Floats = NDArray[np.float32]
QUERIES: Sequence[tuple[str, str, Thing, int]] = (
    ("one person", "person", PEOPLE, 1),
    ("two people", "people", PEOPLE, 2),
    ("couple", "people", PEOPLE, 2),
    ("three people", "people", PEOPLE, MANY),
    ("group of people", "people", PEOPLE, MANY),
    ("crowd", "people", PEOPLE, MANY),
    ("one dog", "dog", DOGS, 1),
    ("2 dogs", "dogs", DOGS, 2),
    ("several dogs", "dogs", DOGS, MANY),
)
"""What is typed, the same without the number, what is counted, and how many."""
_EPOCHS, _BATCH, _RATE, _DECAY, _DROPOUT = 12, 256, 2e-3, 0.5, 0.5


@contextmanager
def indexed(samples: Sequence[Sample], folder: Path | None) -> Iterator[Library]:
    """A library of these pictures as `everyday` sees them."""
    with tempfile.TemporaryDirectory(prefix="imsearch-") as temporary:
        settings = load_settings({"library": folder or Path(temporary) / "library", "annotators": ("everyday",)})
        with Library.open(settings=settings, write=True, create=True) as library:
            library.runs.index([sample.file for sample in samples], ["everyday"])
            yield library


def images_of(library: Library, samples: Sequence[Sample]) -> list[int]:
    """Their ids in the library."""
    found = library.facts.identify(str(sample.file) for sample in samples)
    return [found[str(sample.file)] or 0 for sample in samples]


def judge(library: Library, samples: Sequence[Sample]) -> None:
    """Print the average precision of each query with its number and without, and how right its list is."""
    images = images_of(library, samples)
    table = make_table("query", ">right", ">without", ">with", ">chance", ">without", ">with", ">listed", ">P", ">R")
    for typed, without, thing, number in QUERIES:
        counts = [count_of(sample.extra["captions"], thing) for sample in samples]
        truth = {image: count for image, count in zip(images, counts, strict=True) if count is not None}
        some = {image: count for image, count in truth.items() if count}
        orders = [library.search.found_ids(text, min_score=0) for text in (without, typed)]
        all_, few = ([average_precision(order, judged, number) for order in orders] for judged in (truth, some))
        right = sum(count == number for count in truth.values())
        listed = [image for image in library.search.found_ids(typed) if image in truth]
        hits = sum(truth[image] == number for image in listed)
        figures = (*all_, right / max(len(some), 1), *few)
        precision, recall = hits / max(len(listed), 1), hits / max(right, 1)
        cells = [f"{figure:.3f}" for figure in figures]
        table.add_row(typed, str(right), *cells, str(len(listed)), f"{precision:.2f}", f"{recall:.2f}")
    print_table(table)


def average_precision(order: Sequence[int], truth: dict[int, int], number: int) -> float:
    """AP of the judged pictures in the order of a result; those not found come last, as they are."""
    found = set(order)
    ranked = [image for image in (*order, *(each for each in truth if each not in found)) if image in truth]
    return ranked_average_precision(np.array([truth[image] == number for image in ranked]))


def learn(vectors: Floats, counts: Sequence[int | None]) -> CountHead:
    """Learn to tell one, two, and three or more from vectors ``(n, length)``; None is not learned from.

    One logistic regression for each number against all other pictures, those without the thing included.
    """
    torch.manual_seed(0)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    known = np.array([count is not None for count in counts])
    truth = np.array([[count == number for number in (1, 2, MANY)] for count in counts], np.float32)[known]
    mean, spread = unit[known].mean(axis=0), unit[known].std(axis=0) + 1e-6
    inputs, targets = torch.from_numpy((unit[known] - mean) / spread), torch.from_numpy(truth)
    layer = torch.nn.Linear(inputs.shape[1], 3)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.logit(targets.mean(dim=0)))
    network = torch.nn.Sequential(torch.nn.Dropout(_DROPOUT), layer)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(inputs) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(inputs)).split(_BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            logits = network(inputs[batch])
            torch.nn.functional.binary_cross_entropy_with_logits(logits, targets[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    weights = layer.weight.detach().numpy() / spread
    return CountHead(weights, layer.bias.detach().numpy() - weights @ mean)


def learn_all(vectors: Floats, captions: Sequence[Sequence[str]]) -> dict[str, CountHead]:
    """What counts people and dogs, learned from captioned pictures."""
    return {thing.tag: learn(vectors, [count_of(said, thing) for said in captions]) for thing in (PEOPLE, DOGS)}


@click.command(help=__doc__)
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--coco", is_flag=True)
@click.option("--library", "folder", type=click.Path(path_type=Path))
@click.option("--learn", "target", type=click.Path(path_type=Path, dir_okay=False))
def main(data: Path, coco: bool, folder: Path | None, target: Path | None) -> None:
    """Judge, or learn."""
    dataset = load_dataset(f"coco:{data / 'coco_mini'}" if coco else f"flickr8k:{data / 'flickr8k_224'}")
    split = "train" if target else "dev"
    samples = [each for each in dataset.samples if each.extra.get("captions") and (coco or each.split == split)]
    with indexed(samples, folder) as library:
        if target is None:
            judge(library, samples)
            return
        vectors = library.search.vectors("everyday", images_of(library, samples))
        rows = np.stack([vectors[image] for image in images_of(library, samples)]).astype(np.float32)
        write_heads(learn_all(rows, [each.extra["captions"] for each in samples]), target)


if __name__ == "__main__":
    main()
