"""Classes for aspect ratios: pages may not contain inline styles, so each picture gets one of a few hundred classes."""

from __future__ import annotations

import hashlib
import math

STEP = 1.02
NARROWEST, WIDEST = 0.2, 5.0
_LAST = math.ceil(math.log(WIDEST / NARROWEST) / math.log(STEP))


def shape(width: int, height: int) -> str:
    """Return the class for a picture of this size: ``r0`` up to a ratio of 1:5, then in steps of 2 %."""
    ratio = max(width, 1) / max(height, 1)
    number = round(math.log(ratio / NARROWEST) / math.log(STEP))
    return f"r{min(max(number, 0), _LAST)}"


def stylesheet() -> str:
    """Return the stylesheet: every class sets ``--r``, the width divided by the height."""
    return "".join(f".r{number}{{--r:{NARROWEST * STEP**number:.4g}}}\n" for number in range(_LAST + 1))


ADDRESS = f"/shapes.css?v={hashlib.sha256(stylesheet().encode()).hexdigest()[:12]}"
"""The address of the stylesheet."""
