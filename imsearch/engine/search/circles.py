"""Circles on the globe around places that are named."""

from __future__ import annotations

from collections.abc import Callable

from imsearch.keys import Around, BadValue, Circle


def coordinates_of(name: str) -> tuple[float, float] | None:
    """The latitude and longitude of a place; None for one that nobody knows.  Reads the whole gazetteer."""
    from imsearch.engine.words.gazetteer import Gazetteer  # most queries need none

    return Gazetteer().find(name)


def circle_of(asked: Circle | Around, find: Callable[[str], tuple[float, float] | None]) -> Circle:
    """The circle that is asked for; raises `BadValue` for a place that nobody knows."""
    if isinstance(asked, Circle):
        return asked
    found = find(asked.name)
    if found is None:
        raise BadValue(
            f"knows no place called {asked.name!r}. Name a city, or give latitude, longitude and kilometres, "
            "for example near:48.14,11.58,5."
        )
    return Circle(*found, asked.kilometres)
