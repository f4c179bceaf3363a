"""The claim of DCCNN: two channels beat one, most of all on rare words, and learn faster.

Cao et al. 2019 (https://doi.org/10.1155/2019/2060796) report, on Pascal VOC and Caltech-256: 8.9 points more accuracy
than the single CNN after 100 iterations, which the CNN reaches only after 2,500, and about 10 points more on
low-frequency words.

Protocol: both networks learn from the same training pictures in the same order from random weights, by SGD with
momentum at a constant .001, without averaging of weights.  Each step shows a batch to CNN0, and to CNN1 those of it
that have a low-frequency word.  CNN0 alone goes on until it has been shown as many pictures as both channels together.
Judged on the test split: 11-point mAP over the words that occur in the training and in the test split, over those of
them below the mean frequency (the highest and the lowest left out of it), and over the others; and F1 of five words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.claims.report import Figures, print_claim, spread
from imsearch.plugins.dccnn.frequency import low_rows, middle_mean
from imsearch.plugins.dccnn.network import Output, fuse
from imsearch.plugins.dccnn.recipe import DEFAULTS, prepare
from imsearch.training.corpus import Corpus, gather
from imsearch.training.datasets import Dataset, load_dataset
from imsearch.training.device import choose_device
from imsearch.training.evaluate import judged_labels
from imsearch.training.fit import Fit, predict
from imsearch.training.metrics import eleven_point_mean_average_precision, five_words
from imsearch.training.run import Epoch, Run, Silent

Scores = NDArray[np.float32]
Logits = Mapping[int, tuple[Scores, ...]]
"""By step: what each channel says of the judged pictures."""
MARKS = (100, 200, 500, 1000, 1500, 2500)
_EPOCH = 100
"""Steps between two checkpoints; all marks are multiples of it."""


@dataclass
class Judge:
    """The judged pictures of a dataset, and their words."""

    truth: NDArray[np.bool_]
    columns: list[int]
    low: NDArray[np.bool_]

    @classmethod
    def of(cls, corpus: Corpus, dataset: Dataset) -> Judge:
        """Of the test split.  Words that were held back from training have column -1 and score lowest."""
        chosen, counts = dataset.split("test"), dataset.split("train").truth().sum(axis=0)
        kept = judged_labels(dataset, chosen)
        column = {label: index for index, label in enumerate(corpus.heads[dataset.kind])}
        low = counts < middle_mean(counts[counts > 0])
        columns = [column.get(label, -1) for label, use in zip(dataset.labels, kept, strict=True) if use]
        return cls(chosen.truth()[:, kept], columns, low[kept])

    def figures(self, logits: Scores) -> Figures:
        """logits: ``(judged pictures, columns of the corpus)``."""
        scores = np.where(np.array(self.columns) < 0, -1e9, logits[:, self.columns])
        return {
            "mAP": eleven_point_mean_average_precision(self.truth, scores),
            "mAP rare": eleven_point_mean_average_precision(self.truth[:, self.low], scores[:, self.low]),
            "mAP others": eleven_point_mean_average_precision(self.truth[:, ~self.low], scores[:, ~self.low]),
            "F1 of five": five_words(self.truth, scores).f1,
        }


class Watched(Fit):
    """A training that keeps what the network says of the test pictures at some steps, and judges nothing else."""

    def judge(self) -> Epoch:
        return {}

    def logits_at(self, marks: Sequence[int], rows: NDArray[np.intp]) -> Logits:
        """Trains to the end; each mark's logits.  They are kept in the run's folder."""
        place = self.run.folder / "logits-{}.npy"

        def channels(output: Output) -> Tensor:
            return torch.stack([output.first, *([] if output.second is None else [output.second])], dim=1)

        def watch(step: int) -> Epoch:
            if step in marks:
                kept = predict(self.trained(), self.inputs, rows, self.run.device, channels)
                np.save(str(place).format(step), kept)
            return {}

        self.fit(watch)
        kept = {step: np.load(str(place).format(step)) for step in marks}
        return {step: tuple(np.moveaxis(each, 1, 0)) for step, each in kept.items()}


def trained(run: Run, name: str, corpus: Corpus, channels: int, marks: Sequence[int], batch: int) -> Logits:
    """Trains one or two channels up to the last mark."""
    run = replace(run, folder=run.folder / f"{name}-{run.seed}")
    run.folder.mkdir(parents=True, exist_ok=True)
    settings = {**DEFAULTS, "batch_size": batch, "average": 0.0, "channels": channels, "epochs": marks[-1] // _EPOCH}
    fit = prepare(run, corpus, settings, _EPOCH)
    rows = np.flatnonzero([sample.split == "test" for sample in corpus.samples])
    return Watched(run, corpus, fit.network, fit.inputs, fit.plan).logits_at(marks, rows)


def fused(first: Scores, second: Scores) -> Scores:
    """The decision of two channels."""
    return fuse(torch.from_numpy(first), torch.from_numpy(second)).numpy()


def one_seed(
    run: Run, corpus: Corpus, judge: Judge, marks: list[int], alone: int, batch: int
) -> tuple[dict[str, Figures], dict[str, Figures]]:
    """The figures of the variants, and those of the curves."""
    last, share = marks[-1], float(low_rows(corpus)[corpus.train].mean())
    more = round(last * (1 + share) / _EPOCH) * _EPOCH
    two = trained(run, "dual", corpus, 2, marks, batch)
    one = trained(run, "single", corpus, 1, sorted({*marks, more, *(step for step in MARKS if step <= alone)}), batch)
    chance = np.random.default_rng(run.seed).random(two[last][0].shape, dtype=np.float32)
    variants = {
        "chance": chance,
        f"CNN0 alone, {last} steps": one[last][0],
        f"CNN0 alone, {more} steps (as many pictures shown)": one[more][0],
        f"DCCNN, {last} steps": fused(*two[last]),
        "its CNN0 (with CNN1's features)": two[last][0],
        "its CNN1": two[last][1],
        "CNN0 alone with CNN1's decision (no feature fusion)": fused(one[last][0], two[last][1]),
    }
    curves = {f"CNN0 alone, {step} steps": one[step][0] for step in one}
    curves |= {f"DCCNN, {step} steps": fused(*two[step]) for step in two}
    curves |= {f"its CNN1, {step} steps": two[step][1] for step in two}
    return tuple({name: judge.figures(each) for name, each in part.items()} for part in (variants, curves))  # type: ignore[return-value]


def plot_curves(curves: Mapping[str, Sequence[Figures]], path: Path) -> None:
    """mAP over the steps, on all words and on rare ones, the seeds' spread as bars."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2), ("mAP", "mAP rare"), strict=True):
        for name in ("CNN0 alone", "DCCNN", "its CNN1"):
            points = {int(key.split()[-2]): told for key, told in curves.items() if key.startswith(f"{name},")}
            values = [spread([figures[measure] for figures in told]) for told in points.values()]
            axes.errorbar(list(points), [v[0] for v in values], [v[1] for v in values], marker=".", label=name)
        axes.set_xscale("log")
        axes.set_xlabel("steps")
        axes.set_ylabel(f"11-point {measure}")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small", loc="upper left")
    figure.savefig(path, dpi=120)


