"""Validate the results of text encoders; each function raises `ValueError` if the contract is broken.

See `imsearch.annotator.TextEncoder` for the contract.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.annotator import TextEncoder

    Floats = NDArray[float32]

_ROUNDING = 1e-2
"""Tolerance of a length of 1: half precision rounds."""


def scale_of(encoder: TextEncoder) -> float:
    """Return the encoder's scale, a positive number."""
    scale = float(encoder.scale)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"the scale must be a positive number, not {scale}")
    return scale


def directions(encoder: TextEncoder, texts: Sequence[str], vector_length: int) -> Floats:
    """Return directions of texts, ``(texts, length)``; the length is that of the vectors if `pictures` is missing."""
    given = encoder.encode(texts)
    own = getattr(encoder, "pictures", None) is not None
    width = given.shape[1] if own and getattr(given, "ndim", 0) == 2 else vector_length
    return _checked(given, (len(texts), width), f"{len(texts)} texts")


def pictures(encoder: TextEncoder, vectors: Floats) -> Floats:
    """Project the annotator's vectors ``(N, vector_length)``, of any length, to the space of texts: length 1 or 0."""
    unit = _unit(vectors)
    bring = getattr(encoder, "pictures", None)
    if bring is None:
        return unit
    given = bring(unit)
    width = given.shape[1] if getattr(given, "ndim", 0) == 2 else "length"
    return _checked(given, (len(vectors), width), f"{len(vectors)} vectors")


def towards(encoder: TextEncoder, direction: Floats, vector_length: int) -> Floats:
    """Return where among the vectors pictures near a direction ``(length,)`` are found, ``(vector_length,)``."""
    if getattr(encoder, "pictures", None) is None:
        return direction
    turn = getattr(encoder, "towards", None)
    if turn is None:
        raise ValueError("an encoder with pictures() needs towards()")
    found: Floats = _checked(turn(direction[None]), (1, vector_length), "a direction")[0]
    return found


def probabilities(encoder: TextEncoder, cosines: Floats) -> Floats | None:
    """Return the encoder's probabilities for cosines; None if it has no such method."""
    import numpy as np

    judge = getattr(encoder, "probability", None)
    if judge is None:
        return None
    given = np.asarray(judge(cosines), np.float32)
    if given.shape != cosines.shape or not np.all((given >= 0) & (given <= 1)):
        raise ValueError("probabilities must have the shape of the cosines and lie in 0 to 1")
    return given


def _checked(given: object, shape: tuple[int, int | str], what: str) -> Floats:
    """Return the result, if it is float32 of this shape with rows of length 1 or 0."""
    import numpy as np

    if not isinstance(given, np.ndarray) or given.dtype != np.float32 or given.shape != shape:
        found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        raise ValueError(f"{what} must give float32 of shape ({shape[0]}, {shape[1]}), not {found}")
    if not np.isfinite(given).all():
        raise ValueError(f"what {what} gave holds NaN or infinity")
    lengths = np.linalg.norm(given, axis=1)
    if not np.all((np.abs(lengths - 1) < _ROUNDING) | (lengths == 0)):
        odd = lengths[np.where(lengths == 0, 0, np.abs(lengths - 1)).argmax()]
        raise ValueError(f"what {what} gave has a row of length {odd:.3f}; it must be 1, or 0")
    return given


def _unit(vectors: Floats) -> Floats:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)
