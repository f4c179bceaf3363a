"""Heads of several datasets in vgg-bce: trained together or apart.

Judged by mAP on the pictures that the recipe holds back of each dataset, after the last epoch.  "together" is one
training of all outputs, in which a picture teaches those of its own dataset; "together, steps of the first" ends after
as many steps as the first head has alone; "apart" is the recipe, in which a head learns as if it were the only one.

    python -m benchmarks.claims.vgg_bce_heads --dataset corel5k:DATA/corel5k --dataset flickr8k:DATA/flickr8k_224 \
        --dataset jsonl:DATA/voc5class --cache DIR --set views=0 --set half=yes
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.plugins.vgg_bce.apart import fit_apart, part_of
from imsearch.plugins.vgg_bce.recipe import DEFAULTS, check, make_fit, pooled_views
from imsearch.training.corpus import Corpus, gather
from imsearch.training.datasets import load_dataset
from imsearch.training.run import Run

TOGETHER, SHORTER, APART = "together", "together, steps of the first", "apart"


@click.command()
@click.option("--dataset", "specs", required=True, multiple=True, metavar="KIND:PATH", help="Two or more.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where maps are kept.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, metavar="N")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A setting of the recipe.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(specs: Sequence[str], cache: Path, seeds: int, assignments: Sequence[str], output: Path | None) -> None:
    """Train all heads in each way, and print the mAP of each on held-back pictures."""
    datasets = [load_dataset(spec) for spec in specs]
    options = dict(text.split("=", 1) for text in assignments)
    found: dict[str, list[dict[str, float]]] = {TOGETHER: [], SHORTER: [], APART: []}
    views: NDArray[np.float32] | None = None
    for seed in range(seeds):
        for variant, several in found.items():
            with TemporaryDirectory() as folder:
                run = Run(Path(folder), datasets, seed=seed, options=options, shared=cache)
                settings = run.settings(DEFAULTS)
                check(settings)
                corpus = gather(run)
                views = pooled_views(run, corpus, settings) if views is None else views
                several.append(_figures(variant, run, corpus, views, settings))
            click.echo(f"{variant}, seed {seed}: {several[-1]}", err=True)
    print_claim("vgg-bce: heads of several datasets, judged on held-back pictures", found, output)


def _figures(
    variant: str, run: Run, corpus: Corpus, views: NDArray[np.float32], settings: dict[str, Any]
) -> dict[str, float]:
    """The mAP of each head after the last epoch of one variant."""
    if variant == APART:
        _, history = fit_apart(run, corpus, views, DEFAULTS, partial(make_fit, settings=settings))
    else:
        fit = make_fit(run, corpus, views, settings if variant == TOGETHER else _shorter(corpus, settings))
        fit.fit()
        history = fit.history
    return {head: history[-1][f"{head} mAP"] for head in corpus.heads}


def _shorter(corpus: Corpus, settings: dict[str, Any]) -> dict[str, Any]:
    """Epochs, and those between two steps of the learning rate, such that there are as many steps as for one head."""
    _, first = part_of(corpus, next(iter(corpus.heads)))
    share = len(first.train) / len(corpus.train)
    return settings | {name: max(round(settings[name] * share), 1) for name in ("epochs", "step_size")}


if __name__ == "__main__":
    main()
