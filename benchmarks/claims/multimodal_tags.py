"""Claim of the multi-modal model (Niu et al. 2017, https://arxiv.org/abs/1709.01220): social tags beat pixels alone.

    python -m benchmarks.claims.multimodal_tags --dataset corel5k:PATH --dataset flickr8k:PATH --cache runs/maps \
          --output docs/figures/multimodal_tags.json

What is seen is what the shipped weights see, the same in every row, and the guesses that the branch of tags learns
beside are the same for every seed.  The branch learns anew for each seed, as the recipe does it; rows differ by the
tags that it is shown then: none, the picture's own, another picture's, or both.
Judged on Flickr8k's dev split, which also served calibration: its `text_tags`, content words of a caption that its
labels were not made of, stand in for social tags, without the words that say a label; in the last row with them, as in
use.  Corel5k has no tags: on its test split half of a picture's labels, by lot, stand in for tags, in all rows only the
others are judged; "wrong": half of the labels of another picture.

C are means over words, O is over all: of what is over its threshold; of five words; of the rounded mean number of
labels of training pictures; of the predicted number.
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

from benchmarks.claims.report import Figures, print_claim
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.inputs import make_inputs, pooled_features
from imsearch.plugins.multimodal.network import COARSE, FINE, TagBranch
from imsearch.plugins.multimodal.recipe import DEFAULTS, mean_counts
from imsearch.plugins.multimodal.social import TagReader
from imsearch.plugins.multimodal.tag_learning import added, guesses, learn_tags
from imsearch.plugins.multimodal.tags import Showing, gather_tags
from imsearch.training.calibration import calibrated
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import load_dataset
from imsearch.training.efficientnet_lite import fold_normalization, load_imagenet
from imsearch.training.features import cached_maps
from imsearch.training.fit import Rows, predict
from imsearch.training.metrics import (
    count_error,
    image_mean_average_precision,
    mean_average_precision,
    threshold_scores,
    top_counts,
)
from imsearch.training.probabilities import Floats, sigmoid
from imsearch.training.run import Run

JUDGED = {"corel5k": "test", "flickr8k": "dev"}
_OUT = -1.0


class Bench:
    """The corpus, what the shipped weights see of it, and the tags."""

    def __init__(self, specs: Sequence[str], cache: Path, weights: Path) -> None:
        self.run = Run(cache, [load_dataset(spec) for spec in specs], shared=cache)
        self.settings = self.run.settings(DEFAULTS)
        self.corpus: Corpus = gather(self.run)
        self.annotator = MultimodalAnnotator(weights)
        assert self.annotator.heads == self.corpus.heads, "the weights learned from other datasets"
        self.rows = {kind: self._judged(kind) for kind in self.corpus.heads}
        everything = np.unique(np.concatenate([self.corpus.held, *self.rows.values()]))
        self.reader = TagReader([label for labels in self.corpus.heads.values() for label in labels], Lexicon.load())
        self.tags = gather_tags(self.corpus, self.reader, everything)
        self.learned = guesses(self.run, self.corpus, self._look(everything, cache), self.settings)
        self.learned[self.corpus.held] = self.seen[self.corpus.held]

    def _judged(self, kind: str) -> Rows:
        kinds = [part.kind for part in self.corpus.parts for _ in part.samples]
        chosen = zip(kinds, self.corpus.samples, strict=True)
        return np.flatnonzero([found == kind and sample.split == JUDGED[kind] for found, sample in chosen])

    def _look(self, rows: Rows, cache: Path) -> NDArray[np.float32]:
        """Sets what is seen and counted in `rows`; the features of the untouched backbone."""
        backbone, network = load_imagenet("lite2"), self.annotator.network
        fold_normalization(backbone)
        files = [[sample.file for sample in part.samples] for part in self.corpus.parts]
        maps = [[cached_maps(each, backbone, stages, cache) for each in files] for stages in (FINE, COARSE)]
        pooled = [pooled_features(each, backbone, found, cache) for each, found in zip(files, maps[1], strict=True)]
        inputs, device = make_inputs(self.corpus, maps, self.settings), torch.device("cpu")
        features = predict(network, inputs, rows, device, lambda output: output[2])
        with torch.inference_mode():
            logits, counts = (each.numpy() for each in network.head(torch.from_numpy(features)))
        self.seen = np.zeros_like(self.corpus.targets)
        self.seen[rows] = calibrated(logits, self.annotator.checkpoint, self.annotator.memory, features)
        self.counts = np.zeros((len(self.seen), counts.shape[1]), np.float32)
        self.counts[rows] = counts
        return np.concatenate(pooled).astype(np.float32)

    def learn(self, seed: int) -> TagBranch:
        """A branch of this seed."""
        with tempfile.TemporaryDirectory() as folder:
            run = replace(self.run, folder=Path(folder), seed=seed, effective={})
            run.settings(DEFAULTS)
            run.seed_everything(9)
            outputs = self.corpus.targets.shape[1]
            branch = TagBranch(self.reader.length, self.settings["hidden"], outputs, self.settings["dropout"])
            return learn_tags(run, self.corpus, branch, self.tags, self.learned, self.settings)[0].eval()

    def judge(self, kind: str, branch: TagBranch, seed: int) -> dict[str, Figures]:
        """The figures of each way to tell tags, by the name of its row."""
        rows, generator = self.rows[kind], np.random.default_rng(seed)
        others = self.tags.others(rows, rows, generator)
        own, foreign = ([self._told(kind, row, generator) for row in some] for some in (rows, others))
        mixed = [np.union1d(*pair) for pair in zip(own, foreign, strict=True)]
        stand_ins = not self.tags.written[rows].any()
        several = {"right tags": own, "own and another's": mixed, "wrong tags": foreign}
        likeness = branch.likeness()
        shown = {name: self.tags.whole(places, stand_ins, likeness) for name, places in several.items()}
        known = np.ones_like(self.seen[rows], dtype=bool)
        if stand_ins:
            for each in shown.values():
                known &= each.said == 0
        else:
            shown["right tags, label words too"] = self.tags.whole(own, True, likeness)
            shown["wrong tags, label words too"] = self.tags.whole(foreign, True, likeness)
        nothing = Showing(*(np.zeros_like(each) for each in shown["right tags"]))
        return {
            name: self._figures(kind, self.seen[rows] + added(branch, self.seen[rows], each), known)
            for name, each in {"without tags": nothing, **shown}.items()
        }

    def _told(self, kind: str, row: int, generator: np.random.Generator) -> Rows:
        """A picture's tags; half of them where they are labels."""
        places = self.tags.places[row]
        return places if self.tags.written[self.rows[kind]].any() else generator.permutation(places)[: len(places) // 2]

    def _figures(self, kind: str, logits: Floats, known: NDArray[np.bool_]) -> Figures:
        rows, checkpoint = self.rows[kind], self.annotator.checkpoint
        columns = checkpoint.slices[kind]
        known, p = known[:, columns], sigmoid(logits[:, columns])
        truth, p = self._true(kind, rows) & known, np.where(known, p, np.float32(_OUT))
        own = [checkpoint.thresholds.get(tag, checkpoint.threshold) for tag in checkpoint.tags[columns]]
        over = p >= np.array(own, np.float32)
        counts = np.maximum(self.counts[rows, list(checkpoint.heads).index(kind)], 1)
        mean = float(mean_counts(self.corpus)[list(checkpoint.heads).index(kind)])
        ways = {
            "threshold": over,
            "five": top_counts(p, np.full(len(p), 5)),
            "mean k": top_counts(p, np.full(len(p), mean)),
            "predicted k": top_counts(p, counts),
            "threshold within k": over & top_counts(p, counts),
        }
        found = {"mAP words": mean_average_precision(truth, p), "mAP pictures": image_mean_average_precision(truth, p)}
        for way, chosen in ways.items():
            of = threshold_scores(truth, chosen & known)
            found |= {f"C-F1 {way}": of.per_word.f1, f"O-F1 {way}": of.overall_f1}
        of = threshold_scores(truth, over & known)
        found |= {"O-P threshold": of.overall_precision, "O-R threshold": of.overall_recall}
        return found | {"error of k": count_error(truth, counts)}

    def _true(self, kind: str, rows: Rows) -> NDArray[np.bool_]:
        labels = self.corpus.heads[kind]
        several = [set(self.corpus.samples[row].labels) for row in rows]
        return np.array([[label in each for label in labels] for each in several])


COLUMNS: Mapping[str, Sequence[str]] = {
    "ranking": ("mAP words", "mAP pictures"),
    "over the threshold": ("C-F1 threshold", "O-P threshold", "O-R threshold", "O-F1 threshold"),
    "O-F1 by the number of words": ("O-F1 five", "O-F1 mean k", "O-F1 predicted k", "O-F1 threshold within k"),
    "C-F1 by the number of words": ("C-F1 five", "C-F1 mean k", "C-F1 predicted k", "C-F1 threshold within k"),
}


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH")
@click.option("--cache", required=True, type=click.Path(path_type=Path), help="Keeps the outputs of the frozen layers.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--weights", type=click.Path(path_type=Path), help="Another checkpoint than the shipped one.")
@click.option("--output", type=click.Path(path_type=Path), help="All figures, seed by seed, as JSON.")
def main(specs: tuple[str, ...], cache: Path, seeds: int, weights: Path | None, output: Path | None) -> None:
    """Learns the branch of tags for each seed, and judges it with right tags, wrong ones and none."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    bench = Bench(specs, cache, weights or MODEL.folder / "weights.safetensors")
    told: dict[str, list[Figures]] = {}
    for seed in range(seeds):
        branch = bench.learn(seed)
        for kind in bench.rows:
            for name, figures in bench.judge(kind, branch, seed).items():
                told.setdefault(f"{kind}: {name}", []).append(figures)
        click.echo(f"seed {seed} done, weights {branch.weights.tolist()}, trust {branch.trust.tolist()}", err=True)
    for title, names in COLUMNS.items():
        print_claim(title, {row: [{name: f[name] for name in names} for f in each] for row, each in told.items()})
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        title = "Social tags beside what the shipped weights of multimodal see"
        output.write_text(json.dumps({"title": title, "variants": told}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
