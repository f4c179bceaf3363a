"""Recipe of the weights: ``imsearch train multimodal --dataset corel5k:PATH --dataset flickr8k:PATH``.

The frozen stages run once over every picture; their maps of two scales are kept.  The upper stages, the fusion blocks
and the labels then learn together from crops of these maps that are taken in step, without any tags, so that a picture
without tags loses nothing.  Then, with all that sees fixed, the counts go on learning from the finished features, and
the branch of social tags learns what to add (`tag_learning`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.multimodal.annotator import NAME, VERSION
from imsearch.plugins.multimodal.apart import apart
from imsearch.plugins.multimodal.inputs import make_inputs, pooled_features
from imsearch.plugins.multimodal.network import COARSE, FINE, STARTS, MultimodalNetwork, SeenHead
from imsearch.plugins.multimodal.sight import take_sight
from imsearch.plugins.multimodal.social import TEXT_TAGS, TagReader, text_hash
from imsearch.plugins.multimodal.tag_learning import guesses, learn_tags
from imsearch.plugins.multimodal.tags import Tags, gather_tags
from imsearch.training.calibration import calibrated, finish_checkpoint
from imsearch.training.checkpoint import WEIGHTS, Checkpoint, save_checkpoint, write_summary
from imsearch.training.corpus import Corpus, gather, tag_names
from imsearch.training.efficientnet_lite import FEATURES
from imsearch.training.features import cached_maps
from imsearch.training.finish import finish, remember
from imsearch.training.fit import Fit, Inputs, Loss, Plan, predict
from imsearch.training.losses import asymmetric, masked
from imsearch.training.metrics import count_error
from imsearch.training.model import restore_memory
from imsearch.training.probabilities import Floats
from imsearch.training.run import Epoch, Run, Setting

DEFAULTS: dict[str, Setting] = {
    "epochs": 1,
    "further_epochs": 8,
    "batch_size": 32,
    "learning_rate": 5e-5,
    "head_learning_rate": 1e-3,
    "weight_decay": 0.02,
    "dropout": 0.3,
    "smallest_crop": 11,
    "average": 0.99,
    "hidden": 0,
    "count_weight": 0.1,
    "hide_tag": 0.8,
    "silent_tags": 0.5,
    "wrong_tags": 0.22,
    "guess_epochs": 12,
    "tag_epochs": 8,
    "tag_batch_size": 64,
    "tag_learning_rate": 3e-3,
    "tag_weight_decay": 0.5,
    "start": "everyday",
}
"""further_epochs: of the layers of counts.  smallest_crop: of the coarse maps' side of 17.  hidden: width of the tags'
hidden layer; 0 for a single linear layer.  hide_tag: up to which share of a picture's tags is hidden in a showing;
silent_tags: in which share of showings all tags that say a label are.  wrong_tags: which share of pictures is
expected to have wrong tags, when the trust in tags is set.  guess_epochs, tag_epochs: see `tag_learning`.  start: whose
upper stages and label weights it begins with, everyday's, or ImageNet's, which needs more epochs; or a weights file of
this recipe, whose sight is kept: then only the tags are learned."""


def train(run: Run) -> Path:
    """Trains, calibrates on the held-back pictures, and writes ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    before = None if settings["start"] in STARTS else Path(settings["start"])
    if before is not None and not before.is_file():
        raise ModelError(f"The setting start wants one of {', '.join(STARTS)}, or a weights file, not {before}")
    torch.use_deterministic_algorithms(True, warn_only=True)
    run.seed_everything(0)
    corpus = gather(run)
    reader = TagReader([label for labels in corpus.heads.values() for label in labels], Lexicon.load())
    tags = read_tags(run, corpus, reader)
    words = reader.length if tags is not None else 0
    network = MultimodalNetwork(corpus.heads, words, settings["hidden"], settings["dropout"]).to(run.device)
    maps = [_maps(run, network, corpus, stages) for stages in (FINE, COARSE)]
    untouched = None if tags is None else _untouched(run, network, corpus, maps[1])
    if settings["start"] == "everyday":
        network.start_from_everyday(corpus.heads)
    network.head.start_counts(mean_counts(corpus))
    inputs = make_inputs(corpus, maps, settings)
    if before is not None:
        return _go_on(run, corpus, network, before, inputs, (tags, untouched), settings)
    fit = Fit(run, corpus, network, inputs, _plan(network, corpus, settings))
    trained = fit.fit()
    assert isinstance(trained, MultimodalNetwork)
    features = np.zeros((len(corpus.files), FEATURES), dtype=np.float32)
    for rows in (corpus.train, corpus.held):
        features[rows] = predict(trained, inputs, rows, run.device, lambda output: output[2])
    trained.head = learn_counts(run, corpus, trained.head, features, settings)
    held = predict(trained.head, _fixed(features), corpus.held, run.device)
    told = counted(run, corpus, trained.head, features)
    told |= _learn_tags(run, corpus, trained, (tags, untouched), calibrated_held(corpus, held, features), settings)
    return finish(
        run,
        NAME,
        VERSION,
        trained,
        corpus,
        held,
        side=network.backbone.size,
        vector_length=FEATURES,
        settings=settings,
        network_settings=_described(trained, settings),
        history=[*fit.history[:-1], fit.history[-1] | told],
        train_features=features[corpus.train],
        held_features=features[corpus.held],
    )


