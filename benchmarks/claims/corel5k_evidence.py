"""Why F1 of .45 is not reached on Corel5k with five words: other ways to use what the shipped models know.

    python -m benchmarks.claims.corel5k_evidence --dataset corel5k:PATH [--output FILE.json]

Five words a picture, by balanced scores (`imsearch.training.metrics.balanced`).  The evidence of each variant:

- network: the logits of `multimodal` before its memory;
- and mirrored: their mean with those of the mirrored picture, features likewise;
- and memory: the memory as shipped, a vote of the 60 nearest training pictures;
- and 2PKNN: the vote of the K nearest training pictures of each word, so that rare words have as many neighbours as
  frequent ones (Verma and Jawahar 2012, two-pass nearest neighbours, without the learned metric);
- all models: the mean of the calibrated logits of `everyday`, `multimodal`, `multikernel` and `cnn-rnn`.

Its settings (weight of the neighbours, K, sharpness of the vote, strength of balancing) are those with the best F1 on
the pictures of the training split that were held back from all models, 189 of them; then the test split is judged once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.claims.report import print_claim
from imsearch.pictures.picture import read_picture
from imsearch.plugins.manager import make_manager
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.training.data.datasets import Sample, hold_out, label_matrix, load_dataset
from imsearch.training.evaluate import HasHeads
from imsearch.training.knn import Shelf
from imsearch.training.metrics import balanced, five_words, mean_average_precision
from imsearch.training.probabilities import Floats, logit, sigmoid

KIND, HELD_ONE_IN, BATCH = "corel5k", 20, 16
STRENGTHS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2)
WEIGHTS = (0.3, 0.5, 0.7, 1.0, 2.0)
NEIGHBOURS, SHARPNESS = (3, 5, 8), (5.0, 10.0, 20.0, 40.0)
ALL = ("everyday", "multimodal", "multikernel", "cnn-rnn")
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Seen:
    """What is known of some pictures: the truth and all models' mean logits ``(N, labels)``, and by multimodal, plain
    and mirrored, features ``(N, 1280)`` and logits ``(N, labels)``."""

    truth: NDArray[np.bool_]
    together: Floats
    features: tuple[Floats, Floats]
    logits: tuple[Floats, Floats]


def see(annotator: MultimodalAnnotator, samples: list[Sample]) -> Seen:
    """Two looks of `multimodal` at each picture, and one of each model."""
    columns, labels = annotator.checkpoint.slices[KIND], annotator.heads[KIND]
    looks: tuple[list[tuple[Floats, Floats]], ...] = ([], [])
    for start in range(0, len(samples), BATCH):
        items = [annotator.prepare(read_picture(s.file, annotator.side)) for s in samples[start : start + BATCH]]
        for mirrored, found in enumerate(looks):
            batch = [item._replace(pixels=item.pixels[:, ::-1].copy()) for item in items] if mirrored else items
            with torch.inference_mode():
                features, logits = annotator.look(batch)
            assert features is not None
            found.append((features.numpy(), logits.numpy()[:, columns]))
    plain, turned = ([np.concatenate([part[i] for part in found]) for i in (0, 1)] for found in looks)
    together = np.mean([model_logits(name, samples, labels) for name in ALL], axis=0)
    truth = label_matrix([sample.labels for sample in samples], labels)
    return Seen(truth, together, (plain[0], turned[0]), (plain[1], turned[1]))


def model_logits(name: str, samples: list[Sample], labels: tuple[str, ...]) -> Floats:
    """The calibrated logits of a shipped model, memory and all: ``(N, labels)``."""
    spec = next(spec for spec in make_manager().offered() if spec.name == name)
    annotator = spec.factory("cpu")
    assert isinstance(annotator, HasHeads), f"{name} scores labels"
    column = {label: index for index, label in enumerate(annotator.heads[KIND])}
    parts = []
    for start in range(0, len(samples), BATCH):
        items = [annotator.prepare(read_picture(s.file, spec.input_size)) for s in samples[start : start + BATCH]]
        parts.append(annotator.label_scores(items)[KIND][:, [column[label] for label in labels]])
    annotator.close()
    return logit(np.clip(np.concatenate(parts), 1e-6, 1 - 1e-6))


def two_pass(cosines: Floats, shelf: Shelf, count: int, sharpness: float) -> Floats:
    """The logit of each word's share in the votes of the `count` nearest pictures of every word: ``(N, labels)``."""
    chosen = np.zeros(cosines.shape, dtype=bool)
    for having in (np.flatnonzero(column) for column in shelf.labels.T):
        nearest = np.argsort(-cosines[:, having], axis=1)[:, :count]
        np.put_along_axis(chosen, having[nearest], True, axis=1)
    votes = np.exp(sharpness * (cosines - 1)) * chosen
    shares = votes @ shelf.labels / votes.sum(axis=1, keepdims=True)
    return logit(np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE))


