"""The contract of text encoders; `imsearch.plugins.contract` checks these rules after those of annotators."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imsearch.plugins import text_answers
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.annotator import TextEncoder

TEXTS = ("dog", "two dogs running in the snow", "Schnee im Mai", "雪の中の犬", "", "qwertz", "a " * 500)
"""Words, a sentence, other languages, an empty text, no word, and an overlong text."""
TOLERANCE = 0.01
"""Maximum change of a cosine when a text is encoded together with others."""


def text_rules(spec: AnnotatorSpec) -> tuple[tuple[str, Callable[[], Sequence[str]]], ...]:
    """Return the rules with their checks, in order; each returns what is wrong.

    Empty if the annotator takes no text.
    """
    if spec.text_encoder is None:
        return ()
    build, length = spec.text_encoder, spec.vector_length or 0
    built: list[TextEncoder] = []

    def light() -> list[str]:
        with _without_torch():
            built.append(build())
            text_answers.scale_of(built[0])
            built[0].encode(TEXTS[:1])
        return []

    def directions() -> list[str]:
        import numpy as np

        found = text_answers.directions(built[0], TEXTS, length)
        vectors = np.random.default_rng(0).normal(size=(3, length)).astype(np.float32)
        brought = text_answers.pictures(built[0], vectors)
        text_answers.towards(built[0], found[0], length)
        widths = found.shape[1], brought.shape[1]
        return [f"texts have {widths[0]} numbers and pictures {widths[1]}"] if widths[0] != widths[1] else []

    def alone() -> list[str]:
        import numpy as np

        together = built[0].encode(TEXTS)
        single = np.concatenate([built[0].encode([text]) for text in TEXTS])
        moved = np.abs(together - single).max(axis=1)
        return [f"{TEXTS[moved.argmax()]:.30}: another direction alone"] if moved.max() > TOLERANCE else []

    def probabilities() -> list[str]:
        import numpy as np

        given = text_answers.probabilities(built[0], np.linspace(-1, 1, 21, dtype=np.float32))
        falls = given is not None and bool((np.diff(given) < 0).any())
        return ["a picture nearer to the text has a lower probability"] if falls else []

    return (
        ("its text encoder is built and used without PyTorch", light),
        ("texts have directions in one space with pictures", directions),
        ("a text gets the same direction alone as among others", alone),
        ("probabilities of texts, if any, lie in 0 to 1 and grow with the cosine", probabilities),
    )


@contextmanager
def _without_torch() -> Iterator[None]:
    """Make ``import torch`` fail inside the context, even if it was imported before."""
    found = sys.modules.get("torch")
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    except ImportError as error:
        if "torch" in str(error):
            raise ImportError("it imports torch; a query must not wait for that") from error
        raise
    finally:
        if found is None:
            del sys.modules["torch"]
        else:
            sys.modules["torch"] = found
