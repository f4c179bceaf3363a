"""How the branch of social tags learns: what tags add to what is seen, and how much of it counts.

What is seen of a picture that was learned from is surer than it will be in use, and beside it tags would seem of no
use.  So the branch learns beside the guesses of linear layers that never saw the picture (stacking, Wolpert 1992): on
the features of the untouched backbone, each fifth of the pictures by a layer that learned from the others.  Guesses and
loss are calibrated, by cross-entropy, so that what tags add is evidence, and thresholds and counts keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from imsearch.plugins.multimodal.apart import apart
from imsearch.plugins.multimodal.network import TagBranch
from imsearch.plugins.multimodal.tags import Showing, Tags
from imsearch.training.calibration import fit_platt
from imsearch.training.corpus import Corpus
from imsearch.training.fit import Fit, Plan, Rows
from imsearch.training.losses import asymmetric, masked
from imsearch.training.probabilities import Floats
from imsearch.training.run import Epoch, Run
from imsearch.training.samplers import only

FOLDS = 5
SAYS = 2.0
"""What it counts that a tag says a label, before held-back pictures tell: odds of 7 to 1."""
_PRIOR_STRENGTH = 2.0


def guesses(run: Run, corpus: Corpus, features: Floats, settings: Mapping[str, Any]) -> Floats:
    """Calibrated logits ``(rows, outputs)`` of the training pictures by layers that did not learn from them; else 0.

    features: ``(rows, length)`` of a backbone that has not learned from these pictures either.
    """
    found = np.zeros_like(corpus.targets)
    generator = run.seed_everything(7)
    folds = generator.permutation(len(corpus.train)) % min(FOLDS, len(corpus.train))
    mean, spread = features[corpus.train].mean(axis=0), features[corpus.train].std(axis=0) + 1e-3
    x = (features - mean) / spread
    for fold in range(folds.max() + 1):
        mine, rest = corpus.train[folds == fold], corpus.train[folds != fold]
        layer = _linear(x, corpus, rest if len(rest) else mine, settings, generator)
        with torch.inference_mode():
            found[mine] = layer(torch.from_numpy(x[mine])).numpy()
    for name, columns in corpus.slices.items():
        places, _ = corpus.judged(name, corpus.train)
        if len(places):
            rows, known = corpus.train[places], corpus.known(name, corpus.train)[places]
            weight, offset = fit_platt([found[rows][:, columns]], corpus.targets[rows][:, columns], known)
            found[:, columns] = weight * found[:, columns] + offset
    return found


def _linear(
    x: Floats, corpus: Corpus, rows: Rows, settings: Mapping[str, Any], generator: np.random.Generator
) -> nn.Linear:
    layer, loss = nn.Linear(x.shape[1], corpus.targets.shape[1]), masked(asymmetric)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.constant_(layer.bias, -3.0)
    size, epochs = 64, settings["guess_epochs"]
    steps = max(len(rows) // size, 1) * epochs
    optimizer = torch.optim.AdamW(layer.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps + 1, pct_start=0.15)
    order = np.concatenate([generator.permutation(rows) for _ in range(epochs)])
    for step in range(steps):
        some = order[step * size : (step + 1) * size]
        seen = nn.functional.dropout(torch.from_numpy(x[some]), 0.3)
        each = loss(layer(seen), torch.from_numpy(corpus.targets[some]), torch.from_numpy(corpus.mask[some]))
        optimizer.zero_grad()
        each.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return layer.eval()


class _Beside(nn.Module):
    """The branch beside fixed guesses of what is seen; hands on how much each label counts."""

    def __init__(self, branch: TagBranch) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, seen: Tensor, vectors: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return seen + self.branch.found(vectors), weight


def _loss(output: Sequence[Tensor], targets: Tensor, mask: Tensor) -> Tensor:
    logits, weight = output
    each = nn.functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="none")
    return (each * mask * weight).sum() / len(targets)


def learn_tags(
    run: Run, corpus: Corpus, branch: TagBranch, tags: Tags, seen: Floats, settings: Mapping[str, Any]
) -> tuple[TagBranch, list[Epoch]]:
    """The branch, learned from the tagged pictures, and the figures of its epochs.

    seen: calibrated logits ``(rows, outputs)`` of what is seen: guesses for the pictures to learn from, and what the
    network says of those held back.
    """
    rows = corpus.train[tags.tagged[corpus.train]]

    def inputs(some: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        if generator is None:
            shown = tags.whole([tags.places[row] for row in some], spoken=False)
        else:
            shown = tags.drawn(some, tags.others(some, rows, generator), generator, settings)
        return tuple(torch.from_numpy(each) for each in (seen[some], shown.vectors, shown.weight))

    plan = Plan(
        [{"params": list(branch.layers.parameters()), "lr": settings["tag_learning_rate"]}],
        settings["tag_epochs"],
        settings["tag_batch_size"],
        _loss,
        lambda groups: torch.optim.AdamW(list(groups), weight_decay=settings["tag_weight_decay"]),
        sampler=only(rows),
        average=settings["average"],
    )
    fit = Fit(apart(run, "tags", seen, *tags.learned), corpus, _Beside(branch), inputs, plan)
    learned = fit.fit()
    assert isinstance(learned, _Beside)
    weigh(learned.branch, corpus, tags, seen, settings, run.seed_everything(8))
    return learned.branch, fit.history


def added(branch: TagBranch, shown: Showing) -> Floats:
    """What the branch adds to the calibrated logits of pictures with these tags."""
    with torch.inference_mode():
        found: Floats = branch(torch.from_numpy(shown.vectors), torch.from_numpy(shown.said)).numpy()
    return found


def weigh(
    branch: TagBranch,
    corpus: Corpus,
    tags: Tags,
    seen: Floats,
    settings: Mapping[str, Any],
    generator: np.random.Generator,
) -> None:
    """Sets the branch's weights by held-back pictures: with their tags, and with those of others as often as learned.

    Labels that tags say are judged only where people wrote tags without seeing labels.
    """
    rows = corpus.held[tags.tagged[corpus.held]]
    branch.weights.copy_(torch.tensor([1.0, 0.0]))
    if not len(rows):
        branch.weights[1] = SAYS
        return
    wrong = settings["wrong_tags"] + settings["mixed_tags"] / 2
    pairs = []
    for importance, whose in ((1 - wrong, rows), (wrong, tags.others(rows, rows, generator))):
        places = [tags.places[row] for row in whose]
        known = corpus.mask[rows] >= 1
        silent, spoken = (tags.whole(places, spoken) for spoken in (False, True))
        for shown, judged in ((silent, known), (spoken, known & (spoken.said > 0) & tags.written[rows][:, None])):
            found = added(branch, shown)
            evidence = np.stack([found[judged], shown.said[judged]], axis=1).astype(np.float64)
            truth = corpus.targets[rows][judged] >= 0.5
            pairs.append((evidence, seen[rows][judged], truth, np.full(len(truth), importance)))
    evidence, before, truth, importance = (np.concatenate(part) for part in zip(*pairs, strict=True))
    branch.weights.copy_(torch.from_numpy(fit_added(evidence, before, truth, importance)).float())


def fit_added(
    evidence: NDArray[np.float64], before: Floats, truth: NDArray[np.bool_], importance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights of evidence ``(pairs, 2)`` that is added to logits ``(pairs,)``: logistic regression, none below 0."""
    start = np.array([1.0, SAYS])
    weights, fixed = start.copy(), before.astype(np.float64)
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(fixed + evidence @ weights, -30, 30)))
        gradient = evidence.T @ (importance * (p - truth)) + _PRIOR_STRENGTH * (weights - start)
        hessian = (evidence * (importance * p * (1 - p))[:, None]).T @ evidence + _PRIOR_STRENGTH * np.eye(2)
        change = np.linalg.solve(hessian, gradient)
        weights = weights - np.clip(change, -1, 1)
        if np.abs(change).max() < 1e-7:
            break
    return np.asarray(np.maximum(weights, 0))
