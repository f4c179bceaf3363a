"""What imsearch makes of text encoders that break the contract while they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.plugins.text_encoders import TextEncoders, tell_space
from tests.fakes import colour_spec


class Words:
    """Red for every text."""

    scale = 5.0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1, 0, 0, 0]] * len(texts), np.float32)


def encoders(*built: Any) -> TextEncoders:
    specs = [replace(colour_spec(name=f"colours{number}"), text_encoder=each) for number, each in enumerate(built)]
    manager: Any = SimpleNamespace(offered=lambda: (colour_spec(name="deaf"), *specs))
    return TextEncoders(lambda: manager)


def test_only_annotators_that_take_text_are_named_and_each_encoder_is_built_once() -> None:
    built = []

    def build() -> Words:
        built.append(1)
        return Words()

    found = encoders(build, Words)
    assert (found.versions(), built) == ({"colours0": "1", "colours1": "1"}, [])
    for _ in range(2):
        assert found.get("colours0").encode(["a", "b"]).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    assert (built, found.get("colours0").scale, found.problems()) == ([1], 5.0, {})
    assert found.get("colours0").probability(np.zeros(3, np.float32)) is None


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        (type("Exits", (Words,), {"encode": lambda self, texts: exit("bye")}), "SystemExit: bye"),
        (type("Short", (Words,), {"encode": lambda self, texts: np.zeros((1, 3), np.float32)}), "shape (1, 4)"),
        (type("Scale", (Words,), {"scale": -1}), "positive"),
    ],
)
def test_one_that_fails_knows_nothing_and_is_told_of(encoder: Any, told: str) -> None:
    found = encoders(encoder)
    assert found.get("colours0").encode(["a"]).tolist() == [[0, 0, 0, 0]]
    assert told in found.problems()["colours0"]
    assert found.get("colours0").probability(np.zeros(3, np.float32)) is None


def test_what_status_tells() -> None:
    working, failing = encoders(Words), encoders(type("Exits", (Words,), {"encode": lambda self, texts: exit("bye")}))
    assert tell_space("colours0", {"colours0": ("1", 4)}, working) == "compared by colours0 1"
    assert tell_space("colours0", {"colours0": ("1", 4)}, failing).endswith("colours0 cannot read it: SystemExit: bye")
    assert "colours0 1 takes text, but the vectors are of colours0 0" in tell_space(
        None, {"colours0": ("0", 4)}, working
    )
    reading = encoders(type("Reads", (Words,), {"reader": "sentences"}))
    assert tell_space("colours0", {"colours0": ("1", 4)}, reading) == "compared by colours0 1, by sentences"
    assert tell_space(None, {"deaf": ("1", 4)}, working).endswith("no annotator of the library takes text")
