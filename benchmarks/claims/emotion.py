"""Claim: colour and texture beside a CNN's features find emotions better than the CNN alone (paper: +10 %).

    python -m benchmarks.claims.emotion --dataset ratings:PATH [--cache DIR] [--seeds 3]

The same small network is trained on the frozen CNN's features, on colour, on texture, on both of these ("hand-made"),
and on all ("CNN + hand-made": the model as it is shipped), each with the recipe's settings.  Every figure is of
pictures that the training did not see, in five folds of the training split by a hash of the files' bytes and the seed,
so that copies of one picture share a fold and the spread over seeds is one over splits too.

"valence r" and "arousal r" are Spearman's rank correlation of the predicted rating with the mean of the people's.
Retrieval: each label is a query, and a fold's pictures are ranked for it by the label's score.  P@n is the precision of
the first n where n pictures truly have the label, AP the average precision; both are means over folds.  Without the
name of a label they are means over labels.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from benchmarks.claims.report import print_claim
from imsearch.plugins.emotion.features import Floats, corpus_features
from imsearch.plugins.emotion.handmade import COLOUR
from imsearch.plugins.emotion.recipe import DEFAULTS, prepare, with_ratings
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import load_dataset
from imsearch.training.data.rated_sets import RATINGS, SCALES
from imsearch.training.fit import predict
from imsearch.training.metrics import average_precision, break_even_precision
from imsearch.training.run import Run

FOLDS = 5
PLAIN, JOINED = "CNN", "CNN + hand-made"
Rows = NDArray[np.intp]


def variants(pooled: Floats, handmade: Floats) -> dict[str, tuple[list[Floats], list[int]]]:
    """What each variant sees, and how wide the layer over it is."""
    deep, shallow = int(DEFAULTS["backbone_width"]), int(DEFAULTS["handmade_width"])
    return {
        PLAIN: ([pooled], [deep]),
        "colour": ([handmade[:, :, :COLOUR]], [shallow]),
        "texture": ([handmade[:, :, COLOUR:]], [shallow]),
        "hand-made": ([handmade], [shallow]),
        JOINED: ([pooled, handmade], [deep, shallow]),
    }


def fold_of(files: Sequence[Path], seed: int) -> Rows:
    """The fold of each file; the same bytes are in the same fold."""
    digests = [hashlib.sha256(str(seed).encode() + file.read_bytes()).digest() for file in files]
    return np.array([int.from_bytes(digest[:8], "big") % FOLDS for digest in digests], dtype=np.intp)


def cross_validated(
    corpus: Corpus, features: Sequence[Floats], widths: Sequence[int], folds: Rows, seed: int
) -> tuple[Floats, Floats]:
    """Of each picture to learn from, by a network trained on the other folds: the labels' scores, and the ratings.

    ``(pictures, labels)`` and ``(pictures, len(SCALES))``.
    """
    scores = np.zeros((len(folds), corpus.targets.shape[1]), np.float32)
    ratings = np.zeros((len(folds), len(SCALES)), np.float32)
    for fold in range(FOLDS):
        held = corpus.train[folds == fold]
        part = replace(corpus, train=corpus.train[folds != fold], held=held)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder), seed=seed * FOLDS + fold)
            fit, inputs = prepare(run, part, features, widths, DEFAULTS)
            network = fit.fit()
            scores[folds == fold] = predict(network, inputs, held, run.device)
            ratings[folds == fold] = predict(network, inputs, held, run.device, logits=lambda output: output[1])
    return scores, ratings


def figures_of(corpus: Corpus, scores: Floats, ratings: Floats, folds: Rows) -> dict[str, float]:
    """Rank correlations, P@n and AP: means over folds."""
    labels, columns = corpus.heads[RATINGS], corpus.slices[RATINGS]
    truth = corpus.targets[corpus.train, columns] >= 0.5
    rated = with_ratings(corpus).targets[corpus.train, -len(SCALES) :]
    found: dict[str, list[float]] = {}
    for fold in range(FOLDS):
        inside = folds == fold
        for place, scale in enumerate(SCALES):
            told = spearmanr(ratings[inside, place], rated[inside, place]).statistic
            found.setdefault(f"{scale} r", []).append(float(told))
        for column, label in enumerate(labels):
            true, given = truth[inside, column], scores[inside, column]
            hits = true[np.argsort(-given, kind="stable")]
            found.setdefault(f"{label} P@n", []).append(break_even_precision(hits, int(hits.sum())))
            found.setdefault(f"{label} AP", []).append(average_precision(true, given))
    figures = {name: float(np.mean(values)) for name, values in found.items()}
    for name, kind in (("P@n", "P@n"), ("mAP", "AP")):
        figures[name] = float(np.mean([figures[f"{label} {kind}"] for label in labels]))
    return figures


@click.command()
@click.option("--dataset", "datasets", multiple=True, required=True, help="ratings:PATH.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Keeps the features for other runs.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Gets the figures as JSON.")
def main(datasets: Sequence[str], cache: Path | None, seeds: int, output: Path | None) -> None:
    """Measure what colour and texture add to a CNN on pictures whose emotion people rated."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), [load_dataset(spec) for spec in datasets], shared=cache)
        corpus = gather(run)
        if list(corpus.heads) != [RATINGS]:
            raise click.UsageError("This claim is measured on sets of kind ratings.")
        pooled, handmade = corpus_features(run, corpus)
    files = [corpus.files[row] for row in corpus.train]
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        folds = fold_of(files, seed)
        for name, (features, widths) in variants(pooled, handmade).items():
            click.echo(f"seed {seed}: {name}", err=True)
            scores, ratings = cross_validated(corpus, features, widths, folds, seed)
            found.setdefault(name, []).append(figures_of(corpus, scores, ratings, folds))
    found["gain over CNN"] = [difference(*pair) for pair in zip(found[JOINED], found[PLAIN], strict=True)]
    print_claim(f"Colour and texture beside a CNN, {FOLDS} folds", found, output)


def difference(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Figure by figure."""
    return {name: value - other[name] for name, value in one.items()}


if __name__ == "__main__":
    main()
