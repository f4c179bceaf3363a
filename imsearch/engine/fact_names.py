"""What a library has names for beside its tags: the cameras its pictures were taken with, and the places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Lock
from typing import Any

from sqlalchemy import Column, Connection, func, select

from imsearch.engine import schema as s
from imsearch.engine.catalog import Catalog
from imsearch.engine.derived import State

_TOKEN = re.compile(r"[^\W_]+")
_LONGEST = 4
"""Words of a name that are looked for together."""
_SHORTEST = 3
"""Letters of a word that is a name by itself."""


class FactNames:
    """Knows the names of one state of a catalog; made anew when that changes.  Several threads may use one."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._state: State | None = None
        self._cameras: dict[str, str] = {}
        self._lock = Lock()

    def camera(self, text: str) -> str | None:
        """What stands behind ``camera:`` for a camera of which these words are a part; None where there is none."""
        return self._known().get(text)

    def place(self, text: str) -> str | None:
        """The condition for a place where pictures were taken; None where there are none."""
        return None

    def _known(self) -> dict[str, str]:
        with self._lock:
            state = self._catalog.state()
            if state != self._state:
                with self._catalog.reading() as connection:
                    cameras = distinct(connection, s.images.c.camera)
                self._cameras = dict(part for name in cameras for part in _parts(name))
                self._state = state
            return self._cameras


def distinct(connection: Connection, column: Column[Any]) -> list[Any]:
    """The values of an indexed column, without reading a row for each image.

    A loose index scan: each step looks up the next larger value (https://wiki.postgresql.org/wiki/Loose_indexscan).
    """
    steps = select(func.min(column).label("value")).cte("steps", recursive=True)
    larger = select(func.min(column)).where(column > steps.c.value).correlate(steps).scalar_subquery()
    steps = steps.union_all(select(larger).where(steps.c.value.is_not(None)))
    return list(connection.execute(select(steps.c.value).where(steps.c.value.is_not(None))).scalars())


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
