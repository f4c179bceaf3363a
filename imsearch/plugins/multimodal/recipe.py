"""Recipe of the weights: ``imsearch train multimodal --dataset corel5k:PATH --dataset flickr8k:PATH``.

The frozen stages run once over every picture; their maps of two scales are kept.  The upper stages, the fusion blocks
and the heads then learn together from crops of these maps that are taken in step.  A picture's social tags are hidden
from half of its showings, so that the network does without them too.  Last, with all that sees fixed, the layers of the
social tags and of the counts go on learning from the finished features.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.multimodal.annotator import NAME, VERSION
from imsearch.plugins.multimodal.inputs import make_inputs, pooled_inputs
from imsearch.plugins.multimodal.network import COARSE, FINE, STARTS, JointHead, MultimodalNetwork
from imsearch.plugins.multimodal.social import SocialWords, learn_words, text_tags
from imsearch.training.corpus import Corpus, gather
from imsearch.training.efficientnet_lite import FEATURES
from imsearch.training.features import cached_maps
from imsearch.training.finish import finish
from imsearch.training.fit import Fit, Loss, Plan, predict
from imsearch.training.losses import asymmetric, masked
from imsearch.training.metrics import count_error, five_words, mean_average_precision
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
    "hidden": 128,
    "count_weight": 0.1,
    "hide_tags": 0.5,
    "hide_tag": 0.2,
    "least_pictures": 5,
    "most_words": 1000,
    "start": "everyday",
}
"""further_epochs: of the layers of tags and counts.  smallest_crop: of the coarse maps' side of 17.  hide_tags: how
often all tags of a picture are hidden; hide_tag: how often one of them.  least_pictures, most_words: which tags count.
start: whose upper stages and label weights it begins with, everyday's, or ImageNet's, which needs more epochs."""


def train(run: Run) -> Path:
    """Trains, calibrates on the held-back pictures, and writes ``weights.safetensors`` into the run's folder."""
    settings = run.settings(DEFAULTS)
    if settings["start"] not in STARTS:
        raise ModelError(f"The setting start wants one of {', '.join(STARTS)}, not {settings['start']!r}")
    torch.use_deterministic_algorithms(True, warn_only=True)
    run.seed_everything(0)
    corpus = gather(run)
    social = social_words(run, corpus, settings["least_pictures"], settings["most_words"])
    network = MultimodalNetwork(corpus.heads, len(social.words), settings["hidden"], settings["dropout"])
    if settings["start"] == "everyday":
        network.start_from_everyday(corpus.heads)
    network.head.start_counts(mean_counts(corpus))
    network.to(run.device)
    maps = [_maps(run, network, corpus, stages) for stages in (FINE, COARSE)]
    tags = social.vectors(text_tags(sample) for sample in corpus.samples)
    inputs = make_inputs(corpus, maps, tags, settings)
    groups = [
        {"params": network.upper(), "lr": settings["learning_rate"]},
        {
            "params": [*network.fusion.parameters(), *network.head.parameters()],
            "lr": settings["head_learning_rate"],
        },
    ]
    plan = Plan(
        groups,
        settings["epochs"],
        settings["batch_size"],
        make_loss(corpus.slices, settings["count_weight"]),
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=settings["weight_decay"]),
        average=settings["average"],
    )
    fit = Fit(run, corpus, network, inputs, plan)
    trained = fit.fit()
    assert isinstance(trained, MultimodalNetwork)
    features = np.zeros((len(corpus.files), FEATURES), dtype=np.float32)
    for rows in (corpus.train, corpus.held):
        features[rows] = predict(trained, inputs, rows, run.device, lambda output: output[2])
    trained.head = learn_further(run, corpus, trained.head, features, tags, settings)
    told = told_with_tags(run, corpus, trained.head, features, tags)
    return finish(
        run,
        NAME,
        VERSION,
        trained,
        corpus,
        predict(trained.head, pooled_inputs(features, tags, settings), corpus.held, run.device),
        side=network.backbone.size,
        vector_length=FEATURES,
        settings=settings,
        network_settings={"hidden": settings["hidden"], "words": social.words},
        history=[*fit.history[:-1], fit.history[-1] | told],
        train_features=features[corpus.train],
        held_features=features[corpus.held],
    )


def social_words(run: Run, corpus: Corpus, least: int, most: int) -> SocialWords:
    """The words of the training pictures' text tags that say no label of any head."""
    lexicon = Lexicon.load()
    samples = corpus.samples
    labels = [label for several in corpus.heads.values() for label in several]
    words = learn_words((text_tags(samples[row]) for row in corpus.train), labels, lexicon, least, most)
    run.reporter.note(
        f"{len(words)} words of text tags serve as social tags"
        if words
        else "No picture to learn from has text tags: the network learns from pixels alone"
    )
    return SocialWords(words, lexicon)


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


class _FixedSight(nn.Module):
    """The head, where what features say of labels is fixed, and what tags say, and the counts, can learn."""

    def __init__(self, head: JointHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, features: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
        joint, label = self.head.join(features, tags), self.head.label
        seen = nn.functional.linear(joint[:, :FEATURES], label.weight[:, :FEATURES].detach(), label.bias.detach())
        said = nn.functional.linear(joint[:, FEATURES:], label.weight[:, FEATURES:])
        return seen + said, self.head.count(joint)


def learn_further(
    run: Run,
    corpus: Corpus,
    head: JointHead,
    features: NDArray[np.float32],
    tags: NDArray[np.uint8],
    settings: Mapping[str, Any],
) -> JointHead:
    """The layers of tags and counts, learned on from the finished features; everything else stays as it is."""
    learned = [*head.count.parameters(), *([] if head.words is None else [*head.words.parameters(), head.label.weight])]
    plan = Plan(
        [{"params": learned, "lr": settings["head_learning_rate"]}],
        settings["further_epochs"],
        settings["batch_size"],
        make_loss(corpus.slices, settings["count_weight"]),
        # Without decay, which would shrink the columns of the label weights that get no gradient.
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=0.0),
        average=settings["average"],
    )
    # Named by what it learns from, so that it never goes on from a checkpoint on features of other weights.
    folder = run.folder / f"further-{hashlib.sha256(features.tobytes()).hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    further = replace(run, folder=folder, shared=run.cache)
    inputs = pooled_inputs(features, tags, settings, shown=True)
    fixed = Fit(further, corpus, _FixedSight(head), inputs, plan).fit()
    assert isinstance(fixed, _FixedSight)
    return fixed.head


def told_with_tags(
    run: Run, corpus: Corpus, head: JointHead, features: NDArray[np.float32], tags: NDArray[np.uint8]
) -> Epoch:
    """Of the held-back pictures with their text tags: the errors of the counts, mAP and five words."""
    inputs = pooled_inputs(features, tags, {}, shown=True)
    logits = predict(head, inputs, corpus.held, run.device)
    counts = predict(head, inputs, corpus.held, run.device, lambda output: output[1])
    figures = {}
    for index, (name, columns) in enumerate(corpus.slices.items()):
        places, truth = corpus.judged(name, corpus.held)
        if truth.any():
            scores = corpus.asked(name, corpus.held[places], logits[places][:, columns])
            figures[f"{name} count error"] = count_error(truth, counts[places, index])
            figures[f"{name} mAP with tags"] = mean_average_precision(truth, scores)
            figures[f"{name} F1 with tags"] = five_words(truth, scores).f1
    return figures
