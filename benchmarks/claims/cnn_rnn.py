"""The claims of CNN-RNN: labels told one by one, each knowing those before, beat labels judged one by one.

Wang et al. 2016 (https://arxiv.org/abs/1604.04573) tell frequent labels first; Jin and Nakayama 2016
(https://arxiv.org/abs/1604.05225) find that rare labels first do better; Chen et al. 2018
(https://arxiv.org/abs/1707.05495) let the network choose.  Liu et al. 2017 (https://arxiv.org/abs/1611.05490) put a
supervised label layer between the two networks.  The issue asks for a loss in both directions as well.

Protocol: pooled features of the frozen backbone, so that all variants see the same; the same training pictures, epochs,
batches, optimizer and schedule; weights averaged.  Judged once on the test split, over the words of both splits: five
words by probability; mAP; and the set at which the decoder stops (of the linear heads, what has a probability of one
half), with its number of labels.  Nothing was chosen by these figures.

    python -m benchmarks.claims.cnn_rnn --dataset corel5k:DATA/corel5k --cache DIR --seeds 3

The recipe's order was chosen by another call, which judges on the held-back training pictures and never looks at the
test split, on the features and label weights with which the recipe starts:

    python -m benchmarks.claims.cnn_rnn --dataset corel5k:DATA/corel5k --cache DIR --seeds 3 --held --start everyday
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.claims.report import print_claim
from imsearch.plugins.cnn_rnn.features import whole_features
from imsearch.plugins.cnn_rnn.further import make_loss
from imsearch.plugins.cnn_rnn.head import SequenceHead, Shape
from imsearch.plugins.cnn_rnn.network import FROZEN_STAGES, STARTS, CnnRnnNetwork
from imsearch.plugins.cnn_rnn.recipe import fit_rules, sequence_source
from imsearch.plugins.cnn_rnn.sequences import ORDERS, RARE
from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.evaluate import judged_labels
from imsearch.training.features import cached_maps
from imsearch.training.fit import Fit, Loss, Plan, Rows
from imsearch.training.losses import asymmetric, binary_cross_entropy, masked
from imsearch.training.metrics import five_words, mean_average_precision, word_scores
from imsearch.training.run import Run

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
EPOCHS, BATCH, RATE, AVERAGE = 10, 64, 2e-3, 0.98
WIDTHS = (1, 2, 4)
_WIDTH = 2
BOTH = f"{RARE}, both directions"


@dataclass
class Bench:
    """What all variants share."""

    corpus: Corpus
    dataset: Dataset
    features: Tensor
    rows: Rows
    begin: SequenceHead | None = None
    """rows: the pictures to judge on.  begin: whose linear layer all heads start with."""

    def fit(self, network: nn.Module, loss: Loss, order: str, seed: int) -> nn.Module:
        """The trained network.  With an order it is taught sequences."""
        source = sequence_source(self.corpus, order) if order else None

        def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
            taught = source(rows, generator) if source is not None and generator is not None else ()
            return (self.features[torch.from_numpy(rows)], *taught)

        with TemporaryDirectory() as folder:
            run = Run(Path(folder), [self.dataset], seed=seed)
            plan = Plan([{"params": list(network.parameters()), "lr": RATE}], EPOCHS, BATCH, loss, average=AVERAGE)
            return Fit(run, self.corpus, network, inputs, plan).fit()

    def judge(self, logits: Floats, chosen: Bools) -> dict[str, float]:
        """Figures of the test pictures from ``(pictures, columns)``: five words, mAP, and the chosen set."""
        judged = self.dataset.choose(self.dataset.samples[row] for row in self.rows)
        kept = judged_labels(self.dataset, judged)
        column = {label: index for index, label in enumerate(self.corpus.heads[self.dataset.kind])}
        # A word whose pictures were all held back from training is never told.
        places = [column.get(label, -1) for label, use in zip(self.dataset.labels, kept, strict=True) if use]
        scores = np.pad(logits, ((0, 0), (0, 1)), constant_values=-np.inf)[:, places]
        marks, truth = np.pad(chosen, ((0, 0), (0, 1)))[:, places], judged.truth()[:, kept]
        five, told = five_words(truth, scores), word_scores(truth, marks)
        figures = {"P": five.precision, "R": five.recall, "F1": five.f1, "N+": float(five.n_plus)}
        figures["mAP"] = mean_average_precision(truth, scores)
        figures |= {"set P": told.precision, "set R": told.recall, "set F1": told.f1}
        return {**figures, "labels": float(chosen.sum(axis=1).mean())}


class Taught(nn.Module):
    """A `SequenceHead` on given features."""

    def __init__(self, head: SequenceHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor, sequences: Tensor | None = None, heads: Tensor | None = None) -> Tensor:
        """The linear head's logits; with sequences also the decoders' loss."""
        if sequences is None or heads is None:
            logits: Tensor = self.head.linear(features)
            return logits
        return self.head.teach(features, sequences, heads)  # type: ignore[return-value]


@click.command()
@click.option("--dataset", "spec", required=True, metavar="KIND:PATH", help="Labelled pictures with a test split.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where maps are kept.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, metavar="N")
@click.option("--start", type=click.Choice(STARTS), default="imagenet", show_default=True, help="Whose features.")
@click.option(
    "--held", is_flag=True, help="Judge on the held-back training pictures, the orders only, both directions."
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(spec: str, cache: Path, seeds: int, start: str, held: bool, output: Path | None) -> None:
    """Train each variant once for each seed, and print the figures."""
    with TemporaryDirectory() as folder:
        run = Run(Path(folder), [load_dataset(spec)], shared=cache)
        bench = prepared(run, start, held)
    found: dict[str, list[dict[str, float]]] = {}
    for seed in range(seeds):
        for name, variant in (orders if held else variants)(bench).items():
            for row, figures in variant(seed).items():
                found.setdefault(f"{name}{row}", []).append(figures)
                click.echo(f"seed {seed}, {name}{row}: {figures}", err=True)
    judged = "held-back training pictures" if held else "the test split"
    print_claim(f"cnn-rnn: labels as a sequence, on frozen features, judged on {judged}", found, output)


def prepared(run: Run, start: str, held: bool) -> Bench:
    """The features of all pictures, and the rows to judge on."""
    corpus, (dataset,) = gather(run), run.datasets
    rows = np.array([row for row, sample in enumerate(dataset.samples) if sample.split == "test"])
    rows = corpus.held if held else rows
    if start == "imagenet":
        return Bench(corpus, dataset, pooled(corpus, run.cache), rows)
    network = CnnRnnNetwork(corpus.heads, Shape(dict.fromkeys(corpus.heads, 1)))
    network.start_from_everyday(corpus.heads)
    features = torch.from_numpy(whole_features(run, network, corpus, lasting=True))
    return Bench(corpus, dataset, features, rows, network.head)


Variant = Callable[[int], Mapping[str, dict[str, float]]]


def variants(bench: Bench) -> dict[str, Variant]:
    """What is compared; each, given a seed, gives one row or several."""
    kind = bench.dataset.kind
    counts = bench.corpus.targets[bench.corpus.train].sum(axis=1)
    plain = Shape({kind: int(counts.max())}, both=False, beams=_WIDTH)
    found: dict[str, Variant] = {
        "linear head, BCE": lambda seed: linear(bench, masked(binary_cross_entropy), seed),
        "linear head, ASL": lambda seed: linear(bench, masked(asymmetric), seed),
    }
    for order in ORDERS:
        found[order] = lambda seed, order=order: told(bench, replace(plain, order=order), seed)  # type: ignore[misc]
    found[f"{RARE}, no linear head before"] = lambda seed: told(bench, replace(plain, semantic=False), seed)
    found[BOTH] = lambda seed: told(bench, replace(plain, both=True), seed, WIDTHS)
    return found


def orders(bench: Bench) -> dict[str, Variant]:
    """Each order with both directions, as the recipe builds it."""
    counts = bench.corpus.targets[bench.corpus.train].sum(axis=1)
    shape = Shape({bench.dataset.kind: int(counts.max())})
    return {order: lambda seed, order=order: told(bench, replace(shape, order=order), seed) for order in ORDERS}  # type: ignore[misc]


def linear(bench: Bench, loss: Loss, seed: int) -> dict[str, dict[str, float]]:
    """A linear head alone, built and trained as the one beside the decoders."""
    network = Taught(_seeded(bench, Shape({bench.dataset.kind: 1}, both=False), seed)).head.linear
    trained = bench.fit(network, loss, "", seed)
    with torch.inference_mode():
        logits = trained(bench.features[torch.from_numpy(bench.rows)]).numpy()
    return {"": bench.judge(logits, logits >= 0)}


def told(bench: Bench, shape: Shape, seed: int, widths: tuple[int, ...] = (_WIDTH,)) -> dict[str, dict[str, float]]:
    """Decoders with a linear head beside them (asymmetric loss); at several widths also fused with it."""
    kind = bench.dataset.kind
    trained = bench.fit(Taught(_seeded(bench, shape, seed)), make_loss(1.0), shape.order, seed)
    assert isinstance(trained, Taught)
    head, found = trained.head, {}
    with torch.inference_mode():
        features = bench.features[torch.from_numpy(bench.rows)]
        opinion = head.linear(features)
        seen = head.seen(features, opinion)
        for width in widths:
            marks = head.best_set(seen, kind, width).numpy()
            name = f", width {width}" if len(widths) > 1 else ""
            found[name] = bench.judge(head.told(seen, width).numpy(), marks)
        if len(widths) > 1:
            held = tuple(each.numpy() for each in head(bench.features[torch.from_numpy(bench.corpus.held)]))
            rule = fit_rules(bench.corpus, *held)[kind]
            logits = rule([opinion.numpy(), head.told(seen).numpy()]).astype(np.float32)
            found[", fused with its linear head"] = bench.judge(logits, head.best_set(seen, kind).numpy())
    return found


def _seeded(bench: Bench, shape: Shape, seed: int) -> SequenceHead:
    torch.manual_seed(seed)
    head = SequenceHead(bench.features.shape[1], bench.corpus.heads, shape)
    if bench.begin is not None:
        head.linear.load_state_dict(bench.begin.linear.state_dict())
    return head


def pooled(corpus: Corpus, cache: Path) -> Tensor:
    """The features of the untouched backbone for all pictures, kept in `cache`: float32 ``(pictures, width)``."""
    network = CnnRnnNetwork(corpus.heads, Shape(dict.fromkeys(corpus.heads, 1)))
    maps = cached_maps(corpus.files, network.backbone, FROZEN_STAGES, cache)

    def compute(start: int, stop: int) -> NDArray[np.float16]:
        with torch.inference_mode():
            found = network.features(torch.from_numpy(maps[start:stop]).float().permute(0, 3, 1, 2))
        return found.half().numpy()

    rows = picture_rows(cache, f"cnn-rnn-{'-'.join(network.layers)}", (), corpus.files, compute)
    return torch.from_numpy(rows.astype(np.float32))


if __name__ == "__main__":
    main()
