"""How well pictures are ranked for the colours that captions name: by pixels, by a head on the features, by both.

    python -m benchmarks.picture_colours --dataset flickr8k:PATH [--learn picture_colours.npz]

The rules that join the two are learned on halves of the train split, each judged by what was learned on the other;
average precision is that of the dev split.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.colours import batches
from imsearch.cli.output import make_table, print_table
from imsearch.plugins.everyday.annotator import EverydayAnnotator
from imsearch.plugins.everyday.colour_learning import colour_words_in, descend
from imsearch.plugins.everyday.files import WEIGHTS
from imsearch.plugins.everyday.picture_colours import COLOURS, PictureColours, shares
from imsearch.training.data.datasets import Sample, load_dataset
from imsearch.training.fusion import Rule, fit_rule
from imsearch.training.metrics import average_precision
from imsearch.training.probabilities import Floats

_ROUNDS = 200
_SCALE = 5.0
"""As in `imsearch.plugins.everyday.colours`: what penalties are made for."""
_HEAD_SCALE = 0.05


def look(annotator: EverydayAnnotator, samples: Sequence[Sample]) -> tuple[Floats, Floats, Floats]:
    """The shares of colours, the features and the truth of these pictures."""
    parts = [(shares(pixels), maps.mean(axis=(1, 2))) for _, pixels, maps in batches(annotator, samples)]
    named = [colour_words_in(sample.extra["captions"]) for sample in samples]
    truth = np.array([[colour in said for colour in COLOURS] for said in named], dtype=np.float32)
    pixels, features = (np.concatenate(each) for each in zip(*parts, strict=True))
    return pixels, features, truth


def with_one(rows: Floats) -> Floats:
    """A last column of ones."""
    return np.concatenate([rows, np.ones((len(rows), 1), np.float32)], axis=1).astype(np.float32)


def crossed(rows: Floats, truth: Floats, half: NDArray[np.integer]) -> Floats:
    """The logits of each half by what was learned on the other."""
    found = np.zeros_like(truth)
    for this in (0, 1):
        found[half == this] = rows[half == this] @ descend(rows[half != this], truth[half != this], _ROUNDS)
    return found


def fitted(evidence: list[Floats], truth: Floats) -> Rule:
    """The logistic rule of several logits."""
    prior = Rule((1.0,) * len(evidence), 0.0)
    return fit_rule(np.stack(evidence, axis=1), truth > 0, np.ones(len(truth)), prior)


def learn(pixels: Floats, features: Floats, truth: Floats) -> tuple[PictureColours, Floats]:
    """The rules, and the weights of a calibrated head on the features; both rows end with a one."""
    half = np.random.default_rng(0).permutation(len(truth)) % 2
    by_pixels, by_head = crossed(pixels, truth, half), crossed(features, truth, half)
    head, joined = descend(features, truth, _ROUNDS), []
    for column in range(len(COLOURS)):
        own = fitted([by_head[:, column]], truth[:, column])
        head[:, column] *= own.weights[0]
        head[-1, column] += own.offset
        told = np.asarray(own([by_head[:, column]]), dtype=np.float32)
        rule = fitted([told, by_pixels[:, column]], truth[:, column])
        joined.append([*rule.weights, rule.offset])
    weight = descend(pixels, truth, _ROUNDS)
    rules = np.array(joined, dtype=np.float32).T
    return PictureColours(_SCALE * weight[:-1], weight[-1], rules), head


@click.command()
@click.option("--dataset", required=True, metavar="KIND:PATH")
@click.option("--learn", "target", type=click.Path(path_type=Path), help="write the rules here")
def main(dataset: str, target: Path | None) -> None:
    """Print the average precision for each colour."""
    annotator = EverydayAnnotator(WEIGHTS, None)
    samples = load_dataset(dataset).samples
    train, dev = ([sample for sample in samples if sample.split == split] for split in ("train", "dev"))
    pixels, features, truth = look(annotator, train)
    middle, spread = features.mean(axis=0), features.std(axis=0) + 0.02
    rules, head = learn(with_one(_SCALE * pixels), with_one(_HEAD_SCALE * (features - middle) / spread), truth)
    if target:
        rules.save(target)
    pixels, features, truth = look(annotator, dev)
    by_pixels = pixels @ rules.weight + rules.bias
    by_head = with_one(_HEAD_SCALE * (features - middle) / spread) @ head
    joined = rules.joined[0] * by_head + rules.joined[1] * by_pixels + rules.joined[2]
    table = make_table("colour", ">named", ">pixels", ">head", ">both")
    for column, colour in enumerate(COLOURS):
        true = truth[:, column] > 0
        scores = (average_precision(true, each[:, column]) for each in (by_pixels, by_head, joined))
        table.add_row(colour, f"{true.mean():.3f}", *(f"{score:.3f}" for score in scores))
    print_table(table)


if __name__ == "__main__":
    main()
