"""The end of a training: calibrate on the held-back pictures, write weights, summary and report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from imsearch.languages.lexicon import Lexicon
from imsearch.training.calibration import Floats, finish_checkpoint
from imsearch.training.checkpoint import WEIGHTS, Checkpoint, save_checkpoint, write_summary
from imsearch.training.corpus import Corpus, tag_names
from imsearch.training.knn import Memory
from imsearch.training.run import Epoch, Run


def finish(
    run: Run,
    model: str,
    version: str,
    network: nn.Module,
    corpus: Corpus,
    held_logits: Floats,
    *,
    side: int,
    vector_length: int | None,
    settings: Mapping[str, Any],
    network_settings: Mapping[str, Any] | None = None,
    history: Sequence[Epoch] = (),
    preprocessing: Mapping[str, Any] | None = None,
    tags: Sequence[str] | None = None,
    extra: Mapping[str, Tensor] | None = None,
    train_features: Floats | None = None,
    held_features: Floats | None = None,
    least_shown: Mapping[str, float] | None = None,
) -> Path:
    """Writes ``weights.safetensors``, ``weights.json`` and ``report.json`` into the run's folder; the weights' path.

    held_logits: ``(held rows, columns)``.  tags: the name of each output where the lexicon's is not wanted.
    train_features, held_features: ``(rows, length)`` as the annotator computes them; with them the training pictures
    are remembered, and what their nearest ones were labelled is further evidence.
    least_shown: by tag, from which probability on it may be shown at all.
    """
    plain = Checkpoint(
        model,
        version,
        corpus.heads,
        tuple(tags) if tags is not None else tag_names(corpus.heads, Lexicon.load()),
        network=dict(network_settings or {}),
        preprocessing={"side": side, **(preprocessing or {})},
        recipe={"seed": run.seed, **settings},
        data=corpus.data,
        figures={"last epoch": {name: round(value, 4) for name, value in history[-1].items()}} if history else {},
    )
    memory = None if train_features is None else remember(corpus, train_features)
    checkpoint = finish_checkpoint(plain, corpus, held_logits, memory, held_features)
    raised = {tag: max(least, checkpoint.thresholds.get(tag, 0)) for tag, least in (least_shown or {}).items()}
    checkpoint = replace(checkpoint, thresholds={**checkpoint.thresholds, **raised})
    path = run.folder / WEIGHTS
    kept = {} if memory is None else memory.tensors()
    tensors = {**(extra or {}), **{name: torch.from_numpy(value) for name, value in kept.items()}}
    save_checkpoint(path, network, checkpoint, tensors)
    summary = write_summary(path, checkpoint, vector_length, side)
    _write_report(run.folder / "report.json", checkpoint, network, history)
    for head, figures in checkpoint.figures.get("held back", {}).items():
        told = ", ".join(f"{name} {value}" for name, value in figures.items())
        run.reporter.note(f"held back of {head}: {told}")
    run.reporter.note(f"Wrote {path}, {summary.name} and report.json")
    return path


def _write_report(path: Path, checkpoint: Checkpoint, network: nn.Module, history: Sequence[Epoch]) -> None:
    report = {
        "model": checkpoint.model,
        "version": checkpoint.version,
        "recipe": checkpoint.recipe,
        "data": checkpoint.data,
        "figures": checkpoint.figures,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "epochs": list(history),
    }
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def remember(corpus: Corpus, features: Floats) -> Memory:
    """The training pictures with true labels, head by head, as the memory will be read back from the weights.

    features: ``(training rows, length)``.
    """
    seen, labels = {}, {}
    for name in corpus.heads:
        places, truth = corpus.judged(name, corpus.train)
        if len(places):
            seen[name], labels[name] = features[places], truth
    return Memory.restore(Memory.build(seen, labels).tensors(), corpus.heads)
