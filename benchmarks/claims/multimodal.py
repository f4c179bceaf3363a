"""Claims of the multi-modal multi-scale model (Niu et al. 2017, https://arxiv.org/abs/1709.01220).

Claims: fused scales beat one scale; cutting at the predicted number of labels beats a fixed number.  (Social tags:
`benchmarks.claims.multimodal_tags`.)  Protocol: on frozen EfficientNet-Lite2 (ImageNet) each variant learns from the
whole training split,
first its head on the pooled features, then head and, where it has them, fusion blocks; all variants get the same number
of epochs, batches, rates and seeds, and the settings below, which were fixed beforehand.  Judged on the test split
(Corel5k) or the dev split (Flickr8k), which serve no choice.  Threshold protocol: C are means over words, O is over
all; at five words, at the predicted k, at the rounded mean k of the training pictures, and at the true k.  All words of
the training split compete for these places, also those that no judged picture has; `imsearch evaluate` leaves them out.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.claims.report import Figures, print_claim
from imsearch.plugins.multimodal.inputs import pooled_features
from imsearch.plugins.multimodal.network import COARSE, FINE, Fusion, SeenHead
from imsearch.plugins.multimodal.recipe import make_loss, mean_counts
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.efficientnet_lite import fold_normalization, load_imagenet
from imsearch.training.features import cached_maps
from imsearch.training.fit import Fit, Inputs, Plan, Rows, predict
from imsearch.training.metrics import (
    count_error,
    image_mean_average_precision,
    image_scores,
    mean_average_precision,
    threshold_scores,
    top_counts,
)
from imsearch.training.run import Run

HEAD_EPOCHS, FURTHER_EPOCHS, BATCH = 10, 2, 32
HEAD_RATE, FURTHER_RATE, FUSION_RATE = 2e-3, 5e-4, 2e-3
COUNT_WEIGHT = 0.1
VARIANTS = {"one scale": False, "multi-scale": True}
"""Whether it fuses scales."""


class Variant(nn.Module):
    """A head on the pooled feature of the frozen backbone, perhaps with the fusion branch beside it."""

    def __init__(self, outputs: int, scales: bool) -> None:
        super().__init__()
        self.fusion = Fusion() if scales else None
        self.head = SeenHead(outputs, 1)

    def forward(self, features: Tensor, *maps: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and counts; the fusion branch adds to the features where the maps are given."""
        if maps and self.fusion is not None:
            features = features + self.fusion(*maps)
        found: tuple[Tensor, Tensor] = self.head(features)
        return found


