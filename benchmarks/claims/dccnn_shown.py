"""How many of the true labels an annotator's tags show at a given precision: what a user has of a weak model.

    python -m benchmarks.claims.dccnn_shown --dataset flickr8k:PATH [--held-out N] [--annotator NAME]...

Pairs of a picture and a label are counted over all pictures (micro averages): first what is shown as installed, then
what would be shown from the one threshold that gives the wanted precision with the most labels.  A label is scored by
the tag it means; what nobody wrote down counts as wrong, though it may be in the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.cli.evaluate import choose
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.manager import make_manager
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.evaluate import prepared_batches
from imsearch.training.metrics import mean_average_precision


def scores_of(spec: AnnotatorSpec, chosen: Dataset) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The probability of each label's tag, and whether it is shown: ``(pictures, labels)``."""
    lexicon, annotator = Lexicon.load(), spec.factory("cpu")
    tags = [lexicon.canonical(label) or label for label in chosen.labels]
    scores = np.zeros((len(chosen.samples), len(tags)), dtype=np.float32)
    row = 0
    for batch in prepared_batches(spec, annotator, chosen.samples):
        for annotation in annotator.annotate(batch):
            told = {tag.name: tag.probability for tag in annotation.tags}
            scores[row] = [told.get(tag, 0.0) for tag in tags]
            row += 1
    annotator.close()
    shown = [[spec.shows(tag, value) for tag, value in zip(tags, each, strict=True)] for each in scores]
    return scores, np.array(shown)


def at_precision(truth: NDArray[np.bool_], scores: NDArray[np.float32], wanted: float) -> tuple[float, float]:
    """The greatest recall at that precision or a better one, and its threshold; 0 and 1 where there is none."""
    order = np.argsort(-scores.ravel(), kind="stable")
    hits = np.cumsum(truth.ravel()[order])
    enough = np.flatnonzero(hits / np.arange(1, len(hits) + 1) >= wanted)
    if not len(enough):
        return 0.0, 1.0
    return float(hits[enough[-1]] / truth.sum()), float(scores.ravel()[order[enough[-1]]])


@click.command()
@click.option("--dataset", "specs", multiple=True, required=True, metavar="KIND:PATH", help="May be given again.")
@click.option("--held-out", type=int, metavar="N", help="Only the one picture in N that recipes hold back.")
@click.option("--annotator", "names", multiple=True, default=("dccnn", "everyday"), show_default=True)
@click.option("--precision", default=0.6, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="JSON.")
def main(
    specs: Sequence[str], held_out: int | None, names: Sequence[str], precision: float, output: Path | None
) -> None:
    """Print precision and recall of shown tags, as installed and at a precision."""
    offered = {spec.name: spec for spec in make_manager().offered()}
    variants = {}
    for dataset in map(load_dataset, specs):
        chosen = choose(dataset, None, held_out)
        truth = chosen.truth()
        for name in names:
            scores, shown = scores_of(offered[name], chosen)
            recall, threshold = at_precision(truth, scores, precision)
            figures = {
                "mAP": mean_average_precision(truth, scores),
                "shown precision": float((truth & shown).sum() / max(shown.sum(), 1)),
                "shown recall": float((truth & shown).sum() / truth.sum()),
                f"recall at {precision:g}": recall,
                "threshold there": threshold,
            }
            variants[f"{name}, {dataset.folder.name}, {len(truth)} pictures"] = [figures]
    print_claim("True labels that tags show", variants, output)


if __name__ == "__main__":
    main()
