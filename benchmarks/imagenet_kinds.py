"""How far ImageNet's probabilities can be believed, for single classes and for kinds of many.

    python -m benchmarks.imagenet_kinds --dataset flickr8k:PATH [--dataset corel5k:PATH] [--dataset coco:PATH]

A pair is a picture and a tag that both ImageNet and the dataset know; it is true where the picture has a label that
means the tag or something below it.  Judged on the pictures that everyday's recipe holds back.  Labels are incomplete:
the shares are lower bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from imsearch.cli.output import make_table, print_table
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.corpus import HELD_ONE_IN
from imsearch.plugins.everyday.network import IMAGENET
from imsearch.plugins.everyday.tagging import MANY, make_source
from imsearch.training.data.datasets import Dataset, Sample, hold_out, load_dataset
from imsearch.training.efficientnet_lite import EfficientNetLite, fold_normalization, load_imagenet, to_input
from imsearch.training.features import load_square
from imsearch.training.probabilities import softmax

EDGES = (0.0, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)
SHARPNESS = (1.0, 1.25, 1.45, 1.6)


def held_back(dataset: Dataset) -> list[Sample]:
    """The pictures that training did not see: the dev split, or some of those that are not for testing."""
    dev = [sample for sample in dataset.samples if sample.split == "dev"]
    rest = [sample for sample in dataset.samples if sample.split != "test"]
    return dev or list(hold_out(rest, HELD_ONE_IN[dataset.kind])[1])


def logits_of(files: list[Path], network: EfficientNetLite) -> NDArray[np.float32]:
    """ImageNet logits ``(files, 1000)``."""
    parts = []
    for start in range(0, len(files), 32):
        pixels = np.stack([load_square(file, network.size) for file in files[start : start + 32]])
        with torch.inference_mode():
            parts.append(network(to_input(torch.from_numpy(pixels), torch.device("cpu"))).numpy())
    return np.concatenate(parts)


def truths(samples: Iterable[Sample], kind: str, lexicon: Lexicon) -> dict[str, NDArray[np.bool_]]:
    """For each tag that the dataset's labels mean, or are a kind of, which pictures have it."""
    names = lexicon.labels(kind)
    meant = {label: {names[label], *lexicon.kinds(names[label])} for label in names}
    rows = [set().union(*(meant[label] for label in sample.labels)) for sample in samples]
    return {tag: np.array([tag in row for row in rows]) for tag in set().union(*meant.values())}


@click.command()
@click.option("--dataset", "named", multiple=True, required=True, metavar="KIND:PATH")
def main(named: tuple[str, ...]) -> None:
    """Print the share of true pairs for each range of probability."""
    lexicon, network = Lexicon.load(), load_imagenet()
    fold_normalization(network)
    source = make_source(IMAGENET, list(lexicon.labels(IMAGENET)), lexicon)
    wide = source.members.sum(axis=0) >= MANY
    judged = []
    for dataset in map(load_dataset, named):
        samples = held_back(dataset)
        judged.append((truths(samples, dataset.kind, lexicon), logits_of([s.file for s in samples], network)))
    for title, chosen in (("under 100 classes", ~wide), ("100 and more", wide)):
        table = make_table(title, *(f">sharpness {sharpness:g}" for sharpness in SHARPNESS))
        columns = []
        for sharpness in SHARPNESS:
            values, truth = [], []
            for known, logits in judged:
                mass = softmax(sharpness * logits) @ source.members
                tags = [i for i, tag in enumerate(source.tags) if chosen[i] and tag in known]
                values.append(mass[:, tags].ravel())
                truth.append(np.stack([known[source.tags[i]] for i in tags], axis=1).ravel())
            pairs = np.concatenate(values), np.concatenate(truth)
            columns.append([*shares(*pairs), f"{log_loss(*pairs):.4f}", f"{brier(*pairs):.4f}"])
        ranges = [f"{low:g} to {high:g}" for low, high in pairwise(EDGES)]
        for row in zip((*ranges, "log loss", "Brier score"), *columns, strict=True):
            table.add_row(*row)
        print_table(table)
        click.echo()


def log_loss(values: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """The mean negative log-likelihood."""
    kept = np.clip(values, 1e-4, 1 - 1e-4)
    return float(-np.where(truth, np.log(kept), np.log1p(-kept)).mean())


def brier(values: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    """The mean squared error."""
    return float(np.mean((values - truth) ** 2))


def shares(values: NDArray[np.float32], truth: NDArray[np.bool_]) -> list[str]:
    """The share of true pairs in each range, and how many pairs it is of."""
    place = np.digitize(values, EDGES[1:-1])
    found = []
    for number in range(len(EDGES) - 1):
        inside = truth[place == number]
        found.append(f"{inside.mean():.2f} of {len(inside)}" if len(inside) else "none")
    return found


if __name__ == "__main__":
    main()
