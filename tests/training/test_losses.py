from __future__ import annotations

import math

import pytest
import torch

from imsearch.training.losses import asymmetric, binary_cross_entropy, soft_cross_entropy


def test_each_loss_gives_one_value_a_sample() -> None:
    logits, targets = torch.zeros(3, 5), torch.zeros(3, 5)
    for loss in (asymmetric, binary_cross_entropy, soft_cross_entropy):
        assert loss(logits, targets).shape == (3,)


def test_binary_cross_entropy_takes_soft_targets() -> None:
    value = binary_cross_entropy(torch.zeros(1, 2), torch.tensor([[0.3, 1.0]]))
    assert value.item() == pytest.approx(2 * math.log(2))


def test_asymmetric_loss_by_hand() -> None:
    # Probability one half: a positive costs -log .5; a negative -log(1 - .45) * .45^4.
    value = asymmetric(torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]))
    assert value.item() == pytest.approx(math.log(2) - math.log(0.55) * 0.45**4, rel=1e-5)


def test_asymmetric_loss_forgives_easy_negatives() -> None:
    easy = torch.full((1, 1), -4.0, requires_grad=True)  # probability .018, under the margin
    loss = asymmetric(easy, torch.zeros(1, 1)).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert easy.grad is not None and easy.grad.item() == 0


def test_soft_cross_entropy_is_least_at_the_target() -> None:
    target = torch.tensor([[0.7, 0.2, 0.1]])
    assert soft_cross_entropy(target.log(), target) < soft_cross_entropy(torch.zeros(1, 3), target)
