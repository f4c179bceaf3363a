"""Training of the branch of social tags, and the weight of its evidence.

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
from torch import Tensor, nn

from imsearch.plugins.multimodal.apart import apart, digest
from imsearch.plugins.multimodal.network import TagBranch
from imsearch.plugins.multimodal.tags import Showing, Tags
from imsearch.training.calibration import fit_platt
from imsearch.training.corpus import Corpus
from imsearch.training.fit import Fit, Plan, Rows
from imsearch.training.fusion import fit_offset
from imsearch.training.losses import asymmetric, masked
from imsearch.training.probabilities import Floats
from imsearch.training.run import Epoch, Run
from imsearch.training.samplers import only

FOLDS = 5
SAYS = 2.0
"""Initial weight of a tag that says a label, before the fit on held-back pictures: odds of 7 to 1."""
_PRIOR_STRENGTH = 2.0


def guesses(run: Run, corpus: Corpus, features: Floats, settings: Mapping[str, Any]) -> Floats:
    """Calibrated logits ``(rows, outputs)`` of the training pictures by layers that did not learn from them; else 0.

    features: ``(rows, length)`` of a backbone that has not learned from these pictures either.  They are kept in the
    run's cache.
    """
    said = (features, corpus.targets, corpus.mask, corpus.train, np.array([run.seed, settings["guess_epochs"]]))
    kept = run.cache / f"guesses-{digest(*said)}.npy"
    if kept.exists():
        return np.asarray(np.load(kept), np.float32)
    found = _guessed(run, corpus, features, settings)
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial.npy")
    np.save(partial, found)
    partial.replace(kept)
    return found


def _guessed(run: Run, corpus: Corpus, features: Floats, settings: Mapping[str, Any]) -> Floats:
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
            for index, column in enumerate(range(columns.start, columns.stop)):
                some = rows[known[:, index]]
                truth = corpus.targets[some, column] >= 0.5
                found[:, column] += fit_offset(found[some, column], truth, np.ones(len(some)))
    return found


def _linear(
    x: Floats, corpus: Corpus, rows: Rows, settings: Mapping[str, Any], generator: np.random.Generator
) -> nn.Linear:
    layer, loss = nn.Linear(x.shape[1], corpus.targets.shape[1]), masked(asymmetric)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.constant_(layer.bias, -3.0)
    size, epochs = min(256, len(rows)), settings["guess_epochs"]
    steps = max(len(rows) // size, 1) * epochs
    optimizer = torch.optim.AdamW(layer.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps + 1, pct_start=0.15)
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
        return seen + self.branch(seen, vectors, torch.zeros_like(seen)), weight


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
    with torch.no_grad():
        branch.usual.copy_(torch.from_numpy(corpus.frequency))

    def inputs(some: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        if generator is None:
            shown = tags.whole([tags.places[row] for row in some], spoken=False)
        else:
            shown = tags.drawn(some, tags.others(some, rows, generator), generator, settings)
        return tuple(torch.from_numpy(each) for each in (seen[some], shown.vectors, shown.weight))

    plan = Plan(
        [{"params": [*branch.layers.parameters(), branch.trust], "lr": settings["tag_learning_rate"]}],
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


def added(branch: TagBranch, seen: Floats, shown: Showing) -> Floats:
    """Return the branch's evidence for pictures with calibrated logits `seen` and these tags."""
    tensors = (torch.from_numpy(each) for each in (seen, shown.vectors, shown.said))
    with torch.inference_mode():
        found: Floats = branch(*tensors).numpy()
    return found


def weigh(
    branch: TagBranch,
    corpus: Corpus,
    tags: Tags,
    seen: Floats,
    settings: Mapping[str, Any],
    generator: np.random.Generator,
) -> None:
    """Sets the branch's weights and trust by held-back pictures: with their tags, and with those of others.

    Wrong tags count as much as they were learned from.  Labels that tags say are judged only where people wrote tags
    without seeing labels; where nobody did, they count `SAYS`.
    """
    rows = corpus.held[tags.tagged[corpus.held]]
    with torch.no_grad():
        branch.weights.copy_(torch.tensor([1.0, SAYS]))
    if not len(rows):
        return
    wrong = settings["wrong_tags"] + settings["mixed_tags"] / 2
    known = corpus.mask[rows] >= 1
    written = known & tags.written[rows][:, None]
    parts = []
    for importance, whose in ((1 - wrong, rows), (wrong, tags.others(rows, rows, generator))):
        places = [tags.places[row] for row in whose]
        for spoken in (False, True):
            shown = tags.whole(places, spoken)
            judged = written & (shown.said > 0) if spoken else known
            with torch.inference_mode():
                found = branch.found(torch.from_numpy(shown.vectors)).numpy()
            parts.append(
                (seen[rows], found, shown.said, corpus.targets[rows], (importance * judged).astype(np.float32))
            )
    fit_weights(branch, *(torch.from_numpy(np.concatenate(part)) for part in zip(*parts, strict=True)))


def fit_weights(
    branch: TagBranch, seen: Tensor, found: Tensor, said: Tensor, targets: Tensor, importance: Tensor
) -> None:
    """Weights and trust of a branch with the least cross-entropy, drawn towards where they begin; none counts against.

    All arrays: ``(pictures, outputs)``; found: what the layers make of the pictures' tags.
    """
    several = [branch.weights, branch.trust]
    start = [each.detach().clone() for each in several]
    optimizer = torch.optim.LBFGS(several, max_iter=40, line_search_fn="strong_wolfe")
    for each in several:
        each.requires_grad_(True)

    def loss() -> Tensor:
        optimizer.zero_grad()
        logits = seen + branch.weighed(seen, found, said)
        each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        drawn = sum(((now - first) ** 2).sum() for now, first in zip(several, start, strict=True))
        total: Tensor = (each * importance).sum() + _PRIOR_STRENGTH * drawn / 2
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        branch.weights.clamp_(min=0)
        branch.trust[0].clamp_(min=0)
    for each in several:
        each.requires_grad_(False)
