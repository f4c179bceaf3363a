"""The text encoders of the installed annotators, each built when it is first asked; a broken one is noted and silent.

A query must not fail because a plugin does: the words of the lexicon answer it as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from imsearch.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.annotator import TextEncoder
    from imsearch.plugins.manager import PluginManager
    from imsearch.records import AnnotatorSpec


class TextEncoders:
    """Hands out the text encoders by the names of their annotators.  Several threads may use one."""

    def __init__(self, plugins: Callable[[], PluginManager]) -> None:
        """plugins: loads them, when a text is first asked for."""
        self._plugins = plugins
        self._built: dict[str, CheckedEncoder] = {}
        self._lock = Lock()

    @cached_property
    def _specs(self) -> Mapping[str, AnnotatorSpec]:
        return {spec.name: spec for spec in self._plugins().offered() if spec.text_encoder is not None}

    def versions(self) -> Mapping[str, str]:
        """The installed version of every annotator that takes text, by name; builds none."""
        return {name: spec.version for name, spec in self._specs.items()}

    def get(self, name: str) -> CheckedEncoder:
        """The encoder of one of `versions`."""
        with self._lock:
            if name not in self._built:
                self._built[name] = CheckedEncoder(self._specs[name])
            return self._built[name]

    def problems(self) -> Mapping[str, str]:
        """What went wrong so far, by annotator, in one line each."""
        return {name: built.problem for name, built in self._built.items() if built.problem}


class CheckedEncoder:
    """A plugin's `TextEncoder` that never raises and never lies about shapes: what breaks the contract knows nothing.

    problem: what went wrong first, or nothing.
    """

    def __init__(self, spec: AnnotatorSpec) -> None:
        self._spec = spec
        self._length = spec.vector_length or 0
        self._encoder: TextEncoder | None = None
        self._lock = Lock()
        self.problem = ""
        self.scale = 0.0

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """Directions, float32 ``(texts, vector_length)``; zeros for texts of which nothing is known."""
        import numpy as np

        nothing = np.zeros((len(texts), self._length), np.float32)
        found = self._ask(lambda encoder: _directions(encoder, texts, self._length))
        return nothing if found is None else found

    def probability(self, cosines: NDArray[float32]) -> NDArray[float32] | None:
        """How likely pictures of these cosines show a text, in 0 to 1; None where the encoder cannot tell."""
        return self._ask(lambda encoder: probabilities_of(encoder, cosines))

    def _ask(self, what: Callable[[TextEncoder], NDArray[float32] | None]) -> NDArray[float32] | None:
        with self._lock:
            if self.problem:
                return None
            try:
                with foreign():
                    if self._encoder is None:
                        assert self._spec.text_encoder is not None
                        encoder = self._spec.text_encoder()
                        self.scale = scale_of(encoder)
                        self._encoder = encoder
                    return what(self._encoder)
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                self.problem = reason(error)
                return None


def tell_space(chosen: str | None, made: Mapping[str, tuple[str, int]], encoders: TextEncoders) -> str:
    """In whose space text is compared, or why in none, in a few words; tries the encoder.

    chosen: the annotator that is asked, or None.  made: the versions that made the library's vectors, by annotator.
    """
    if chosen is not None:
        encoders.get(chosen).encode(["dog"])
        problem = encoders.problems().get(chosen)
        version = made[chosen][0]
        return (
            f"found by tags alone: {chosen} cannot read it: {problem}" if problem else f"compared by {chosen} {version}"
        )
    versions = encoders.versions()
    for name in sorted(made.keys() & versions.keys()):
        return (
            f"found by tags alone: {name} {versions[name]} takes text, but the vectors are of {name} {made[name][0]}; "
            '"imsearch index" makes new ones'
        )
    return "found by tags alone: no annotator of the library takes text"


def scale_of(encoder: TextEncoder) -> float:
    """The encoder's scale; raises `ValueError` for one that is no positive number."""
    scale = float(encoder.scale)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"the scale must be a positive number, not {scale}")
    return scale


def direction_problems(given: object, texts: int, length: int) -> list[str]:
    """What is wrong with the answer to so many texts; nothing when it keeps the contract of `TextEncoder.encode`."""
    import numpy as np

    if not isinstance(given, np.ndarray) or given.dtype != np.float32 or given.shape != (texts, length):
        found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        return [f"{texts} texts must give float32 of shape ({texts}, {length}), not {found}"]
    if not np.isfinite(given).all():
        return ["the directions hold NaN or infinity"]
    lengths = np.linalg.norm(given, axis=1)
    if not np.all((np.abs(lengths - 1) < _ROUNDING) | (lengths == 0)):
        return [f"a direction has the length {lengths[np.abs(lengths - 1).argmax()]:.3f}; it must be 1, or 0"]
    return []


_ROUNDING = 1e-2
"""How far a length may be from 1: half precision rounds."""


def _directions(encoder: TextEncoder, texts: Sequence[str], length: int) -> NDArray[float32]:
    given = encoder.encode(texts)
    if problems := direction_problems(given, len(texts), length):
        raise ValueError(problems[0])
    return given


def probabilities_of(encoder: TextEncoder, cosines: NDArray[float32]) -> NDArray[float32] | None:
    """What the encoder makes of cosines; None where it has no such method.

    Raises `ValueError` where that is no probability for each.
    """
    import numpy as np

    judge = getattr(encoder, "probability", None)
    if judge is None:
        return None
    given = np.asarray(judge(cosines), np.float32)
    if given.shape != cosines.shape or not np.all((given >= 0) & (given <= 1)):
        raise ValueError("probabilities must have the shape of the cosines and lie in 0 to 1")
    return given
