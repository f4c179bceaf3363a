"""Optional: a sentence encoder (the extra ``semantic``), for text encoders of annotators that can do more with it.

It is all-MiniLM-L6-v2 of the Sentence Transformers project.  The package that brings its weights is one upload by
somebody unknown, so only two of its files are read, their bytes must be the published ones, and none of its code runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from imsearch.semantic.files import encoder_folder as encoder_folder

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


class SentenceEncoder(Protocol):
    """Makes vectors from texts; near in meaning, near in angle."""

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """Vectors of length 1, float32 ``(texts, 384)``."""


class Wanting(Protocol):
    """The part of `imsearch.settings.Settings` that is needed."""

    @property
    def semantic(self) -> str:
        """``"auto"`` or ``"off"``."""


def installed_sentence_encoder(settings: Wanting) -> SentenceEncoder | None:
    """Load the encoder, in about two tenths of a second; None where none is installed, or none is wanted.

    Raises `imsearch.errors.ModelError` with what to do where its files are not the published ones.
    """
    folder = None if settings.semantic == "off" else encoder_folder()
    if folder is None:
        return None
    from imsearch.semantic.minilm import MiniLM

    return MiniLM(folder)


def encoder_state(wanted: str) -> str:
    """Return in words if there is a sentence encoder; `wanted` is the setting ``semantic``."""
    if encoder_folder() is None:
        return "not installed"
    return "installed" if wanted == "auto" else "installed, switched off"
