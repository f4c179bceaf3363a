"""A fake annotator whose answers can be computed by hand, and what tests need around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.pictures.picture import Picture
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec
from tests.patience import wait_until

WORDS = ("red", "green", "blue")
SIZE = 8
"""The fake looks at 8 x 8 pixels."""


@dataclass
class Calls:
    """What happened to a fake annotator; shared by all that one spec builds."""

    built: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    prepared: int = 0
    closed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def annotated(self) -> int:
        """How many pictures went through `annotate`."""
        return sum(self.batches)


class ColourAnnotator(Annotator):
    """Tags are the colours of light, their probability the picture's mean of that channel in 0 to 1.

    The vector is those three numbers and a 1, so that black pictures have a direction too.  A picture whose mean is
    within a hundredth of `fails_on` makes its whole batch fail.  After `before_gate` pictures it waits until there is a
    file at `gate`, so that a test can look at a run that is under way for as long as it likes.
    """

    def __init__(
        self,
        calls: Calls,
        words: Sequence[str] = WORDS,
        batch_size: int = 4,
        fails_on: tuple[float, float, float] | None = None,
        seconds: float = 0.0,
        gate: Path | None = None,
        before_gate: int = 0,
    ) -> None:
        self.calls, self.words, self.batch_size = calls, words, batch_size
        self.fails_on, self.seconds = fails_on, seconds
        self.gate, self.before_gate = gate, before_gate

    def prepare(self, picture: Picture) -> Any:
        with self.calls.lock:
            self.calls.prepared += 1
        return picture.array(SIZE, SIZE)

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        if self.gate and self.calls.annotated >= self.before_gate:
            wait_until(self.gate.exists)
        self.calls.batches.append(len(batch))
        time.sleep(self.seconds * len(batch))
        means = [pixels.mean(axis=(0, 1)) / 255 for pixels in batch]
        if self.fails_on and any(np.abs(mean - self.fails_on).max() < 0.01 for mean in means):
            raise ValueError("this colour hurts")
        return [
            Annotation(
                tuple(Tag(word, float(level)) for word, level in zip(self.words, mean, strict=True)),
                np.append(mean, 1).astype(np.float32),
            )
            for mean in means
        ]

    def close(self) -> None:
        self.calls.closed += 1


def colour_spec(
    calls: Calls | None = None, name: str = "colours", version: str = "1", input_size: int = SIZE, **options: Any
) -> AnnotatorSpec:
    """The spec of a `ColourAnnotator`; `options` go to the annotator."""
    calls = calls or Calls()
    words = tuple(options.get("words", WORDS))

    def build(device: str) -> Annotator:
        calls.built.append(device)
        return ColourAnnotator(calls, **options)

    return AnnotatorSpec(
        name,
        version,
        build,
        vocabulary=words,
        vector_length=len(words) + 1,
        input_size=input_size,
        license="Apache-2.0",
    )


class ColourTexts:
    """Puts words into the space of a `ColourAnnotator`: "crimson" is where red pictures are, and knows nothing else."""

    scale = 20.0
    directions = MappingProxyType({"crimson": (1, 0, 0), "grassy": (0, 1, 0), "red": (1, 0, 0)})

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), 4), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row[:3] += self.directions.get(word, (0, 0, 0))
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows

    def probability(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """A plain picture of that colour has the cosine .707 at most, since the fourth number is 1."""
        return np.asarray(np.clip(cosines / np.float32(0.75), 0, 1), np.float32)
