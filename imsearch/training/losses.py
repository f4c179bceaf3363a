"""Losses for labels that are not exclusive.

Every loss takes logits and targets of shape ``(N, labels)``; targets lie in 0 to 1 and may be soft.  It returns one
value for each sample, the sum over labels, so that a caller can weigh samples and leave out those without labels.
"""

from __future__ import annotations

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
