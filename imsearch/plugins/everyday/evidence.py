"""What a picture shows and does not show, as far as its labels tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SAID_ONCE = 0.5
"""How likely a word that only one caption says is on the picture."""
NEAR_UNSAID = 0.5
"""The part of a silence's weight that is left beside a tag that is much like it, or wider: most dogs are no poodles."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Tags that a picture shows and tags that it does not; of all others it says nothing.

    present, absent: how far each is believed; above 0, at most 1.
    doubtful: those of `present` that are as likely to be there as not.
    """

    present: Mapping[str, float]
    absent: Mapping[str, float]
    doubtful: frozenset[str] = frozenset()


@dataclass(slots=True)
class Draft:
    """Evidence in the making.

    shown: tags a label names, and their kinds.  once: those that a single caption names.
    implied: what mostly goes with them.
    sure: absent by labels that are complete.  likely: absent because nobody names them; less so if in `open`.
    """

    shown: dict[str, float] = field(default_factory=dict)
    implied: dict[str, float] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    likely: dict[str, float] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    once: set[str] = field(default_factory=set)

    def evidence(self, known: frozenset[str]) -> Evidence:
        """The evidence for tags in `known`: what is named outweighs all, then what is surely absent, then the rest."""
        present = {tag: weight for tag, weight in self.implied.items() if tag not in self.sure} | self.shown
        likely = {tag: weight * (NEAR_UNSAID if tag in self.open else 1.0) for tag, weight in self.likely.items()}
        absent = likely | self.sure
        return Evidence(
            {tag: weight for tag, weight in present.items() if tag in known},
            {tag: weight for tag, weight in absent.items() if tag in known and tag not in present},
            frozenset(tag for tag in self.once if tag in known and present[tag] <= SAID_ONCE),
        )


def raise_to(weights: dict[str, float], tags: Mapping[str, float]) -> None:
    """Enter the tags, each with the greater of its two numbers."""
    for tag, weight in tags.items():
        weights[tag] = max(weight, weights.get(tag, 0.0))
