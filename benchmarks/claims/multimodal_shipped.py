"""The shipped weights of the multi-modal model: with and without social tags, at the predicted number of labels.

    python -m benchmarks.claims.multimodal_shipped --dataset corel5k:PATH --dataset flickr8k:PATH

Judged on the test split (Corel5k) or the dev split (Flickr8k, which served calibration).  Flickr8k's `text_tags` stand
in for social tags, without words that say a label.  Beside the ways of `benchmarks.claims.multimodal` to choose words:

- what is shown: words over their thresholds, alone, and within the predicted number as the annotator does it;
- words whose balanced score (`imsearch.training.metrics.balanced`) reaches one level for all words.  Strength and level
  are those with the best C-F1 on the pictures of Corel5k's training split that the recipe holds back; beside it a
  strength of 0.8, which `imsearch evaluate` uses.  (None of Flickr8k's pictures are left to choose by.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.claims.multimodal import figures, print_tables
from benchmarks.claims.report import Figures, print_claim
from imsearch.pictures.picture import read_picture
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.social import text_tags
from imsearch.training.data.datasets import Dataset, Sample, hold_out, label_matrix, load_dataset
from imsearch.training.metrics import balanced, threshold_scores, top_counts
from imsearch.training.probabilities import Floats, sigmoid

STRENGTHS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
USUAL = 0.8


@dataclass(frozen=True)
class Judged:
    """What the annotator says of some pictures: probabilities ``(N, labels)`` and counts ``(N,)``."""

    truth: NDArray[np.bool_]
    probabilities: Floats
    counts: Floats


def look(annotator: MultimodalAnnotator, kind: str, samples: list[Sample]) -> dict[bool, Judged]:
    """Without (False) and with (True) the pictures' text tags."""
    head = list(annotator.heads).index(kind)
    columns = annotator.checkpoint.slices[kind]
    likeness = annotator.likeness
    assert likeness is not None, "these weights read no tags"
    parts: dict[bool, list[tuple[Floats, Floats]]] = {False: [], True: []}
    for start in range(0, len(samples), annotator.batch_size):
        some = samples[start : start + annotator.batch_size]
        bare = [annotator.prepare(read_picture(sample.file, annotator.side)) for sample in some]
        told = [annotator.reader.read(silent(annotator, sample), likeness) for sample in some]
        features, seen = annotator.forward(bare)
        assert features is not None
        counts = annotator.counts(features)[:, head]
        for tags, final in ((False, seen), (True, seen + annotator.added(seen, told))):
            parts[tags].append((sigmoid(final)[:, columns], counts))
    truth = label_matrix([sample.labels for sample in samples], annotator.heads[kind])
    return {
        tags: Judged(truth, *(np.concatenate([part[i] for part in several]) for i in (0, 1)))
        for tags, several in parts.items()
    }


def silent(annotator: MultimodalAnnotator, sample: Sample) -> list[str]:
    """A picture's text tags without those that say a label of any head."""
    return [tag for tag in text_tags(sample) if not annotator.reader.said(tag)]


def decided(truth: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> Figures:
    """The threshold protocol, and how many words a picture gets."""
    found = threshold_scores(truth, chosen)
    word = found.per_word
    return {
        **{"C-P": word.precision, "C-R": word.recall, "C-F1": word.f1, "N+": word.n_plus, "words": word.words},
        **{"O-P": found.overall_precision, "O-R": found.overall_recall, "O-F1": found.overall_f1},
        "a picture": float(chosen.sum(axis=1).mean()),
    }


def shown(annotator: MultimodalAnnotator, kind: str, judged: Judged) -> dict[str, list[Figures]]:
    """Words over their thresholds, and those of them that are within the predicted number."""
    checkpoint = annotator.checkpoint
    tags = checkpoint.tags[checkpoint.slices[kind]]
    over = judged.probabilities >= np.array([checkpoint.thresholds.get(tag, checkpoint.threshold) for tag in tags])
    within = top_counts(judged.probabilities, np.maximum(judged.counts, 1))
    return {"over the threshold": [decided(judged.truth, over)], "and within k": [decided(judged.truth, over & within)]}


def best_level(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> tuple[float, float]:
    """The best C-F1, and the score from which on all words are then chosen; of 200 quantiles of the likelier scores."""
    levels = np.quantile(scores, np.linspace(0.95, 0.9999, 200))
    return max((threshold_scores(truth, scores >= level).per_word.f1, float(level)) for level in levels)


def over_one_level(dataset: Dataset, annotator: MultimodalAnnotator, test: Judged) -> dict[str, list[Figures]]:
    """Balanced scores over a level: strength and level chosen on held-back pictures, or the level alone."""
    checkpoint = annotator.checkpoint
    frequency = np.array(checkpoint.frequency)[checkpoint.slices[dataset.kind]]
    held = hold_out([sample for sample in dataset.samples if sample.split == "train"], 20)[1]
    before = look(annotator, dataset.kind, held)[False]
    best = {s: best_level(before.truth, balanced(before.probabilities, frequency, s)) for s in STRENGTHS}
    rows = {}
    for strength in (USUAL, max(STRENGTHS, key=lambda s: best[s])):
        level = best[strength][1]
        chosen = balanced(test.probabilities, frequency, strength) >= level
        rows[f"strength {strength}, level {level:.2f}"] = [decided(test.truth, chosen)]
    return rows


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH")
@click.option("--weights", type=click.Path(path_type=Path), help="Another checkpoint than the shipped one.")
def main(specs: tuple[str, ...], weights: Path | None) -> None:
    """Judges the shipped weights on each dataset."""
    annotator = MultimodalAnnotator(weights or MODEL.folder / "weights.safetensors")
    for spec in specs:
        dataset = load_dataset(spec)
        split = "test" if any(sample.split == "test" for sample in dataset.samples) else "dev"
        judged = look(annotator, dataset.kind, list(dataset.split(split).samples))
        rows = {"without tags": judged[False]}
        if any(map(text_tags, dataset.samples)):
            rows["with text tags"] = judged[True]
        mean = float(np.sum(np.array(annotator.checkpoint.frequency)[annotator.checkpoint.slices[dataset.kind]]))
        ways = {name: [figures(each.truth, each.probabilities, each.counts, mean)] for name, each in rows.items()}
        print_tables(dataset.kind, ways)
        for name, each in rows.items():
            print_claim(f"{dataset.kind}, shown, {name}", shown(annotator, dataset.kind, each))
        if split == "test":
            print_claim(f"{dataset.kind}, balanced, one level", over_one_level(dataset, annotator, judged[False]))


if __name__ == "__main__":
    main()
