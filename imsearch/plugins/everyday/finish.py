"""The end of a training run: the head on both branches, the memory, calibration, the weights file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch import RANKING_ONLY
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.calibrate import calibrate
from imsearch.plugins.everyday.checkpoint import VERSION, Checkpoint, Head, build_network, save_checkpoint
from imsearch.plugins.everyday.colours import ColourModel
from imsearch.plugins.everyday.corpus import Corpus
from imsearch.plugins.everyday.judged import Judged, gather_judged
from imsearch.plugins.everyday.network import PHOTOS, EverydayNetwork
from imsearch.plugins.everyday.photos import FOLDS, Layer, Teaching, add_teacher, choose_labels, fit_layer
from imsearch.plugins.everyday.sources import Sources
from imsearch.plugins.everyday.tagging import FAMILIAR, Tagger, Witnesses
from imsearch.plugins.everyday.views import both_features
from imsearch.training.efficientnet_lite import FEATURES, to_input
from imsearch.training.features import load_square
from imsearch.training.knn import Memory
from imsearch.training.run import Epoch, Run

REMEMBERING = ("corel5k", "flickr8k")
"""The heads with a memory: those with human labels for thousands of pictures."""

GREY_KINDS = ("scenes", "coco")
"""Datasets also used in grey: one of the scene sets is entirely grey."""
GREY_SHARE = 0.2
_AT_ONCE = 32


def to_maps(rows: NDArray[np.float16], device: torch.device) -> Tensor:
    """Convert float16 ``(N, H, W, C)`` as stored to float32 ``(N, C, H, W)``, channels last in memory."""
    return torch.from_numpy(rows).to(device).float().permute(0, 3, 1, 2)


def judge_all(
    run: Run, network: EverydayNetwork, maps: NDArray[np.float16], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Return features and logits of each head for these rows."""
    features = []
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(rows), 64):
        with torch.inference_mode():
            seen = network.judge(to_maps(maps[rows[start : start + 64]], run.device))
        features.append(seen.features.cpu().numpy())
        for name, value in seen.logits.items():
            parts.setdefault(name, []).append(value.cpu().numpy())
    return np.concatenate(features), {name: np.concatenate(several) for name, several in parts.items()}


def finish(run: Run, tuned: EverydayNetwork, corpus: Corpus, settings: dict[str, Any], history: list[Epoch]) -> Path:
    """Train ``photos`` on the features of both branches, remember, calibrate, and write the checkpoint."""
    lexicon = Lexicon.load()
    sources = Sources(lexicon)
    views = _views(run, tuned, corpus)
    teaching = _teaching(corpus, sources, lexicon, settings["photos_least"])
    run.reporter.note(f"photos: {len(teaching.labels)} tags")
    judged = gather_judged(corpus, sources, lexicon)
    layers = _layers(run, views, teaching, corpus, judged, settings)
    heads = {**{name: Head(tuple(labels)) for name, labels in corpus.labels.items()}, PHOTOS: Head(teaching.labels)}
    taught = frozenset(teaching.labels)
    plain = Checkpoint(
        VERSION,
        heads,
        attended=tuple(tag for tag in dict.fromkeys(lexicon.labels("coco").values()) if tag in taught),
        recipe={"seed": run.seed, "datasets": corpus.sizes, **settings},
        figures=history[-1] if history else {},
    )
    kind = fit_layer(run, "kind-of-pictures", views, {}, _kinds(corpus), corpus.train, settings)
    network = _with_photos(plain, tuned, layers[-1], kind).to(run.device)
    memory = remember(corpus, views["plain"])
    features, logits, kinds = _look(run, network, layers, corpus, judged)
    witnesses = Witnesses({name: head.labels for name, head in heads.items()}, memory, lexicon)
    checkpoint = calibrate(plain, corpus, judged, witnesses(logits, features), kinds, run.reporter)
    checkpoint = replace(checkpoint, hidden=_hidden(checkpoint, lexicon))
    path = run.folder / "weights.safetensors"
    save_checkpoint(path, network, memory, checkpoint)
    summary = summarize(path, checkpoint)
    (run.folder / "weights.json").write_text(json.dumps(summary, indent=0, sort_keys=True) + "\n")
    run.reporter.note(f"Wrote {path} and weights.json")
    return path


def _views(run: Run, network: EverydayNetwork, corpus: Corpus) -> dict[str, NDArray[np.float32]]:
    """Return the features of both branches of every picture, and of the grey copies of some; zeros for the others."""
    run.reporter.stage("features of both branches", len(corpus.rows))
    plain = np.concatenate([both_features(run, network, part, "plain") for part in corpus.parts])
    chosen = np.array([dataset.kind in GREY_KINDS for dataset, _ in corpus.rows])
    run.reporter.stage("features of grey copies", int(chosen.sum()))
    grey = np.zeros_like(plain)
    first = 0
    for part in corpus.parts:
        if chosen[first]:
            grey[first : first + len(part)] = both_features(run, network, part, "grey")
        first += len(part)
    return {"plain": plain, "grey": grey}


