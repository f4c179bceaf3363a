"""Distances on the globe, and the box of degrees around a circle.  Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

    from imsearch.keys import Circle

RADIUS = 6371.0088
"""Mean radius of the earth in kilometres, accurate to half a percent everywhere."""


def box(circle: Circle) -> tuple[tuple[float, float], list[tuple[float, float]]]:
    """Return the range of latitudes and the ranges of longitudes around a circle; two of these across the date line."""
    angle = circle.kilometres / RADIUS
    reach = math.degrees(angle)
    south, north = circle.latitude - reach, circle.latitude + reach
    latitudes = max(-90.0, south), min(90.0, north)
    if south <= -90 or north >= 90:  # a pole lies inside: every meridian passes there
        return latitudes, [(-180.0, 180.0)]
    # The circle is widest where a meridian touches it, which is not at its centre's latitude.
    wide = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(circle.latitude)))))
    west, east = circle.longitude - wide, circle.longitude + wide
    if west < -180:
        return latitudes, [(west + 360, 180.0), (-180.0, east)]
    if east > 180:
        return latitudes, [(west, 180.0), (-180.0, east - 360)]
    return latitudes, [(west, east)]


def inside(circle: Circle, latitudes: NDArray[float64], longitudes: NDArray[float64]) -> NDArray[bool_]:
    """Return True for each point inside the circle, by great-circle distance (haversine); degrees, shape (n,)."""
    import numpy as np

    here, there = np.radians(circle.latitude), np.radians(latitudes)
    east = np.radians(longitudes - circle.longitude)
    half = np.sin((there - here) / 2) ** 2 + np.cos(here) * np.cos(there) * np.sin(east / 2) ** 2
    near: NDArray[bool_] = 2 * RADIUS * np.arcsin(np.sqrt(np.minimum(1.0, half))) <= circle.kilometres
    return near
