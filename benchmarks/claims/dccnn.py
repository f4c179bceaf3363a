"""The claim of DCCNN: two channels beat one, most of all on low-frequency words, and learn faster.

Cao et al. 2019 (https://doi.org/10.1155/2019/2060796) report, on Pascal VOC and Caltech-256, against CNN0 alone: 4 to 5
points more 11-point MAP, about 10 more on low-frequency words early on, an accuracy after 100 training steps that CNN0
has after 2,500, and one that falls less as classes are added.

Protocol: one set of words from all datasets.  CNN0 learns from all pictures, CNN1 from those with a low-frequency word,
drawn so that these words come about equally often; both from random weights, by SGD with momentum at a constant .001,
without averaging of weights, for the same number of steps.  Step s of DCCNN is both channels after s steps, so CNN0
after 2 s steps has an equal budget.  Judged on held-back pictures, by which nothing is chosen: 11-point MAP over all
words, over low-frequency words (below the mean training frequency, the highest and lowest set aside), and over the
others; accuracy is the share of pictures whose likeliest word is true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.claims.dccnn_curves import plot_curves
from benchmarks.claims.report import Figures, print_claim
from imsearch.plugins.dccnn.frequency import low_words
from imsearch.plugins.dccnn.network import fuse
from imsearch.plugins.dccnn.recipe import DEFAULTS, Channels, prepare
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import load_dataset
from imsearch.training.device import choose_device
from imsearch.training.fit import Fit, predict
from imsearch.training.metrics import eleven_point_mean_average_precision, top_k
from imsearch.training.run import Epoch, Run, Silent

Scores = NDArray[np.float32]
Logits = Mapping[int, Scores]
"""By step: the logits of the judged pictures."""
Told = dict[str, Figures]
MARKS = (100, 200, 500, 1000, 1500, 2000, 2500)
CLASSES = (5, 40)
_CLASS_STEPS = 500
_FUSION_STEPS = 500
"""Of the channel that is given features; the one that gives them has all its steps."""
_EPOCH = 100
"""Steps between two checkpoints; all marks are multiples of it."""


@dataclass
class Judge:
    """The truth of the judged pictures ``(pictures, words)``, and which words are of low frequency."""

    truth: NDArray[np.bool_]
    low: NDArray[np.bool_]

    @classmethod
    def of(cls, corpus: Corpus) -> Judge:
        """Of the held-back pictures."""
        return cls(corpus.targets[corpus.held] >= 0.5, low_words(corpus))

    def figures(self, logits: Scores) -> Figures:
        """logits: ``(judged pictures, words)``."""
        labelled = np.asarray(self.truth.any(axis=1))
        right = np.asarray((self.truth & top_k(logits, 1)).any(axis=1))
        return {
            "mAP": self._of(logits, np.ones_like(self.low)),
            "mAP rare": self._of(logits, self.low),
            "mAP others": self._of(logits, ~self.low),
            "accuracy": float(right[labelled].mean()),
        }

    def _of(self, logits: Scores, words: NDArray[np.bool_]) -> float:
        """11-point MAP of those of the words that a judged picture has; 0 without one."""
        words = words & self.truth.any(axis=0)
        return eleven_point_mean_average_precision(self.truth[:, words], logits[:, words]) if words.any() else 0.0


class Watched(Fit):
    """A training that keeps the logits of the held-back pictures at some steps, and judges nothing else."""

    def judge(self) -> Epoch:
        return {}

    def logits_at(self, marks: Sequence[int]) -> Logits:
        """Trains to the end; each mark's logits.  They are kept in the run's folder."""
        place = self.run.folder / "logits-{}.npy"

        def watch(step: int) -> Epoch:
            if step in marks:
                kept = predict(self.trained(), self.inputs, self.corpus.held, self.run.device)
                np.save(str(place).format(step), kept)
            return {}

        self.fit(watch)
        return {step: np.load(str(place).format(step)) for step in marks}


def half_of(steps: int) -> int:
    """The step of DCCNN whose budget CNN0 alone spends just before its last one."""
    return max(step for step in range(_EPOCH, steps, _EPOCH) if 2 * step <= steps)


def marks_until(steps: int) -> list[int]:
    """The steps that are judged, the last of them included."""
    return sorted({*(step for step in MARKS if step < steps), half_of(steps), 2 * half_of(steps), steps})


def settings(fusion: str, steps: int, chosen: Mapping[str, int]) -> dict[str, object]:
    """The recipe's, but with a constant rate, no change of size or colour, and no averaging; bfloat16 saves time."""
    return {
        **DEFAULTS,
        "batch_size": chosen["batch"],
        "crop": chosen["crop"],
        "side": chosen["crop"] + 14,
        "scale": 0.0,
        "colour": 0.0,
        "schedule": "constant",
        "average": 0.0,
        "fusion": fusion,
        "half": True,
        "epochs": steps // _EPOCH,
        "epochs_cnn1": steps // _EPOCH,
    }


