"""Labels that a text says, in any form or by a synonym: a text about a picture may tell the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from imsearch.languages.lexicon import Lexicon


class LabelWords:
    """Finds labels in texts; generous, since a lexicon's forms are."""

    def __init__(self, labels: Sequence[str], lexicon: Lexicon) -> None:
        self.labels, self._lexicon = tuple(labels), lexicon

    def said(self, text: str) -> list[int]:
        """The places of the labels that a text says, as a whole or by one of its words."""
        names = {name for part in (text, *text.split()) for name in self._meanings(part)}
        return sorted({place for name in names for place in self._places.get(name, ())})

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """The labels that a name may stand for."""
        found: dict[str, list[int]] = {}
        for place, label in enumerate(self.labels):
            for name in self._meanings(label.replace("_", " ")):
                found.setdefault(name, []).append(place)
        return found

    def _meanings(self, word: str) -> set[str]:
        """Everything a word may stand for: its forms, and the names they lead to."""
        return {*self._lexicon.forms(word), *self._lexicon.senses(word)}
