"""From where on annotators show tags, as a catalog holds it since the last run that used them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from imsearch.specs import AnnotatorSpec


class Limits(NamedTuple):
    """The thresholds of one annotator: the common one, and those of single tags, by the names it gives them.

    Each is a probability, or above 1 for what it never shows.
    """

    common: float
    own: Mapping[str, float]

    @classmethod
    def of(cls, spec: AnnotatorSpec) -> Limits:
        """Those of a spec, as they are stored."""
        return cls(float(spec.threshold), {name: float(value) for name, value in spec.thresholds.items()})

    def threshold(self, tag: str) -> float:
        """The threshold of a tag."""
        return self.own.get(tag, self.common)