def trained(
    run: Run, corpus: Corpus, chosen: Mapping[str, object], steps: int, given: Mapping[int, nn.Module] | None = None
) -> tuple[dict[int, Logits], dict[int, nn.Module]]:
    """The logits of each channel, and the channels, each trained by itself; `given` are trained already."""
    run = replace(run, folder=run.folder / f"{corpus.targets.shape[1]}-{chosen['fusion']}-{run.seed}")
    channels: Channels = prepare(run, corpus, chosen, _EPOCH)
    found: dict[int, Logits] = {}
    learned = dict(given or {})
    for number in channels.network.order:
        if number not in learned:
            fit = channels.branch(number)
            watched = Watched(fit.run, corpus, fit.network, fit.inputs, fit.plan)
            found[number] = watched.logits_at(marks_until(steps))
            learned[number] = watched.trained()
        channels.take(number, learned[number])
    return found, learned


def fused(first: Scores, second: Scores) -> Scores:
    """The decision of two channels."""
    return fuse(torch.from_numpy(first), torch.from_numpy(second)).numpy()


def over_steps(judge: Judge, one: Logits, two: Logits, steps: int, seed: int) -> tuple[Told, Told]:
    """The figures of CNN0, CNN1 and both at the last step and at an equal budget, and those of the curves."""
    marks, half = marks_until(steps), half_of(steps)
    curves = {f"CNN0 alone, {step} steps": one[step] for step in marks}
    curves |= {f"DCCNN, {step} steps": fused(one[step], two[step]) for step in marks}
    curves |= {f"its CNN1, {step} steps": two[step] for step in marks}
    variants = {"chance": np.random.default_rng(seed).random(one[steps].shape, dtype=np.float32)}
    variants |= {f"CNN0 alone, {step} steps": one[step] for step in (half, 2 * half, steps)}
    variants |= {f"DCCNN, {step} steps": fused(one[step], two[step]) for step in (half, steps)}
    variants[f"its CNN1, {steps} steps"] = two[steps]
    return _judged(judge, variants), _judged(judge, curves)


def over_fusions(
    run: Run, corpus: Corpus, logits: Mapping[int, Logits], learned: Mapping[int, nn.Module], chosen: Mapping[str, int]
) -> Told:
    """The figures of both ways of feature fusion, and of none at the same steps."""
    steps, fewer, one, two = chosen["steps"], min(_FUSION_STEPS, chosen["steps"]), logits[0], logits[1]
    to_cnn0, to_cnn1 = (
        trained(run, corpus, settings(fusion, fewer, chosen), fewer, {giver: learned[giver]})[0][1 - giver][fewer]
        for fusion, giver in (("cnn1-to-cnn0", 1), ("cnn0-to-cnn1", 0))
    )
    variants = {
        f"CNN0 of {fewer} steps, CNN1 of {steps}": fused(one[fewer], two[steps]),
        "the same, CNN1's features to CNN0": fused(to_cnn0, two[steps]),
        f"CNN0 of {steps} steps, CNN1 of {fewer}": fused(one[steps], two[fewer]),
        "the same, CNN0's features to CNN1": fused(one[steps], to_cnn1),
    }
    return _judged(Judge.of(corpus), variants)


def _judged(judge: Judge, variants: Mapping[str, Scores]) -> Told:
    return {name: judge.figures(each) for name, each in variants.items()}


