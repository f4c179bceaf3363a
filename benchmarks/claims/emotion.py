"""Claim: colour and texture beside a CNN's features find emotions better than the CNN alone (paper: +10 %).

    python -m benchmarks.claims.emotion --dataset sentiment:PATH --dataset emotion:PATH [--cache DIR] [--seeds 3]

The same small network is trained on the frozen CNN's features, on colour, on texture, on both of these ("hand-made"),
and on all ("CNN + hand-made": the model as it is shipped), each with the recipe's settings.  Neither set has a test
split: every figure is of pictures that the training did not see, in five folds by a hash of the files' bytes and the
seed, so that copies of one picture share a fold and the spread over seeds is one over splits too.

Retrieval: each label of a set is a query, and a fold's pictures are ranked for it by the label's score.  P@n is the
precision of the first n where n pictures truly have the label; mAP the mean of average precision; both are means over
labels and folds.  "acc." is the share of pictures whose likelier label is the true one.

The labels of the emotion set come from its search words, adjective and noun ("angry eyes", "happy baby"), and of its
nouns only "face" goes with both emotions.  So a second table gives the accuracy noun by noun, retrieval among the faces
alone, and the same for a rule which knows nothing but the noun.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.plugins.emotion.features import Floats, corpus_features
from imsearch.plugins.emotion.handmade import COLOUR
from imsearch.plugins.emotion.recipe import DEFAULTS, EMOTION, add_neither, prepare
from imsearch.training.corpus import Corpus, gather
from imsearch.training.datasets import load_dataset
from imsearch.training.fit import predict
from imsearch.training.metrics import average_precision, break_even_precision
from imsearch.training.run import Run

FOLDS = 5
PLAIN, JOINED = "CNN", "CNN + hand-made"
MIXED = "face"
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Asked:
    """The pictures of one set, their true labels ``(rows, labels)``, and where its labels' scores are."""

    rows: Rows
    truth: NDArray[np.bool_]
    columns: slice


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
) -> Floats:
    """The scores ``(rows, labels)`` of every picture by a network that was trained on the other folds."""
    scores = np.zeros_like(corpus.targets)
    for fold in range(FOLDS):
        held = np.flatnonzero(folds == fold)
        part = replace(corpus, train=np.flatnonzero(folds != fold), held=held)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder), seed=seed * FOLDS + fold)
            fit, inputs = prepare(run, part, features, widths, DEFAULTS)
            scores[held] = predict(fit.fit(), inputs, held, run.device)
    return scores


def figures_of(ask: Asked, scores: Floats, folds: Rows, kept: NDArray[np.bool_] | None = None) -> dict[str, float]:
    """P@n, mAP and accuracy on one set, or on the pictures of it that are `kept`: means over folds and labels."""
    found = []
    for fold in range(FOLDS):
        chosen = (folds[ask.rows] == fold) & (True if kept is None else kept)
        truth, given = ask.truth[chosen], scores[ask.rows[chosen], ask.columns]
        labels = range(truth.shape[1])
        ranked = [truth[np.argsort(-given[:, label], kind="stable"), label] for label in labels]
        found.append(
            (
                np.mean([break_even_precision(hits, int(hits.sum())) for hits in ranked]),
                np.mean([average_precision(truth[:, label], given[:, label]) for label in labels]),
                np.mean(given.argmax(axis=1) == truth.argmax(axis=1)),
            )
        )
    return dict(zip(("P@n", "mAP", "acc."), np.mean(found, axis=0).tolist(), strict=True))


def by_noun(ask: Asked, scores: Floats, folds: Rows, nouns: NDArray[np.str_]) -> dict[str, float]:
    """Accuracy on all pictures of the emotion set and on those of each noun; retrieval among the faces alone."""
    right = scores[ask.rows, ask.columns].argmax(axis=1) == ask.truth.argmax(axis=1)
    found = {"all acc.": float(right.mean())}
    for noun in sorted({*nouns.tolist()}):
        found[f"{noun} acc."] = float(right[nouns == noun].mean())
    faces = figures_of(ask, scores, folds, nouns == MIXED)
    return found | {f"{MIXED} {name}": faces[name] for name in ("P@n", "mAP")}


def noun_scores(ask: Asked, shape: tuple[int, ...], folds: Rows, nouns: NDArray[np.str_]) -> Floats:
    """For each picture the labels' counts among the pictures of its noun in the other folds."""
    scores = np.zeros(shape, dtype=np.float32)
    for row, noun in zip(ask.rows, nouns, strict=True):
        alike = (nouns == noun) & (folds[ask.rows] != folds[row])
        scores[row, ask.columns] = ask.truth[alike].sum(axis=0)
    return scores


@click.command()
@click.option("--dataset", "datasets", multiple=True, required=True, help="KIND:PATH; give sentiment and emotion.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="Keeps the features for other runs.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Gets the figures as JSON.")
def main(datasets: Sequence[str], cache: Path | None, seeds: int, output: Path | None) -> None:
    """Measure what colour and texture add to a CNN on sets of sentiments and emotions."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), [load_dataset(spec) for spec in datasets], shared=cache)
        corpus = gather(run)
        pooled, handmade = corpus_features(run, corpus)
    every = np.arange(len(corpus.files))
    asked = {head: Asked(*corpus.judged(head, every), columns) for head, columns in corpus.slices.items()}
    add_neither(corpus, float(DEFAULTS["neither"]))
    found: dict[str, list[dict[str, float]]] = {}
    nouns: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        folds = fold_of(corpus.files, seed)
        if emotion := asked.get(EMOTION):
            named = np.array([corpus.samples[row].extra["nouns"][0] for row in emotion.rows])
            guess = noun_scores(emotion, corpus.targets.shape, folds, named)
            nouns.setdefault("noun alone", []).append(by_noun(emotion, guess, folds, named))
        for name, (features, widths) in variants(pooled, handmade).items():
            click.echo(f"seed {seed}: {name}", err=True)
            scores = cross_validated(corpus, features, widths, folds, seed)
            told = {head: figures_of(ask, scores, folds) for head, ask in asked.items()}
            figures = {f"{head} {figure}": value for head, each in told.items() for figure, value in each.items()}
            found.setdefault(name, []).append(figures)
            if emotion:
                nouns.setdefault(name, []).append(by_noun(emotion, scores, folds, named))
    found["gain over CNN"] = [difference(*pair) for pair in zip(found[JOINED], found[PLAIN], strict=True)]
    print_claim(f"Colour and texture beside a CNN, {FOLDS} folds", found, output)
    if nouns:
        print_claim("The emotion set by noun", nouns, output and output.with_stem(f"{output.stem}-nouns"))


def difference(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Figure by figure."""
    return {name: value - other[name] for name, value in one.items()}


if __name__ == "__main__":
    main()