class Bench:
    """One dataset: its corpus, the frozen features and maps, and the training of a variant on them."""

    def __init__(self, dataset: Dataset, cache: Path) -> None:
        # The test split takes the place of what is held back, so that the whole training split is learned from.
        samples = [replace(s, split="dev") if s.split == "test" else s for s in dataset.samples]
        self.run = Run(cache, [dataset.choose(samples)])
        self.corpus: Corpus = gather(self.run)
        backbone = load_imagenet("lite2")
        fold_normalization(backbone)
        files = self.corpus.files
        self.maps = [cached_maps(files, backbone, stages, cache) for stages in (FINE, COARSE)]
        self.features = pooled_features(files, backbone, self.maps[1], cache)

    def judge(self, scales: bool, seed: int) -> Figures:
        """Trains a variant and tells its figures."""
        corpus = self.corpus
        torch.manual_seed(seed)
        network = Variant(corpus.targets.shape[1], scales)
        network.head.start_counts(mean_counts(corpus))
        head = {"params": list(network.head.parameters()), "lr": HEAD_RATE}
        trained = self._fit(network, [head], HEAD_EPOCHS, False, seed)
        head = {"params": list(trained.head.parameters()), "lr": FURTHER_RATE}
        fused = [{"params": list(trained.fusion.parameters()), "lr": FUSION_RATE}] if trained.fusion else []
        trained = self._fit(trained, [head, *fused], FURTHER_EPOCHS, scales, seed)
        inputs, device = self._inputs(scales), torch.device("cpu")
        logits = predict(trained, inputs, corpus.held, device)
        counts = predict(trained, inputs, corpus.held, device, lambda output: output[1])
        (name,) = corpus.heads
        return figures(corpus.judged(name, corpus.held)[1], logits, counts[:, 0], float(mean_counts(corpus)[0]))

    def _fit(self, network: Variant, groups: list[dict[str, object]], epochs: int, maps: bool, seed: int) -> Variant:
        with tempfile.TemporaryDirectory() as folder:
            run = replace(self.run, folder=Path(folder), seed=seed)
            loss = make_loss(self.corpus.slices, COUNT_WEIGHT)
            plan = Plan(groups, epochs, BATCH, loss, average=0.99)
            found = Fit(run, self.corpus, network, self._inputs(maps), plan).fit()
        assert isinstance(found, Variant)
        return found

    def _inputs(self, maps: bool) -> Inputs:
        def inputs(rows: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
            seen = torch.from_numpy(np.asarray(self.features[rows], dtype=np.float32))
            found = [torch.from_numpy(each[rows]).float().permute(0, 3, 1, 2) for each in self.maps] if maps else []
            return (seen, *found)

        return inputs


def figures(truth: NDArray[np.bool_], scores: NDArray[np.float32], counts: NDArray[np.float32], mean: float) -> Figures:
    """Ranking, counting, and the threshold protocol for each way to choose how many words are kept."""
    found = {
        "mAP words": mean_average_precision(truth, scores),
        "mAP pictures": image_mean_average_precision(truth, scores),
        "error of k": count_error(truth, counts),
        "error of mean k": count_error(truth, np.full(len(truth), mean)),
    }
    ways = {
        "five": np.full(len(truth), 5),
        "mean k": np.full(len(truth), mean),
        "predicted k": np.maximum(counts, 1),
        "true k": truth.sum(axis=1),
    }
    for way, several in ways.items():
        chosen = top_counts(scores, several)
        of, pictures = threshold_scores(truth, chosen), image_scores(truth, chosen)
        word = of.per_word
        found |= {f"C-P {way}": word.precision, f"C-R {way}": word.recall, f"C-F1 {way}": word.f1}
        found |= {f"O-P {way}": of.overall_precision, f"O-R {way}": of.overall_recall, f"O-F1 {way}": of.overall_f1}
        found[f"picture F1 {way}"] = pictures.f1
    return found


RANKING = ("mAP words", "mAP pictures", "error of k", "error of mean k")
DECIDED = ("C-P", "C-R", "C-F1", "O-P", "O-R", "O-F1", "picture F1")
WAYS = {
    "five": "five words",
    "mean k": "the rounded mean of the training pictures",
    "predicted k": "as many as predicted",
    "true k": "as many as there are",
}


def print_tables(kind: str, told: Mapping[str, Sequence[Figures]]) -> None:
    """One table of ranking and counting, and one for each way to choose how many words are kept."""
    tables = {"ranking and counting": {name: name for name in RANKING}}
    tables.update({title: {name: f"{name} {way}" for name in DECIDED} for way, title in WAYS.items()})
    for title, columns in tables.items():
        rows = {
            row: [{name: f[key] for name, key in columns.items()} for f in several] for row, several in told.items()
        }
        print_claim(f"{kind}, {title}", rows)


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH")
@click.option("--cache", required=True, type=click.Path(path_type=Path), help="Keeps the outputs of the frozen layers.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="All figures, seed by seed, as JSON.")
def main(specs: tuple[str, ...], cache: Path, seeds: int, output: Path | None) -> None:
    """Trains and judges the variants on each dataset."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    everything = {}
    for spec in specs:
        bench = Bench(load_dataset(spec), cache)
        kind = spec.partition(":")[0]
        told: dict[str, list[Figures]] = {}
        for name, scales in VARIANTS.items():
            for seed in range(seeds):
                told.setdefault(name, []).append(bench.judge(scales, seed))
                click.echo(f"{kind}, {name}, seed {seed} done", err=True)
        print_tables(kind, told)
        everything.update({f"{kind}: {name}": several for name, several in told.items()})
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        title = "Multi-modal multi-scale on frozen EfficientNet-Lite2"
        output.write_text(json.dumps({"title": title, "variants": everything}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
