"""Training of the branch of social tags, and the weight of its evidence.

What is seen of a picture that was learned from is surer than it will be in use, and beside it tags would seem of no
use.  So the branch learns beside the guesses of linear layers that never saw the picture (stacking, Wolpert 1992): on
the features of the untouched backbone, each fifth of the pictures by a layer that learned from the others.  Guesses and
loss are calibrated, by cross-entropy, so that what tags add is evidence, and thresholds and counts keep their meaning.

How much each kind of evidence counts is set on held-back pictures with right tags, and the trust in tags apart from it,
by telling right tags from another picture's: fitted together, wrong tags would only make all evidence small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
SAYS, ALIKE = 2.0, 0.4
"""Initial weights of a tag that says a label (odds of 7 to 1) and of a standard deviation of likeness."""
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
    """The branch's layers beside fixed guesses of what is seen; hands on how much each label counts."""

    def __init__(self, branch: TagBranch) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, seen: Tensor, vectors: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return seen + self.branch.found(vectors), weight


def _loss(output: Sequence[Tensor], targets: Tensor, mask: Tensor) -> Tensor:
    logits, weight = output
    each = _cross_entropy(logits.float(), targets)
    return (each * mask * weight).sum() / len(targets)


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def learn_tags(
    run: Run, corpus: Corpus, branch: TagBranch, tags: Tags, seen: Floats, settings: Mapping[str, Any]
) -> tuple[TagBranch, list[Epoch]]:
    """The branch, learned from the tagged pictures, and the figures of its epochs.

    seen: calibrated logits ``(rows, outputs)`` of what is seen: guesses for the pictures to learn from, and what the
    network says of those held back.
    """
    rows = corpus.train[tags.tagged[corpus.train]]
    branch.requires_grad_(False)
    branch.usual.copy_(torch.from_numpy(corpus.frequency))
    branch.compare_by(likeness := tags.likeness(rows))

    def inputs(some: Rows, generator: np.random.Generator | None) -> tuple[Tensor, ...]:
        if generator is None:
            shown = tags.whole([tags.places[row] for row in some], False, likeness)
            found = (seen[some], shown.vectors, np.ones_like(shown.said))
        else:
            lesson = tags.drawn(some, generator, settings)
            found = (seen[some], lesson.vectors, lesson.weight)
        return tuple(torch.from_numpy(each) for each in found)

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
    weigh(learned.branch, corpus, tags, seen, settings["wrong_tags"], run.seed_everything(8))
    return learned.branch, fit.history


def added(branch: TagBranch, seen: Floats, shown: Showing) -> Floats:
    """Return the branch's evidence for pictures with calibrated logits `seen` and these tags."""
    tensors = (torch.from_numpy(each) for each in (seen, *shown))
    with torch.inference_mode():
        found: Floats = branch(*tensors).numpy()
    return found


def weigh(
    branch: TagBranch, corpus: Corpus, tags: Tags, seen: Floats, wrong: float, generator: np.random.Generator
) -> None:
    """Set the branch's weights by held-back pictures with their tags, then its trust, by these and by wrong tags.

    Labels that tags say are judged only where people wrote tags without seeing labels; where nobody did, they count
    `SAYS`.  wrong: the share of pictures that are expected to have another picture's tags.
    """
    branch.requires_grad_(False)
    branch.weights.copy_(torch.tensor([1.0, ALIKE, SAYS]))
    branch.trust.copy_(torch.tensor([1.0, 1.0]))
    rows = corpus.held[tags.tagged[corpus.held]]
    if not len(rows):
        return
    own, foreign = ([tags.places[row] for row in some] for some in (rows, tags.others(rows, rows, generator)))
    likeness, logits, known = branch.likeness(), torch.from_numpy(seen[rows]), corpus.mask[rows] >= 1
    shown = [tags.whole(places, spoken, likeness) for places in (own, foreign) for spoken in (False, True)]
    parts = [_told(branch, each) for each in shown]
    spoken = known & tags.written[rows][:, None] & (shown[1].said > 0)
    judged = torch.from_numpy(np.concatenate([known, spoken]).astype(np.float32))
    targets = torch.from_numpy(corpus.targets[rows])
    found, alike, said = (torch.cat(each) for each in zip(*parts[:2], strict=True))
    fit_weights(branch, logits.repeat(2, 1), found, alike, said, targets.repeat(2, 1), judged)
    # Pictures that show no tag now would say nothing of trust.
    agreement = [branch.agreement(logits, branch.told(*each)) for each in parts]
    telling = [torch.from_numpy(each.vectors.any(axis=1)) for each in shown]
    right, false = (torch.cat([agreement[i][telling[i], 0] for i in pair]) for pair in ((0, 1), (2, 3)))
    fit_trust(branch, right, false, wrong)


def _told(branch: TagBranch, shown: Showing) -> tuple[Tensor, Tensor, Tensor]:
    vectors, alike, said = (torch.from_numpy(each) for each in shown)
    with torch.inference_mode():
        found = branch.found(vectors).clone()
    return found, alike, said


def fit_weights(
    branch: TagBranch, seen: Tensor, found: Tensor, alike: Tensor, said: Tensor, targets: Tensor, judged: Tensor
) -> None:
    """Set a branch's weights to those with the least cross-entropy where tags are right; none counts against.

    All arrays: ``(pictures, outputs)``; found: what the layers make of the pictures' tags; judged: 1 where a label's
    target is known.
    """

    def loss() -> Tensor:
        return (_cross_entropy(seen + branch.told(found, alike, said), targets) * judged).sum()

    _minimize(branch.weights, loss)
    branch.weights.clamp_(min=0)


def fit_trust(branch: TagBranch, right: Tensor, false: Tensor, wrong: float) -> None:
    """Set a branch's trust by the agreements of right and of false tags, by logistic regression.

    wrong: how much false tags count, of 1.
    """
    if not len(right) or not len(false):
        return

    def loss() -> Tensor:
        slope, offset = branch.trust
        softplus = nn.functional.softplus
        agreed = softplus(-slope * right - offset).mean() * (1 - wrong)
        return (agreed + softplus(slope * false + offset).mean() * wrong) * len(right)

    _minimize(branch.trust, loss)
    branch.trust[0].clamp_(min=0)


def _minimize(numbers: nn.Parameter, loss: Callable[[], Tensor]) -> None:
    """Numbers of the least loss, drawn towards where they begin, for few pictures say little."""
    start = numbers.detach().clone()
    optimizer = torch.optim.LBFGS([numbers], max_iter=40, line_search_fn="strong_wolfe")
    numbers.requires_grad_(True)

    def drawn() -> Tensor:
        optimizer.zero_grad()
        total: Tensor = loss() + _PRIOR_STRENGTH * ((numbers - start) ** 2).sum() / 2
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(drawn)  # type: ignore[no-untyped-call]
    numbers.requires_grad_(False)