class Printed(Silent):
    """Notes on stderr."""

    def note(self, text: str) -> None:
        click.echo(text, err=True)


@click.command()
@click.option("--dataset", "spec", required=True, metavar="KIND:PATH", help="Needs the splits train and test.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="For pixels and checkpoints.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--steps", default=MARKS[-1], show_default=True, help="Of DCCNN; a multiple of 100.")
@click.option("--alone", default=0, metavar="N", help="Of CNN0 alone: up to those of 100, 200, 500, 1000, 1500, 2500.")
@click.option("--batch-size", default=16, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="JSON; the curves go beside it, and a plot of them.")
def main(spec: str, cache: Path, seeds: int, steps: int, alone: int, batch_size: int, output: Path | None) -> None:
    """Trains one and two channels and prints what they reach."""
    if steps < _EPOCH or steps % _EPOCH:
        raise click.BadParameter(f"it is a multiple of {_EPOCH}", param_hint="--steps")
    dataset = load_dataset(spec)
    marks = [step for step in MARKS if step < steps] + [steps]
    variants: dict[str, list[Figures]] = {}
    curves: dict[str, list[Figures]] = {}
    for seed in range(seeds):
        run = Run(cache / "dccnn-claim", [dataset], choose_device(), seed, reporter=Printed(), shared=cache)
        corpus = gather(run)
        judge = Judge.of(corpus, dataset)
        for found, told in zip((variants, curves), one_seed(run, corpus, judge, marks, alone, batch_size), strict=True):
            for name, figures in told.items():
                found.setdefault(name, []).append(figures)
    words, low = len(judge.columns), int(judge.low.sum())
    title = f"{dataset.kind}, batches of {batch_size}, {words} words of which {low} rare"
    print_claim(f"DCCNN against CNN0: {title}", variants, output)
    print_claim(f"DCCNN over the steps: {title}", curves, output and output.with_stem(f"{output.stem}-curve"))
    if output is not None:
        plot_curves(curves, output.with_name(f"{output.stem}-curve.png"))


if __name__ == "__main__":
    main()
