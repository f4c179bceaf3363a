"""Evidence for the presence and absence of tags, according to a picture's labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SAID_ONCE = 0.5
"""Probability that a word in only one caption is on the picture."""
NEAR_UNSAID = 0.5
"""Factor on the weight of an absence for tags that are similar to a present one, or wider: most dogs are no poodles."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Tags that are present and tags that are absent; all others are unknown.

    present, absent: weight of each; above 0, at most 1.
    doubtful: those of `present` that are as likely as not.
    """

    present: Mapping[str, float]
    absent: Mapping[str, float]
    doubtful: frozenset[str] = frozenset()


@dataclass(slots=True)
class Draft:
    """Evidence under construction.

    shown: tags a label names, and their kinds.  once: those that a single caption names.
    implied: tags that mostly go with them.
    sure: absent according to exhaustive labels.  likely: absent because nobody names them; less so if in `open`.
    """

    shown: dict[str, float] = field(default_factory=dict)
    implied: dict[str, float] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    likely: dict[str, float] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    once: set[str] = field(default_factory=set)

    def evidence(self, known: frozenset[str]) -> Evidence:
        """Return the evidence for tags in `known`: named tags come first, then certain absences, then the rest."""
        present = {tag: weight for tag, weight in self.implied.items() if tag not in self.sure} | self.shown
        likely = {tag: weight * (NEAR_UNSAID if tag in self.open else 1.0) for tag, weight in self.likely.items()}
        absent = likely | self.sure
        return Evidence(
            {tag: weight for tag, weight in present.items() if tag in known},
            {tag: weight for tag, weight in absent.items() if tag in known and tag not in present},
            frozenset(tag for tag in self.once if tag in known and present[tag] <= SAID_ONCE),
        )


def raise_to(weights: dict[str, float], tags: Mapping[str, float]) -> None:
    """Add the tags, each with the maximum of its old and new weight."""
    for tag, weight in tags.items():
        weights[tag] = max(weight, weights.get(tag, 0.0))
