"""The shipped emotion weights: on how many pictures a feeling is shown, and how their ratings compare with people's.

    python -m benchmarks.claims.emotion_shown --dataset ratings:PATH --dataset flickr8k:PATH --dataset scenes:PATH

Of each set up to --pictures of the dev split are looked at, drawn by chance; sets without one are judged on all.  On
sets of kind ratings also: Spearman's r of valence and arousal, of the pictures between valence 3 and 5 the share that
is shown as positive or negative ("neutral shown"), and the precision of what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from scipy.stats import spearmanr

from benchmarks.claims.report import print_claim
from imsearch.pictures.picture import read_picture
from imsearch.plugins.emotion import MODEL
from imsearch.plugins.emotion.annotator import EmotionAnnotator
from imsearch.training.checkpoint import WEIGHTS
from imsearch.training.corpus import DEVELOPMENT
from imsearch.training.data.datasets import Dataset, Sample, load_dataset
from imsearch.training.data.rated_sets import RATINGS, SCALES, ratings_of
from imsearch.training.probabilities import Floats

TITLE = "What the shipped emotion weights show"
POLES = {"valence": ("negative", "positive"), "arousal": ("calm", "exciting")}


def drawn(dataset: Dataset, most: int) -> list[Sample]:
    """Up to `most` samples of the dev split, always the same ones."""
    samples = [each for each in dataset.samples if each.split in DEVELOPMENT] or list(dataset.samples)
    order = np.random.default_rng(0).permutation(len(samples))[:most]
    return [samples[place] for place in sorted(order.tolist())]


def said(annotator: EmotionAnnotator, samples: Sequence[Sample]) -> Floats:
    """The probabilities ``(samples, labels)`` of the head of ratings."""
    size = annotator.batch_size
    parts = []
    for start in range(0, len(samples), size):
        pictures = [read_picture(sample.file, annotator.side) for sample in samples[start : start + size]]
        parts.append(annotator.label_scores([annotator.prepare(picture) for picture in pictures])[RATINGS])
    return np.concatenate(parts)


def figures_of(annotator: EmotionAnnotator, dataset: Dataset, samples: Sequence[Sample]) -> dict[str, float]:
    """Shares of pictures by what is shown; with ratings, how they compare."""
    labels = annotator.heads[RATINGS]
    probabilities = said(annotator, samples)
    least = [annotator.checkpoint.thresholds[f"emotion:{label}"] for label in labels]
    shown = probabilities >= np.array(least)
    figures = {"pictures": float(len(samples)), "any shown": float(shown.any(axis=1).mean())}
    figures |= {f"{label} shown": float(shown[:, place].mean()) for place, label in enumerate(labels)}
    if dataset.kind == RATINGS:
        rated = np.array([ratings_of(sample) for sample in samples])
        odds = dict(zip(labels, np.log(probabilities / (1 - probabilities)).T, strict=True))
        for place, scale in enumerate(SCALES):
            low, high = POLES[scale]
            figures[f"{scale} r"] = float(spearmanr(odds[high] - odds[low], rated[:, place]).statistic)
        neutral = (rated[:, 0] > 3) & (rated[:, 0] < 5)
        sides = [labels.index(label) for label in POLES["valence"]]
        figures["neutral shown"] = float(shown[neutral][:, sides].any(axis=1).mean())
        truth = np.array([[label in sample.labels for label in labels] for sample in samples])
        figures["precision"] = float(truth[shown].mean()) if shown.any() else 0.0
    return figures


@click.command()
@click.option("--dataset", "datasets", multiple=True, required=True, help="KIND:PATH.")
@click.option("--pictures", type=click.IntRange(min=1), default=150, show_default=True, help="Of each set at most.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Gets the figures as JSON.")
def main(datasets: Sequence[str], pictures: int, output: Path | None) -> None:
    """Tell how often the shipped emotion weights show a feeling."""
    annotator = EmotionAnnotator(MODEL.folder / WEIGHTS)
    found = {}
    for dataset in map(load_dataset, datasets):
        found[dataset.folder.name] = [figures_of(annotator, dataset, drawn(dataset, pictures))]
    names = list(dict.fromkeys(name for (figures,) in found.values() for name in figures))
    told = {name: [{each: figures.get(each, float("nan")) for each in names}] for name, (figures,) in found.items()}
    print_claim(TITLE, told)
    if output is not None:
        output.write_text(json.dumps({"title": TITLE, "variants": found}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
