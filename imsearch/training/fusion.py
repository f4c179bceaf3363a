"""The weight of each head's evidence for a tag.

Tags known to the same set of heads share one logistic regression on the heads' evidence (stacking, Wolpert 1992), so
that few held-back pictures suffice: probability = sigmoid(sum of weight * evidence + offset).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_PRIOR_STRENGTH = 2.0
_OFFSET_PRIOR = 2.0
"""The inverse of the variance that offsets of tags are expected to have."""


@dataclass(frozen=True)
class Rule:
    """The weights of the heads, in the order of their names in the pattern, and the offset."""

    weights: tuple[float, ...]
    offset: float

    def __call__(self, evidence: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        """The fused logit of one array of evidence for each head, all of one shape."""
        logits = sum(weight * each for weight, each in zip(self.weights, evidence, strict=True))
        return np.asarray(logits + self.offset)


def pattern(heads: Sequence[str]) -> str:
    """The name of a set of heads, in their order: ``corel5k+imagenet``."""
    return "+".join(heads)


def fit_rule(evidence: Array, truth: NDArray[np.bool_] | NDArray[np.floating], importance: Array, prior: Rule) -> Rule:
    """Weighted logistic regression with a normal prior around `prior`; weights are not negative.

    evidence: ``(pairs, heads)``.  truth, importance: ``(pairs,)``; truth may be a probability.  A head that would count
    against a tag is left out, which keeps a rule explainable: more evidence never means less probability.
    """
    start = np.array([*prior.weights, prior.offset])
    x = np.concatenate([evidence, np.ones((len(evidence), 1))], axis=1)
    kept = np.ones(len(start), dtype=bool)
    while True:
        found = np.zeros(len(start))
        found[kept] = _newton(x[:, kept], truth, importance, start[kept])
        negative = (found < 0) & (np.arange(len(found)) < len(found) - 1)
        if not negative.any():
            return Rule(tuple(round(float(w), 4) for w in found[:-1]), round(float(found[-1]), 4))
        kept &= ~negative


def _newton(
    x: Array, truth: NDArray[np.bool_] | NDArray[np.floating], importance: Array, start: Array, steps: int = 60
) -> Array:
    weights = start.copy()
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (importance * (p - truth)) + _PRIOR_STRENGTH * (weights - start)
        hessian = (x * (importance * p * (1 - p))[:, None]).T @ x + _PRIOR_STRENGTH * np.eye(len(start))
        change = np.linalg.solve(hessian, gradient)
        weights = weights - np.clip(change, -1, 1)  # bounded: far from the optimum the curvature misleads
        if np.abs(change).max() < 1e-7:
            break
    return weights


def fit_offset(logits: NDArray[np.floating], truth: NDArray[np.bool_], importance: NDArray[np.floating]) -> float:
    """Return the offset to the logits ``(pairs,)`` that makes their probabilities right on average, drawn towards 0."""
    offset = 0.0
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64) + offset, -30, 30)))
        gradient = (importance * (p - truth)).sum() + _OFFSET_PRIOR * offset
        change = float(gradient / ((importance * p * (1 - p)).sum() + _OFFSET_PRIOR))
        offset -= float(np.clip(change, -1, 1))
        if abs(change) < 1e-6:
            break
    return offset


def to_header(rules: Mapping[str, Rule]) -> dict[str, list[float]]:
    """As JSON: the weights and, last, the offset."""
    return {name: [*rule.weights, rule.offset] for name, rule in rules.items()}


def from_header(said: Mapping[str, Sequence[float]]) -> dict[str, Rule]:
    """The inverse of `to_header`."""
    return {name: Rule(tuple(numbers[:-1]), numbers[-1]) for name, numbers in said.items()}
