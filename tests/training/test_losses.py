from __future__ import annotations

import math

import pytest
import torch
from torchvision.ops import sigmoid_focal_loss

from imsearch.training.losses import (
    asymmetric,
    binary_cross_entropy,
    focal,
    masked,
    soft_cross_entropy,
    weighted_binary_cross_entropy,
)


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


def test_weighted_binary_cross_entropy_by_hand() -> None:
    # Probability one half: a positive costs weight * log 2, a negative log 2, whatever its label's weight.
    value = weighted_binary_cross_entropy(
        torch.zeros(2, 2), torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([3, 5])
    )
    assert value.tolist() == pytest.approx([4 * math.log(2), 6 * math.log(2)])


def test_focal_loss_by_hand() -> None:
    # Probability 3/4 of a positive: (1/4)^2 * -log(3/4); the same of a negative: (3/4)^2 * -log(1/4).
    logits, targets = torch.full((1, 2), math.log(3)), torch.tensor([[1.0, 0.0]])
    expected = -math.log(0.75) / 16 - math.log(0.25) * 9 / 16
    assert focal(logits, targets).item() == pytest.approx(expected)
    assert focal(logits, targets, gamma=0).item() == pytest.approx(binary_cross_entropy(logits, targets).item())


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (1.5, 0.6), (0.0, 0.5)])
def test_focal_loss_agrees_with_torchvision(gamma: float, alpha: float) -> None:
    torch.manual_seed(0)
    logits, targets = 3 * torch.randn(6, 5), (torch.rand(6, 5) < 0.3).float()
    expected = sigmoid_focal_loss(logits, targets, alpha, gamma).sum(dim=1)
    assert focal(logits, targets, gamma, alpha).tolist() == pytest.approx(expected.tolist(), rel=1e-5)


def test_asymmetric_loss_is_focal_and_plain_cross_entropy_at_its_limits() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(6, 5), (torch.rand(6, 5) < 0.3).float()
    plain = asymmetric(logits, targets, gamma_negative=0, margin=0)
    assert plain.tolist() == pytest.approx(binary_cross_entropy(logits, targets).tolist(), rel=1e-5)
    alike = asymmetric(logits, targets, gamma_negative=2, gamma_positive=2, margin=0)
    assert alike.tolist() == pytest.approx(focal(logits, targets).tolist(), rel=1e-5)


def test_a_masked_loss_counts_what_is_known_as_much_as_the_mask_says() -> None:
    logits, targets = torch.zeros(2, 3), torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    mask = torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.0, 1.0]])
    # Each costs log 2; 1 + .5 + 1 of them count, over two pictures.
    assert masked(binary_cross_entropy)(logits, targets, mask).item() == pytest.approx(2.5 * math.log(2) / 2)
    assert masked(asymmetric)(logits, targets, torch.ones(2, 3)).item() == pytest.approx(
        asymmetric(logits, targets).mean().item()
    )


def test_what_the_mask_hides_gets_no_gradient() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    masked(binary_cross_entropy)(logits, torch.ones(1, 2), torch.tensor([[1.0, 0.0]])).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None and logits.grad.tolist() == [[-0.5, 0.0]]


def test_a_masked_loss_of_half_precision_is_computed_in_full() -> None:
    logits = torch.tensor([[-7.0]], dtype=torch.bfloat16)
    found = masked(binary_cross_entropy)(logits, torch.zeros(1, 1), torch.ones(1, 1))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(math.log1p(math.exp(-7)), rel=1e-3)
