"""A tiny labelled set of generated pictures, and what every model's test needs to train on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.run import Silent

COLOURS = {"sky": (90, 150, 240), "grass": (40, 160, 40), "snow": (245, 245, 250)}
MakeDataset = Callable[..., Dataset]


@pytest.fixture(scope="session")
def make_dataset(tmp_path_factory: pytest.TempPathFactory) -> MakeDataset:
    """Makes a dataset of noisy one-coloured pictures, three in four to learn from, the rest split ``dev``.

    `words` maps each colour to the labels of its pictures; `more` adds fields to every line, by colour.
    """

    def make(
        kind: str = "jsonl",
        count: int = 24,
        words: dict[str, Sequence[str]] | None = None,
        more: dict[str, dict[str, object]] | None = None,
    ) -> Dataset:
        words = words or {"sky": ["sky", "clouds"], "grass": ["grass"], "snow": ["snow", "sky"]}
        random = np.random.default_rng(0)
        folder = tmp_path_factory.mktemp(kind)
        lines = []
        for number in range(count):
            colour = list(COLOURS)[number % 3]
            pixels = np.clip(np.array(COLOURS[colour]) + random.normal(0, 25, (48, 64, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
            split = "dev" if number % 4 == 3 else "train"
            extra = (more or {}).get(colour, {})
            lines.append({"file": f"{number:02}.png", "labels": list(words[colour]), "split": split, **extra})
        (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return load_dataset(f"{kind}:{folder}")

    return make


class StopAfter(Silent):
    """Interrupts a run in the epoch after `epochs` are done, as Ctrl-C would."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def note(self, text: str) -> None:
        self.left -= text.startswith("epoch")

    def advance(self, steps: int, **figures: float) -> None:
        if figures and self.left == 0:
            raise KeyboardInterrupt


def tensors(weights: Path) -> dict[str, bytes]:
    """The bytes of each tensor of a weights file, to compare two runs."""
    with safe_open(weights, framework="numpy") as file:
        return {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118 - not a dict
