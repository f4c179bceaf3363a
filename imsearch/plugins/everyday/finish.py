"""The end of a training run: remember, calibrate, write."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch import RANKING_ONLY
from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday.calibrate import calibrate
from imsearch.plugins.everyday.checkpoint import VERSION, Checkpoint, Head, save_checkpoint
from imsearch.plugins.everyday.corpus import Corpus
from imsearch.plugins.everyday.network import EverydayNetwork
from imsearch.plugins.everyday.tagging import Tagger, gather_evidence
from imsearch.training.memory import Memory
from imsearch.training.run import Epoch, Run

REMEMBERING = ("corel5k", "flickr8k")
"""The heads with a memory: those whose labels people gave to thousands of pictures."""
NEVER = RANKING_ONLY
"""A threshold that no probability reaches."""


def to_maps(rows: NDArray[np.float16], device: torch.device) -> Tensor:
    """float16 ``(N, H, W, C)`` as stored to float32 ``(N, C, H, W)``, channels last in memory."""
    return torch.from_numpy(rows).to(device).float().permute(0, 3, 1, 2)


def judge_all(
    run: Run, network: EverydayNetwork, maps: NDArray[np.float16], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Features and logits of each head for these rows."""
    features = []
    parts: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(rows), 64):
        with torch.inference_mode():
            pooled, logits = network.judge(to_maps(maps[rows[start : start + 64]], run.device))
        features.append(pooled.cpu().numpy())
        for name, value in logits.items():
            parts.setdefault(name, []).append(value.cpu().numpy())
    return np.concatenate(features), {name: np.concatenate(several) for name, several in parts.items()}


def finish(
    run: Run,
    network: EverydayNetwork,
    corpus: Corpus,
    maps: NDArray[np.float16],
    settings: dict[str, float],
    history: list[Epoch],
) -> Path:
    """Remembers the training pictures, calibrates on the held-back ones, and writes the checkpoint."""
    memory = remember(run, network, corpus, maps)
    rows = corpus.all_held()
    features, logits = judge_all(run, network, maps, rows)
    heads = {name: Head(tuple(labels)) for name, labels in corpus.labels.items()}
    recipe = {"seed": run.seed, "datasets": corpus.sizes, **settings}
    plain = Checkpoint(VERSION, heads, recipe=recipe, figures=history[-1] if history else {})
    path = run.folder / "weights.safetensors"
    checkpoint = calibrate(plain, corpus, rows, gather_evidence(logits, memory, features), run.reporter)
    save_checkpoint(path, network, memory, checkpoint)
    summary = summarize(path, checkpoint)
    (run.folder / "weights.json").write_text(json.dumps(summary, indent=0, sort_keys=True) + "\n")
    run.reporter.note(f"Wrote {path} and weights.json")
    return path


def remember(run: Run, network: EverydayNetwork, corpus: Corpus, maps: NDArray[np.float16]) -> Memory:
    """The training pictures of the heads that remember."""
    run.reporter.stage("remembering the training pictures", len(REMEMBERING))
    features, labels = {}, {}
    for name in REMEMBERING:
        rows = corpus.train[corpus.weights[name][corpus.train] > 0]
        features[name], _ = judge_all(run, network, maps, rows)
        labels[name] = corpus.targets[name][rows] >= 0.5
        run.reporter.advance(1)
    memory = Memory.build(features, labels)
    # As it will be read back, so that calibration sees what the annotator will.
    return Memory.restore(memory.tensors(), corpus.labels)


def summarize(path: Path, checkpoint: Checkpoint) -> dict[str, Any]:
    """What the plugin's spec needs of the weights file, hidden tags never shown."""
    lexicon = Lexicon.load()
    vocabulary = Tagger(checkpoint, lexicon).tags
    # Kinds that no head learned by name ("container") serve the search; as tags they would only be noise.
    unseen = [tag for tag in vocabulary if tag in lexicon.hidden or tag not in lexicon.tags]
    thresholds = {**checkpoint.thresholds, **dict.fromkeys(unseen, NEVER)}
    return {
        "version": checkpoint.version,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "threshold": checkpoint.threshold,
        "thresholds": thresholds,
        "vocabulary": vocabulary,
        "figures": checkpoint.figures,
    }
