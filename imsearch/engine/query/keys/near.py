"""``near:Rome,5`` and ``near:48.14,11.58,5``: taken within this many kilometres of a place."""

from __future__ import annotations

import math

from imsearch.keys import Around, BadValue, Circle, Key, Offer, Within, number
from imsearch.keys.reading import is_number

KILOMETRES = 20.0
"""Radius in kilometres around a place given by name alone."""
_HELP = (
    "near: takes latitude, longitude and kilometres, or the name of a place, for example near:48.14,11.58,5, "
    "near:Rome or near:Rome,20"
)


def _circle(text: str) -> Circle | Around:
    parts = text.split(",")
    if any(letter.isalpha() for letter in parts[0]):
        return _around(text, parts[-1].strip())
    if len(parts) != 3:
        raise BadValue(f"{_HELP}; {len(parts)} of the 3 are given." if len(parts) < 3 else f"{_HELP}.", len(text))
    values, offset = [], 0
    for part, name, low, high in zip(
        parts, ("latitude", "longitude", "distance"), (-90, -180, 0), (90, 180, math.inf), strict=True
    ):
        value = number(part.strip(), offset, _HELP)
        if not low <= value <= high:
            limits = f"between {low} and {high}" if high < math.inf else "at 0 or more"
            raise BadValue(f"A {name} lies {limits}; {part.strip()} does not.", offset)
        values.append(float(value))
        offset += len(part) + 1
    return Circle(*values)


def _around(text: str, last: str) -> Around:
    name, _, distance = text.rpartition(",") if is_number(last) else (text, "", "")
    kilometres = number(distance.strip(), len(name) + 1, _HELP) if distance else KILOMETRES
    if kilometres < 0:
        raise BadValue(f"A distance lies at 0 or more; {distance.strip()} does not.", len(name) + 1)
    return Around(" ".join(name.split()), float(kilometres))


def _told(text: str) -> str:
    *place, distance = (part.strip() for part in text.split(","))
    return f"within {distance} km of {', '.join(place)}" if place else f"near {text}"


KEY = Key(
    "near",
    hint="a city, or latitude, longitude, km",
    example="near:48.137,11.575,1",
    read=_circle,
    predicate=Within,
    told=_told,
    offer=Offer("city"),
)
