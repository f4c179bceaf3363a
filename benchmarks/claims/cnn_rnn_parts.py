"""What each part of trained cnn-rnn weights is worth: the linear head, the decoders, both, and the memory.

Judged on the test split over the words of both splits.  Each row is calibrated on the held-back training pictures (a
logistic regression), then: five words by probability; five words balanced (`metrics.balanced`, strength 0.8); mAP; and
all words whose balanced score passes one threshold, that with the best F1 on the held-back pictures.  The last row is
the set at which the decoders stop.

    python -m benchmarks.claims.cnn_rnn_parts --dataset corel5k:DATA/corel5k --cache DIR
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.errors import DatasetError
from imsearch.plugins.cnn_rnn import MODEL
from imsearch.plugins.cnn_rnn.annotator import CnnRnnAnnotator
from imsearch.plugins.cnn_rnn.features import whole_features
from imsearch.plugins.cnn_rnn.recipe import judge
from imsearch.training.calibration import fit_platt
from imsearch.training.corpus import gather
from imsearch.training.data.datasets import load_dataset
from imsearch.training.evaluate import BALANCE
from imsearch.training.metrics import balanced, five_words, mean_average_precision, word_scores
from imsearch.training.probabilities import sigmoid
from imsearch.training.run import Run

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


@click.command()
@click.option("--dataset", "spec", required=True, metavar="KIND:PATH", help="Labelled pictures with a test split.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where features are kept.")
@click.option("--weights", type=click.Path(path_type=Path), default=MODEL.folder / "weights.safetensors")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(spec: str, cache: Path, weights: Path, output: Path | None) -> None:
    """Print a row of figures for each part."""
    dataset, annotator = load_dataset(spec), CnnRnnAnnotator(weights)
    with TemporaryDirectory() as folder:
        run = Run(Path(folder), [dataset], device=annotator.device)
        corpus, (dataset,) = gather(run), run.datasets  # whose samples are in the order of the rows
    if annotator.heads.get(dataset.kind) != corpus.heads[dataset.kind]:
        raise DatasetError(f"{weights} did not learn the labels of {dataset.folder}")
    network, columns = annotator.network, annotator.checkpoint.slices[dataset.kind]
    run = replace(run, shared=cache)
    features = whole_features(run, network, corpus, lasting=True)
    test = np.array([row for row, sample in enumerate(dataset.samples) if sample.split == "test"])
    parts: list[dict[str, list[Floats]]] = []
    for rows in (corpus.held, test):
        vectors = features[rows, -network.vector_length :]
        linear, told = judge(network, features[rows], run.device)
        both = network.fused(torch.from_numpy(linear), torch.from_numpy(told)).numpy()[:, columns]
        found = {"linear head": [linear[:, columns]], "decoders": [told[:, columns]], "both": [both]}
        if annotator.memory is not None:
            found["both and memory"] = [both, annotator.memory.evidence(dataset.kind, vectors)]
        parts.append(found)
    truth = [corpus.targets[rows] >= 0.5 for rows in (corpus.held, test)]
    frequency = np.maximum(corpus.frequency, 1 / len(corpus.train))
    # A word that the training split has, but only in held-back pictures, counts as never found.
    lost = int((dataset.split("test").truth() & dataset.split("train").truth().any(axis=0)).any(axis=0).sum())
    lost -= int(truth[1].any(axis=0).sum())
    table = {name: [_figures(parts[0][name], parts[1][name], truth, frequency, lost)] for name in parts[0]}
    print_claim("cnn-rnn: the parts of the trained weights, judged on the test split", table, output)
    with torch.inference_mode():
        marks = []
        for start in range(0, len(test), 64):
            some = torch.from_numpy(features[test[start : start + 64]])
            seen = network.head.seen(some, network.head.linear(some))
            marks.append(network.head.best_set(seen, dataset.kind).numpy())
    chosen = np.concatenate(marks)
    told_set = word_scores(*_with_lost(truth[1], chosen, lost))
    click.echo(
        f"the set at which the decoders stop: P {told_set.precision:.4f} R {told_set.recall:.4f} F1 {told_set.f1:.4f} "
        f"N+ {told_set.n_plus} of {told_set.words}, {chosen.sum(axis=1).mean():.2f} labels a picture"
    )


def _with_lost(truth: Bools, chosen: Bools, lost: int) -> tuple[Bools, Bools]:
    """Both with `lost` more words, each true of a picture and never chosen."""
    more = np.zeros((len(truth), lost), dtype=bool)
    return np.hstack([truth, ~more]), np.hstack([chosen, more])


def _figures(
    held: list[Floats], test: list[Floats], truth: list[Bools], frequency: Floats, lost: int
) -> dict[str, float]:
    *weights, offset = fit_platt(held, truth[0])
    logits = [sum(w * each for w, each in zip(weights, part, strict=True)) + offset for part in (held, test)]
    share = truth[1].any(axis=0).sum() / (truth[1].any(axis=0).sum() + lost)
    even = [balanced(sigmoid(np.asarray(each)), frequency, BALANCE) for each in logits]
    cuts = np.quantile(even[0], 1 - np.arange(1.0, 8.1, 0.25) / even[0].shape[1])
    best = max(cuts, key=lambda cut: word_scores(truth[0], even[0] >= cut).f1)
    figures: dict[str, float] = {}
    rows = {"": np.asarray(logits[1]), "balanced ": even[1]}
    for name, scores in rows.items():
        five = five_words(truth[1], scores)
        figures |= {f"{name}P": five.precision * share, f"{name}R": five.recall * share, f"{name}F1": five.f1 * share}
        figures[f"{name}N+"] = float(five.n_plus)
    over = word_scores(truth[1], even[1] >= best)
    figures["mAP"] = mean_average_precision(truth[1], np.asarray(logits[1])) * float(share)
    figures |= {"over P": over.precision * share, "over R": over.recall * share, "over F1": over.f1 * share}
    return {**figures, "over N+": float(over.n_plus), "words each": float((even[1] >= best).sum(axis=1).mean())}


if __name__ == "__main__":
    main()
