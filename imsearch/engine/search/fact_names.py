"""Names in a library beside its tags: the cameras its pictures were taken with, and the places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import NamedTuple

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import State
from imsearch.engine.words.place_names import PlaceNames, folded
from imsearch.keys.predicate import Text

PLACES: Sequence[Text] = ("city", "region", "country")
_TOKEN = re.compile(r"[^\W_]+")
_LONGEST = 4
"""Words of a name that are looked for together."""
_SHORTEST = 3
"""Letters of a word that is a name by itself."""


class _Known(NamedTuple):
    """cameras: parts of names, and how they stand there.  makes: first words of these.  places: words for places."""

    cameras: dict[str, str]
    makes: frozenset[str]
    places: frozenset[str]


class FactNames:
    """Knows the names of one state of a catalog; made anew when that changes.  Several threads may use one."""

    def __init__(self, catalog: CatalogReading) -> None:
        self._catalog = catalog
        self._state: State | None = None
        self._names = _Known({}, frozenset(), frozenset())
        self._lock = Lock()

    def camera(self, text: str, *, sure: bool) -> str | None:
        """Return the text behind ``camera:`` for a camera with these words in its name; None where there is none.

        sure: whether a single word counts wherever it stands; others do where they begin a name or hold a digit.
        """
        known = self._known()
        telling = sure or " " in text or text in known.makes or any(letter.isdigit() for letter in text)
        return known.cameras.get(text) if telling else None

    def place(self, text: str) -> str | None:
        """The condition for a place where pictures were taken; None where there are none."""
        place = folded(text)
        return f"place:{text}" if place and place in self._known().places else None

    def _known(self) -> _Known:
        with self._lock:
            state = self._catalog.state()
            if state != self._state:
                self._names = _read(self._catalog)
                self._state = state
            return self._names


def _read(catalog: CatalogReading) -> _Known:
    cameras = catalog.distinct("camera")
    places = [name for field in PLACES for name in catalog.distinct(field)]
    spellings = PlaceNames().spellings
    return _Known(
        dict(part for name in cameras for part in _parts(name)),
        frozenset(found[0].lower() for name in cameras if (found := _TOKEN.search(name))),
        frozenset(spelling for name in places for spelling in spellings(name)),
    )


def _parts(name: str) -> Iterator[tuple[str, str]]:
    """Neighbouring words of a name, in lower case with single spaces, and how they stand in it."""
    tokens = list(_TOKEN.finditer(name))
    for start in range(len(tokens)):
        for end in range(start + 1, min(start + _LONGEST, len(tokens)) + 1):
            some = tokens[start:end]
            telling = any(len(token[0]) >= _SHORTEST and not token[0].isdigit() for token in some)
            if telling or (len(some) > 1 and any(token[0].isalpha() for token in some)):
                text = " ".join(token[0].lower() for token in some)
                yield text, name[some[0].start() : some[-1].end()].lower()