def variants(annotator: MultimodalAnnotator, seen: Seen) -> Iterator[tuple[str, str, Floats]]:
    """Each variant's name, one of its settings, and the scores ``(N, labels)`` these give."""
    assert annotator.memory is not None, "multimodal remembers its training pictures"
    shelf = annotator.memory.shelves[KIND]
    yield "all models", "", seen.together
    for mirrored in (False, True):
        name = "network, mirrored too" if mirrored else "network"
        # Cosines do not see the length, so the sum of unit vectors serves as their mean.
        features = _unit(seen.features[0])
        features = _unit(features + _unit(seen.features[1])) if mirrored else features
        logits = np.mean(seen.logits, axis=0) if mirrored else seen.logits[0]
        yield name, "", logits
        for weight in WEIGHTS:
            evidence = annotator.memory.evidence(KIND, features)
            yield f"{name}, memory", f"weight {weight:g}", logits + weight * evidence
        cosines = _unit(features @ annotator.memory.basis) @ shelf.vectors.T
        for count, sharpness in product(NEIGHBOURS, SHARPNESS):
            votes = two_pass(cosines, shelf, count, sharpness)
            for weight in WEIGHTS:
                setting = f"{count} neighbours, sharpness {sharpness:g}, weight {weight:g}"
                yield f"{name}, 2PKNN", setting, logits + weight * votes


def judge(truth: NDArray[np.bool_], logits: Floats, frequency: Floats, strength: float) -> dict[str, float]:
    """F1 and N+ of five words, and mAP, over the words that some picture has."""
    words = truth.any(axis=0)
    truth, probabilities = truth[:, words], sigmoid(logits[:, words])
    five = five_words(truth, balanced(probabilities, frequency[words], strength))
    return {"F1": five.f1, "N+": five.n_plus, "mAP": mean_average_precision(truth, probabilities)}


@click.command()
@click.option("--dataset", "spec", required=True, metavar="KIND:PATH", help="Corel5k.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.json")
def main(spec: str, output: Path | None) -> None:
    """Judge other uses of the shipped models' evidence on Corel5k."""
    dataset = load_dataset(spec)
    annotator = MultimodalAnnotator(MODEL.folder / "weights.safetensors")
    frequency = np.array(annotator.checkpoint.frequency)[annotator.checkpoint.slices[KIND]]
    held = see(annotator, hold_out([sample for sample in dataset.samples if sample.split == "train"], HELD_ONE_IN)[1])
    best: dict[str, tuple[float, str, float]] = {}
    for name, setting, logits in variants(annotator, held):
        for strength in STRENGTHS:
            f1 = judge(held.truth, logits, frequency, strength)["F1"]
            best[name] = max(best.get(name, (0.0, "", 0.0)), (f1, setting, strength))
    test = see(annotator, [sample for sample in dataset.samples if sample.split == "test"])
    found: dict[str, list[Mapping[str, float]]] = {}
    for name, setting, logits in variants(annotator, test):
        f1, chosen, strength = best[name]
        if setting == chosen:
            found[name] = [{"held-back F1": f1, **judge(test.truth, logits, frequency, strength)}]
            click.echo(f"{name}: {setting + ', ' if setting else ''}strength {strength:g}", err=True)
    print_claim("Corel5k, five words by balanced scores, settings chosen on held-back pictures", found, output)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    main()
