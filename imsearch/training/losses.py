"""Losses for labels that are not exclusive.

Every loss takes logits and targets of shape ``(N, labels)``; targets lie in 0 to 1 and may be soft.  It returns one
value for each sample, the sum over labels, so that a caller can weigh samples and leave out those without labels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """BCE, summed over labels: ``(N,)``."""
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1)


def asymmetric(logits: Tensor, targets: Tensor, gamma_negative: float = 4.0, gamma_positive: float = 0.0,
               margin: float = 0.05) -> Tensor:  # fmt: skip
    """Asymmetric loss (Ridnik et al. 2021, https://arxiv.org/abs/2009.14119, equations 4 to 6): ``(N,)``.

    Easy negatives count little (power `gamma_negative`) and those below the probability `margin` not at all, so that
    missing labels and the many absent words do not drown the few present ones.
    """
    probability = torch.sigmoid(logits)
    shifted = (probability - margin).clamp(min=0)
    # 1e-8 keeps the logarithm finite; its gradient there is damped by the focusing factor.
    positive = targets * torch.log(probability.clamp(min=1e-8)) * (1 - probability) ** gamma_positive
    negative = (1 - targets) * torch.log((1 - shifted).clamp(min=1e-8)) * shifted**gamma_negative
    return -(positive + negative).sum(dim=1)


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy with a distribution for target, as in distillation (Hinton et al. 2015): ``(N,)``."""
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1)


def weighted_binary_cross_entropy(logits: Tensor, targets: Tensor, positive_weight: Tensor) -> Tensor:
    """BCE with positives of label i counted `positive_weight[i]` times, summed over labels: ``(N,)``."""
    each = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=positive_weight, reduction="none")
    return each.sum(dim=1)


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0, alpha: float | None = None) -> Tensor:
    """Focal loss (Lin et al. 2017, https://arxiv.org/abs/1708.02002, equations 4 and 5): ``(N,)``.

    Cross-entropy times (1 - p of the truth) ** gamma; `alpha` weighs positives, 1 - alpha negatives.
    """
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    probability = torch.sigmoid(logits)
    missed = targets * (1 - probability) + (1 - targets) * probability
    each = each * missed**gamma
    if alpha is not None:
        each = each * (alpha * targets + (1 - alpha) * (1 - targets))
    return each.sum(dim=1)


def masked(elementwise: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Makes a loss of three arguments, logits, targets, mask (all ``(N, labels)``), that ignores what the mask hides.

    The mask weighs each label of each picture in 0 to 1.  `elementwise` must not look across labels: it is called
    on ``(N * labels, 1)``.  The result is the mean over pictures of their sums, in full precision.
    """

    def loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        each = elementwise(logits.float().reshape(-1, 1), targets.reshape(-1, 1)).view_as(logits)
        return (each * mask).sum() / len(logits)

    return loss
