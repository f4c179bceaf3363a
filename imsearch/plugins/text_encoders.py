"""The text encoders of the installed annotators, built on first use; a broken one is recorded and returns nothing.

A query must not fail because a plugin does: the words of the lexicon answer it as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

from imsearch.plugins import text_answers
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.annotator import TextEncoder
    from imsearch.plugins.manager import PluginManager
    from imsearch.specs import AnnotatorSpec

    Floats = NDArray[float32]

T = TypeVar("T")


class TextEncoders:
    """Text encoders by the names of their annotators.  Safe for several threads."""

    def __init__(self, plugins: Callable[[], PluginManager]) -> None:
        """plugins: loads them at the first text."""
        self._plugins = plugins
        self._built: dict[str, CheckedEncoder] = {}
        self._lock = RLock()

    @cached_property
    def _specs(self) -> Mapping[str, AnnotatorSpec]:
        return {spec.name: spec for spec in self._plugins().offered() if spec.text_encoder is not None}

    def versions(self) -> Mapping[str, str]:
        """Return the installed version of every annotator that takes text, by name; builds none."""
        return {name: spec.version for name, spec in self._specs.items()}

    def get(self, name: str) -> CheckedEncoder:
        """Return the encoder of one of `versions`."""
        with self._lock:
            if name not in self._built:
                self._built[name] = CheckedEncoder(self._specs[name])
            return self._built[name]

    def problems(self) -> Mapping[str, str]:
        """Errors so far, by annotator, in one line each."""
        return {name: built.problem for name, built in self._built.items() if built.problem}


class CheckedEncoder:
    """A plugin's `TextEncoder` that never raises and always returns the right shapes; on a violation it returns zeros.

    problem: the first error, or empty.  scale: 0 until a text was encoded.  reader: empty until then.
    """

    def __init__(self, spec: AnnotatorSpec) -> None:
        self._spec = spec
        self._encoder: TextEncoder | None = None
        self._lock = RLock()
        self.problem = ""
        self.scale = 0.0
        self.reader = ""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return directions, float32 ``(texts, length)``; zeros for unknown texts."""
        import numpy as np

        vectors = self._spec.vector_length or 0
        found = self._ask(lambda encoder: text_answers.directions(encoder, texts, vectors))
        return np.zeros((len(texts), vectors), np.float32) if found is None else found

    def pictures(self, vectors: Floats) -> Floats:
        """Project the annotator's vectors to the space of texts, float32 ``(N, length)``, of length 1 or 0."""
        import numpy as np

        found = self._ask(lambda encoder: text_answers.pictures(encoder, vectors))
        return np.zeros((len(vectors), 0), np.float32) if found is None else found

    def towards(self, direction: Floats) -> Floats:
        """Return where among the annotator's vectors pictures near a text are found, ``(vector_length,)``."""
        import numpy as np

        vectors = self._spec.vector_length or 0
        found = self._ask(lambda encoder: text_answers.towards(encoder, direction, vectors))
        return np.zeros(vectors, np.float32) if found is None else found

    def probability(self, cosines: Floats) -> Floats | None:
        """Return how likely pictures of these cosines show a text, in 0 to 1; None if the encoder is not calibrated."""
        return self._ask(lambda encoder: text_answers.probabilities(encoder, cosines))

    def _ask(self, what: Callable[[TextEncoder], T]) -> T | None:
        with self._lock:
            if self.problem:
                return None
            try:
                with foreign():
                    if self._encoder is None:
                        assert self._spec.text_encoder is not None
                        encoder = self._spec.text_encoder()
                        self.scale = text_answers.scale_of(encoder)
                        self.reader = str(getattr(encoder, "reader", ""))
                        self._encoder = encoder
                    return what(self._encoder)
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                self.problem = reason(error)
                return None


def tell_space(chosen: str | None, made: Mapping[str, tuple[str, int]], encoders: TextEncoders) -> str:
    """Describe the embedding space that text is compared in, or why there is none; builds the encoder.

    chosen: the annotator in use, or None.  made: the versions that made the library's vectors, by annotator.
    """
    if chosen is not None:
        encoder = encoders.get(chosen)
        encoder.encode(["dog"])
        if encoder.problem:
            return f"found by tags alone: {chosen} cannot read it: {encoder.problem}"
        return f"compared by {chosen} {made[chosen][0]}" + (f", by {encoder.reader}" if encoder.reader else "")
    versions = encoders.versions()
    for name in sorted(made.keys() & versions.keys()):
        return (
            f"found by tags alone: {name} {versions[name]} takes text, but the vectors are of {name} {made[name][0]}; "
            '"imsearch index" makes new ones'
        )
    return "found by tags alone: no annotator of the library takes text"
