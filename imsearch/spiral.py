"""Boxes laid around a centre, the first in the middle, each as near to it as the ones before leave room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_STEPS = 4000
"""Places that are tried along the spiral."""


def lay_around(sizes: Sequence[tuple[float, float]], *, aspect: float = 2.0) -> list[tuple[float, float]]:
    """Left and top of boxes of these widths and heights, so that none overlap; the centre of all is about (0, 0).

    aspect: how much wider than high the whole becomes.
    """
    reach = 2.5 * sum(width * height for width, height in sizes) ** 0.5
    turns = np.sqrt(np.linspace(0.0, 1.0, _STEPS))  # as dense outside as inside
    angles = turns * 2 * np.pi * 40
    across, down = np.cos(angles) * turns * reach * aspect**0.5, np.sin(angles) * turns * reach / aspect**0.5
    taken = np.empty((0, 4))
    for width, height in sizes:
        left, top = across - width / 2, down - height / 2
        right, bottom = left + width, top + height
        free = np.ones(_STEPS, bool)
        for other_left, other_top, other_right, other_bottom in taken:
            apart = (right <= other_left) | (left >= other_right) | (bottom <= other_top) | (top >= other_bottom)
            free &= apart
        found = int(free.argmax()) if free.any() else None
        box = _below(taken, width, height) if found is None else (left[found], top[found], right[found], bottom[found])
        taken = np.vstack([taken, box])
    return [(float(left), float(top)) for left, top, _, _ in taken]


def _below(taken: np.ndarray, width: float, height: float) -> tuple[float, float, float, float]:
    """Where there is always room."""
    top = float(taken[:, 3].max())
    return -width / 2, top, width / 2, top + height