def _teaching(corpus: Corpus, sources: Sources, lexicon: Lexicon, least: int) -> Teaching:
    there, weights = sources.targets(corpus.rows)
    targets, total = add_teacher(there, weights, sources.tags, corpus.rows, lexicon.labels("coco"))
    return choose_labels(targets, total, sources.tags, corpus.train, least)


def _layers(
    run: Run,
    views: Mapping[str, NDArray[np.float32]],
    teaching: Teaching,
    corpus: Corpus,
    judged: Judged,
    settings: Mapping[str, Any],
) -> dict[int, Layer]:
    """Return the head for each fold, trained without it; -1 for the one trained on all of them."""
    found = {}
    for fold in range(-1, FOLDS):
        left_out = judged.rows[judged.folds == fold] if fold >= 0 else np.empty(0, dtype=np.intp)
        rows = np.setdiff1d(corpus.train, left_out)
        name = PHOTOS if fold < 0 else f"{PHOTOS}-without-fold-{fold}"
        found[fold] = fit_layer(run, name, views, {"grey": GREY_SHARE}, teaching, rows, settings)
    return found


def _with_photos(checkpoint: Checkpoint, tuned: EverydayNetwork, layer: Layer, kind: Layer) -> EverydayNetwork:
    """Return the tuned network with the head on both branches, its own weights rounded as they will be stored."""
    network = build_network(checkpoint)
    ours, theirs = network.trained(), tuned.trained()
    with torch.no_grad():
        for name, parameter in ours.items():
            if name in theirs and name.startswith(("backbone.", "heads.")):
                parameter.copy_(theirs[name].half())
    assert network.photos is not None
    _set(network.photos, layer)
    _set(network.kind, kind)
    return network.eval()


def _set(head: nn.Linear, layer: Layer) -> None:
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(layer.weight).half())
        head.bias.copy_(torch.from_numpy(layer.bias).half())


def _kinds(corpus: Corpus) -> Teaching:
    """Return targets: True for pictures of the dataset whose head is trusted on its own kind."""
    own = np.array([[dataset.kind == FAMILIAR] for dataset, _ in corpus.rows], dtype=np.float16)
    return Teaching((FAMILIAR,), own, np.ones_like(own))


def _look(
    run: Run, network: EverydayNetwork, layers: Mapping[int, Layer], corpus: Corpus, judged: Judged
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    """Return features, logits and kind of the judged rows, each by the head trained without it."""
    run.reporter.stage("looking at the pictures that judge", len(judged.rows))
    assert network.photos is not None
    features = np.zeros((len(judged.rows), FEATURES), dtype=np.float32)
    kinds = np.zeros(len(judged.rows), dtype=np.float32)
    logits: dict[str, NDArray[np.float32]] = {}
    for fold, layer in layers.items():
        _set(network.photos, layer)
        for places in _pieces(np.flatnonzero(judged.folds == fold)):
            pixels = np.stack([
                load_square(corpus.rows[judged.rows[place]][1].file, network.backbone.size) for place in places
            ])  # fmt: skip
            with torch.inference_mode():
                seen = network(to_input(torch.from_numpy(pixels), run.device))
            features[places] = seen.features.float().cpu().numpy()
            kinds[places] = seen.kind.float().cpu().numpy()
            for name, values in seen.logits.items():
                rows = logits.setdefault(name, np.zeros((len(judged.rows), values.shape[1]), dtype=np.float32))
                rows[places] = values.float().cpu().numpy()
            run.reporter.advance(len(places))
    _set(network.photos, layers[-1])
    return features, logits, kinds


def _pieces(places: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(places), _AT_ONCE):
        yield places[start : start + _AT_ONCE]


def remember(corpus: Corpus, features: NDArray[np.float32]) -> Memory:
    """Return the memory of the training pictures, by the tuned branch's part of `features` ``(rows, 2560)``."""
    kept, labels = {}, {}
    for name in REMEMBERING:
        rows = corpus.train[corpus.weights[name][corpus.train] > 0]
        kept[name] = features[rows, :FEATURES]
        labels[name] = corpus.targets[name][rows] >= 0.5
    memory = Memory.build(kept, labels)
    # As it will be read back, so that calibration uses the annotator's numbers.
    return Memory.restore(memory.tensors(), corpus.labels)


def _hidden(checkpoint: Checkpoint, lexicon: Lexicon) -> tuple[str, ...]:
    """Return ranking-only tags: not judged, hidden by the lexicon, or kinds that are no head's label ("container")."""
    hidden = {*checkpoint.hidden, *lexicon.hidden}
    return tuple(tag for tag in Tagger(checkpoint, lexicon).tags if tag in hidden or tag not in lexicon.tags)


def summarize(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the data of the weights file that the plugin's spec needs."""
    return {
        "version": checkpoint.version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "threshold": checkpoint.threshold,
        "thresholds": dict.fromkeys(checkpoint.hidden, RANKING_ONLY),
        "vocabulary": (*Tagger(checkpoint, Lexicon.load()).tags, *ColourModel.load().tags),
        "figures": checkpoint.figures,
    }
