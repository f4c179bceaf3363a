"""One linear layer over frozen VGG-16 features: which loss, and which pooling.

vgg-bce learns with binary cross-entropy.  Losses made for rare labels (positives weighted, focal, asymmetric) should do
better where the means are over words, most of them rare.  The variants share features, optimizer, learning rate, epochs
and order of pictures (by seed); only the loss differs.  Judged on the test split: five words for each picture, and mAP,
over the words of both splits.

    python -m benchmarks.claims.vgg_bce --dataset corel5k:DATA/corel5k --cache DIR --seeds 3

``--vary pooling`` compares the poolings of the maps instead, on the training pictures that the recipe holds back,
because it is a choice of the recipe's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.plugins.vgg_bce.network import POOLINGS
from imsearch.plugins.vgg_bce.recipe import DEFAULTS, LOSSES, check, make_fit, pooled_views
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.evaluate import judged_labels
from imsearch.training.fit import predict
from imsearch.training.metrics import five_words, mean_average_precision
from imsearch.training.run import Run

TITLES = {
    "loss": "vgg-bce: losses, judged on the test split",
    "pooling": "vgg-bce: poolings, judged on held-back training pictures",
}


@click.command()
@click.option("--dataset", "spec", required=True, metavar="KIND:PATH", help="Labelled pictures with a test split.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where maps are kept.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, metavar="N")
@click.option("--vary", type=click.Choice(sorted(TITLES)), default="loss", show_default=True)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A setting of the recipe.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(spec: str, cache: Path, seeds: int, vary: str, assignments: Sequence[str], output: Path | None) -> None:
    """Train each variant once for each seed, and print P, R, F1 and N+ of five words, and mAP."""
    dataset = load_dataset(spec)
    options = dict(text.split("=", 1) for text in assignments)
    found: dict[str, list[dict[str, float]]] = {}
    views: dict[str, NDArray[np.float32]] = {}
    for variant in LOSSES if vary == "loss" else POOLINGS:
        found[variant] = []
        for seed in range(seeds):
            with TemporaryDirectory() as folder:
                run = Run(Path(folder), [dataset], seed=seed, options={**options, vary: variant}, shared=cache)
                found[variant].append(_figures(run, "test" if vary == "loss" else "held", views))
            click.echo(f"{variant}, seed {seed}: {found[variant][-1]}", err=True)
    print_claim(TITLES[vary], found, output)


def _figures(run: Run, judge_on: str, views: dict[str, NDArray[np.float32]]) -> dict[str, float]:
    """Trains one variant and judges it; `views` keeps the pooled maps for the next ones."""
    settings: dict[str, Any] = run.settings(DEFAULTS)
    check(settings)
    corpus, pooling = gather(run), settings["pooling"]
    if pooling not in views:
        views[pooling] = pooled_views(run, corpus, settings | {"pooling": pooling})
    fit = make_fit(run, corpus, views[pooling], settings)
    network = fit.fit()
    dataset = run.datasets[0]
    test = np.array([row for row, sample in enumerate(dataset.samples) if sample.split == "test"])
    rows = test if judge_on == "test" else corpus.held
    scores = _by_label(predict(network, fit.inputs, rows, run.device), corpus, dataset)
    chosen = dataset.choose(dataset.samples[row] for row in rows)
    words, truth = judged_labels(dataset, chosen), chosen.truth()
    five = five_words(truth[:, words], scores[:, words])
    return {
        "P": five.precision,
        "R": five.recall,
        "F1": five.f1,
        "N+": float(five.n_plus),
        "mAP": mean_average_precision(truth[:, words], scores[:, words]),
    }


def _by_label(logits: NDArray[np.float32], corpus: Corpus, dataset: Dataset) -> NDArray[np.float32]:
    """``(rows, labels of the dataset)``; one without a picture to learn from is never predicted."""
    column = {label: index for index, label in enumerate(dataset.labels)}
    scores = np.full((len(logits), len(dataset.labels)), -np.inf, dtype=np.float32)
    scores[:, [column[label] for label in corpus.heads[dataset.kind]]] = logits
    return scores


if __name__ == "__main__":
    main()