def over_words(run: Run, corpus: Corpus, count: int, chosen: Mapping[str, int]) -> Told:
    """The figures with the `count` most frequent words only, after 500 steps."""
    columns = np.sort(np.argsort(-corpus.frequency, kind="stable")[:count])
    (name,) = corpus.heads
    targets, mask = corpus.targets[:, columns], corpus.mask[:, columns]
    has = np.flatnonzero((targets >= 0.5).any(axis=1))
    train, held = np.intersect1d(corpus.train, has), np.intersect1d(corpus.held, has)
    fewer = Corpus(corpus.parts, {name: tuple(corpus.heads[name][i] for i in columns)}, targets, mask, train, held)
    steps = min(_CLASS_STEPS, chosen["steps"])
    logits, _ = trained(run, fewer, settings("none", steps, chosen), steps)
    pair = logits[0][steps], logits[1][steps]
    variants = {f"CNN0 alone, {count} words": pair[0], f"DCCNN, {count} words": fused(*pair)}
    return _judged(Judge.of(fewer), variants)


class Printed(Silent):
    """Notes on stderr."""

    def note(self, text: str) -> None:
        click.echo(text, err=True)


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH", help="All of one kind.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="For pixels and checkpoints.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--steps", default=MARKS[-1], show_default=True, help="Of each channel; a multiple of 100.")
@click.option("--batch-size", default=8, show_default=True)
@click.option("--crop", default=180, show_default=True, help="Pixels that the network sees.")
@click.option("--output", type=click.Path(path_type=Path), help="JSON; the curves go beside it, and a plot of them.")
def main(
    specs: Sequence[str], cache: Path, seeds: int, steps: int, batch_size: int, crop: int, output: Path | None
) -> None:
    """Trains the channels and prints what they reach, alone and fused."""
    if steps < 2 * _EPOCH or steps % _EPOCH:
        raise click.BadParameter(f"it is a multiple of {_EPOCH}, at least {2 * _EPOCH}", param_hint="--steps")
    datasets = [load_dataset(spec) for spec in specs]
    if len({dataset.kind for dataset in datasets}) > 1:
        raise click.BadParameter("the datasets are of one kind, so that they share their words", param_hint="--dataset")
    chosen = {"steps": steps, "batch": batch_size, "crop": crop}
    runs = [
        Run(cache / "dccnn-claim", datasets, choose_device(), seed, reporter=Printed(), shared=cache)
        for seed in range(seeds)
    ]
    corpus = gather(runs[0])
    tables: list[dict[str, list[Figures]]] = [{}, {}, {}, {}]

    def add(table: int, told: Told) -> None:
        for name, figures in told.items():
            tables[table].setdefault(name, []).append(figures)

    def so_far() -> None:
        tell(corpus, tables, f"{crop} pixels, batches of {batch_size}", output)

    done = []
    for run in runs:
        done.append(trained(run, corpus, settings("none", steps, chosen), steps))
        variants, curves = over_steps(Judge.of(corpus), done[-1][0][0], done[-1][0][1], steps, run.seed)
        add(0, variants)
        add(1, curves)
        so_far()
    for run, (logits, learned) in zip(runs, done, strict=True):
        add(2, over_fusions(run, corpus, logits, learned, chosen))
    so_far()
    for run in runs:
        for count in CLASSES:
            if count < corpus.targets.shape[1]:
                add(3, over_words(run, corpus, count, chosen))
    for name in ("CNN0 alone", "DCCNN"):
        if steps >= _CLASS_STEPS:
            tables[3][f"{name}, {corpus.targets.shape[1]} words"] = tables[1][f"{name}, {_CLASS_STEPS} steps"]
    so_far()


def tell(corpus: Corpus, tables: Sequence[Mapping[str, Sequence[Figures]]], how: str, output: Path | None) -> None:
    """Print and write what is known so far."""
    low = low_words(corpus)
    title = (
        f"{len(corpus.train)} pictures, judged on {len(corpus.held)}, {len(low)} words of which {int(low.sum())} of "
        f"low frequency, {how}"
    )
    about = (
        ("against CNN0", ""),
        ("over the steps", "-curve"),
        ("and its features", "-fusion"),
        ("over words", "-words"),
    )
    for table, (what, part) in zip(tables, about, strict=True):
        if table:
            print_claim(f"DCCNN {what}: {title}", table, output and output.with_stem(output.stem + part))
    if output is not None:
        plot_curves(tables[1], tables[3], output.with_name(f"{output.stem}-curve.png"))


if __name__ == "__main__":
    main()