Told = tuple[Tags | None, NDArray[np.float32] | None]
"""The pictures' tags, and the features ``(rows, 1280)`` that guesses are made from."""


def _described(network: MultimodalNetwork, settings: Mapping[str, Any]) -> dict[str, Any]:
    words = 0 if network.tags is None else network.tags.words
    return {"hidden": settings["hidden"], "words": words, "text": text_hash() if words else ""}


def _learn_tags(
    run: Run, corpus: Corpus, network: MultimodalNetwork, told: Told, held: Floats, settings: Mapping[str, Any]
) -> Epoch:
    """Learns the network's branch of tags; its last figures.  held: calibrated logits of the held-back pictures."""
    tags, untouched = told
    if tags is None or untouched is None or network.tags is None:
        return {}
    seen = guesses(run, corpus, untouched, settings)
    seen[corpus.held] = held
    network.tags, history = learn_tags(run, corpus, network.tags.cpu(), tags, seen, settings)
    return {f"{name} with tags": value for name, value in history[-1].items() if name != "loss"}


def _go_on(
    run: Run,
    corpus: Corpus,
    network: MultimodalNetwork,
    before: Path,
    inputs: Inputs,
    told: Told,
    settings: Mapping[str, Any],
) -> Path:
    """Weights that see, remember and are calibrated as those `before`, with tags learned anew."""
    known, extra = take_sight(network, before, corpus.heads)
    network.eval().requires_grad_(False)
    features = np.zeros((len(corpus.files), FEATURES), dtype=np.float32)
    features[corpus.held] = predict(network, inputs, corpus.held, run.device, lambda output: output[2])
    logits = predict(network.head, _fixed(features), corpus.held, run.device)
    held = calibrated(logits, known, restore_memory(extra, known), features[corpus.held])
    figures = _learn_tags(run, corpus, network, told, held, settings)
    rounded = {name: round(value, 4) for name, value in figures.items()}
    checkpoint = replace(
        known,
        version=VERSION,
        network=_described(network, settings),
        recipe={**known.recipe, "tags": {"seed": run.seed, **settings, "start": before.name}},
        figures={**known.figures, "tags": rounded},
    )
    path = run.folder / WEIGHTS
    save_checkpoint(path, network, checkpoint, extra)
    write_summary(path, checkpoint, FEATURES, network.backbone.size)
    run.reporter.note(f"Wrote {path}: " + ", ".join(f"{name} {value}" for name, value in rounded.items()))
    return path


def read_tags(run: Run, corpus: Corpus, reader: TagReader) -> Tags | None:
    """The pictures' social tags; None, and a note, where there is nothing to learn from them."""
    tags = gather_tags(corpus, reader)
    learned, written = tags.tagged[corpus.train], tags.written[corpus.train]
    run.reporter.note(
        f"{int(learned.sum()):,} pictures have tags to learn from, {int((learned & written).sum()):,} of them by the "
        f"dataset's {TEXT_TAGS}; {len(tags.texts):,} different ones"
        if learned.any()
        else "No picture to learn from has tags: the network learns from pixels alone"
    )
    return tags if learned.any() else None


def _plan(network: MultimodalNetwork, corpus: Corpus, settings: Mapping[str, Any]) -> Plan:
    groups = [
        {"params": network.upper(), "lr": settings["learning_rate"]},
        {
            "params": [*network.fusion.parameters(), *network.head.parameters()],
            "lr": settings["head_learning_rate"],
        },
    ]
    return Plan(
        groups,
        settings["epochs"],
        settings["batch_size"],
        make_loss(corpus.slices, settings["count_weight"]),
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=settings["weight_decay"]),
        average=settings["average"],
    )


def calibrated_held(corpus: Corpus, logits: Floats, features: Floats) -> Floats:
    """The calibrated logits of the held-back pictures ``(held rows, outputs)``, as the finished weights give them."""
    memory = remember(corpus, features[corpus.train])
    names = tag_names(corpus.heads, Lexicon.load())
    seen = features[corpus.held]
    checkpoint = finish_checkpoint(Checkpoint(NAME, VERSION, corpus.heads, names), corpus, logits, memory, seen)
    return calibrated(logits, checkpoint, memory, seen)


def mean_counts(corpus: Corpus) -> NDArray[np.float32]:
    """Return the mean number of labels of each head over the training pictures that it judges: ``(heads,)``."""
    found = [corpus.judged(name, corpus.train)[1].sum(axis=1) for name in corpus.heads]
    return np.array([counts.mean() if len(counts) else 1.0 for counts in found], dtype=np.float32)


def make_loss(slices: Mapping[str, slice], count_weight: float) -> Loss:
    """Asymmetric loss of the labels, and the squared error of the counts of heads whose labels are all known."""
    labels = masked(asymmetric)

    def loss(output: Sequence[Tensor], targets: Tensor, mask: Tensor) -> Tensor:
        logits, counts = output[0], output[1].float()
        true = torch.stack([targets[:, columns].sum(dim=1) for columns in slices.values()], dim=1)
        known = torch.stack([(mask[:, columns] >= 1).all(dim=1) for columns in slices.values()], dim=1)
        return labels(logits, targets, mask) + count_weight * ((counts - true) ** 2 * known).sum() / len(logits)

    return loss


def _maps(run: Run, network: MultimodalNetwork, corpus: Corpus, stages: int) -> list[NDArray[np.float16]]:
    """The memory-mapped outputs of the first `stages` stages, dataset by dataset."""
    run.reporter.stage(f"maps after {stages} stages", len(corpus.files))
    return [
        cached_maps([s.file for s in part.samples], network.backbone, stages, run.cache, False, run.reporter.advance)
        for part in corpus.parts
    ]


def _untouched(
    run: Run, network: MultimodalNetwork, corpus: Corpus, maps: Sequence[NDArray[np.float16]]
) -> NDArray[np.float32]:
    """The pooled features ``(rows, 1280)`` of ImageNet's backbone, which learned from none of these pictures."""
    found = [
        pooled_features([s.file for s in part.samples], network.backbone, each, run.cache)
        for part, each in zip(corpus.parts, maps, strict=True)
    ]
    return np.concatenate(found).astype(np.float32)


def _fixed(features: Floats) -> Inputs:
    return lambda rows, generator: (torch.from_numpy(features[rows]),)


def learn_counts(
    run: Run, corpus: Corpus, head: SeenHead, features: NDArray[np.float32], settings: Mapping[str, Any]
) -> SeenHead:
    """The layers of counts, learned on from the finished features; everything else stays as it is."""
    plan = Plan(
        [{"params": list(head.count.parameters()), "lr": settings["head_learning_rate"]}],
        settings["further_epochs"],
        settings["batch_size"],
        make_loss(corpus.slices, settings["count_weight"]),
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=0.0),
        average=settings["average"],
    )
    fixed = Fit(apart(run, "counts", features), corpus, head, _fixed(features), plan).fit()
    assert isinstance(fixed, SeenHead)
    return fixed


def counted(run: Run, corpus: Corpus, head: SeenHead, features: NDArray[np.float32]) -> Epoch:
    """The errors of the counts on the held-back pictures."""
    counts = predict(head, _fixed(features), corpus.held, run.device, lambda output: output[1])
    figures = {}
    for index, name in enumerate(corpus.heads):
        places, truth = corpus.judged(name, corpus.held)
        if truth.any():
            figures[f"{name} count error"] = count_error(truth, counts[places, index])
    return figures
