"""Annotators that return or raise what they should not: it is their failure on that picture, and the run goes on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.indexer.outside import annotate_outside
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import SilentObserver
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, colour_spec
from tests.make_pictures import plain

FINE = Annotation((Tag("fine", 0.9),))


class Odd(Annotator):
    """Does something odd with red pictures, and with nothing else."""

    def __init__(self, odd: Callable[[list[Any]], Any]) -> None:
        self._odd = odd

    def prepare(self, picture: Any) -> Any:
        return picture.path.name == "red.png"

    def annotate(self, batch: Sequence[Any]) -> Any:
        return self._odd(list(batch)) if any(batch) else [FINE] * len(batch)


def spec_of(odd: Callable[[list[Any]], Any], length: int | None = None) -> AnnotatorSpec:
    return AnnotatorSpec("odd", "1", lambda device: Odd(odd), vector_length=length)


class Mean(BaseException):
    """What some libraries end with: neither an Exception nor SystemExit."""


def raising(error: BaseException) -> Callable[[list[Any]], Any]:
    def odd(rest: list[Any]) -> Any:
        raise error

    return odd


def one(answer: Any) -> Callable[[list[Any]], Any]:
    """Answers for red with this, as one of a batch or alone."""
    return lambda batch: [answer if red else FINE for red in batch]


ANSWERS: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "exit": (raising(SystemExit(3)), "SystemExit: 3"),
    "other exception": (raising(Mean("no")), "Mean: no"),
    "Ctrl-C of its own": (raising(KeyboardInterrupt()), "KeyboardInterrupt"),
    "generator's end": (raising(GeneratorExit()), "GeneratorExit"),
    "memory": (raising(MemoryError()), "there is not enough memory"),
    "None": (lambda rest: None, "returned None instead of a list"),
    "number": (lambda rest: 3, "returned a int instead of a list"),
    "text": (lambda rest: "x" * len(rest), "returned a str instead of a list"),
    "mapping": (lambda rest: {0: FINE}, "returned a dict instead of a list"),
    "too few": (lambda rest: [], "it returned 0 annotations for 1 pictures"),
    "too many": (lambda rest: [FINE] * (len(rest) + 1), "it returned 2 annotations for 1 pictures"),
    "endless": (lambda rest: iter(lambda: FINE, None), "it returned 2 annotations for 1 pictures"),
    "no annotation": (one(None), "returned None instead of an Annotation"),
    "no tags": (one(Annotation(None)), "the tags of its Annotation are None"),  # type: ignore[arg-type]
    "text for tags": (one(Annotation("fine")), "are a str instead of a tuple of Tag"),  # type: ignore[arg-type]
    "texts": (one(Annotation(("fine",))), "returned a str, 'fine', instead of a Tag"),  # type: ignore[arg-type]
    "tuples": (one(Annotation([("fine", 0.9)])), "returned a tuple"),  # type: ignore[arg-type]
    "mapping of tags": (one(Annotation({"fine": 0.9})), "are a dict"),  # type: ignore[arg-type]
    "no name": (one(Annotation((Tag(None, 0.9),))), "the tag None"),  # type: ignore[arg-type]
    "invisible name": (one(Annotation((Tag("\u200b", 0.9),))), "not empty"),
    "the same to the eye": (one(Annotation((Tag("a", 0.9), Tag("a\u200b", 0.9)))), "twice"),
    "not a number": (one(Annotation((Tag("fine", float("nan")),))), "the probability nan"),
    "huge": (one(Annotation((Tag("fine", 10**400),))), "must lie in 0 to 1"),
    "text for a number": (one(Annotation((Tag("fine", "0.5"),))), "must lie in 0 to 1"),  # type: ignore[arg-type]
    "no probability": (one(Annotation((Tag("fine", None),))), "must lie in 0 to 1"),  # type: ignore[arg-type]
    "vector": (one(Annotation((), np.ones(3, np.float32))), "does not promise"),
}


@pytest.mark.parametrize(("odd", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_an_odd_answer_is_a_failure_on_that_picture(
    engine: Engine, photos: Path, odd: Callable[[list[Any]], Any], reason: str
) -> None:
    calls = Calls()
    report = index([photos], engine, [spec_of(odd), colour_spec(calls)])
    assert [(failure.path.name, failure.annotator) for failure in report.failures] == [("red.png", "odd")]
    assert reason in report.failures[0].reason
    assert (report.annotated, calls.annotated, report.broken) == (3, 3, {})
    image = engine.catalog.image(photos / "green.png")
    assert image is not None
    assert "fine" in {tag.name for tag in engine.catalog.tags_of([image.id])[image.id]}


VECTORS: dict[str, Any] = {
    "list": [1, 2, 3],
    "doubles": np.ones(3),
    "integers": np.arange(3),
    "ragged": [[1], [2, 3]],
    "texts": ["a", "b", "c"],
    "infinite": [1.0, float("inf"), 0.0],
    "too large": [1e300, 0, 0],
    "nested": [[1, 2, 3]],
    "objects": [None, 1, 2],
}


def test_vectors_are_taken_as_numbers_or_refused(engine: Engine, photos: Path) -> None:
    refused = set()
    for name, vector in VECTORS.items():
        annotation = Annotation((Tag("fine", np.float32(0.5)),), vector)  # type: ignore[arg-type]
        (item,) = annotate_outside([photos / "red.png"], [spec_of(one(annotation), 3)])
        assert len(item.failures) + len(item.annotations) == 1
        refused |= {name} if item.failures else set()
    assert refused == {"ragged", "texts", "infinite", "too large", "nested", "objects"}


def test_lists_generators_and_numpys_numbers_are_taken(engine: Engine, photos: Path) -> None:
    tags = [Tag(np.str_("fine\u200b"), np.float64(0.5)), Tag("two  words", 1)]
    answer = one(Annotation(iter(tags)))  # type: ignore[arg-type]
    report = index([photos], engine, [spec_of(lambda batch: iter(answer(batch)))])
    assert report.complete, report.failures
    image = engine.catalog.image(photos / "red.png")
    assert image is not None
    stored = engine.catalog.tags_of([image.id])[image.id]
    assert [(tag.name, type(tag.name)) for tag in stored] == [("two words", str), ("fine", str)]


def test_outside_a_library_too(photos: Path) -> None:
    for odd, reason in ANSWERS.values():
        red, green = annotate_outside([photos / "red.png", photos / "green.png"], [spec_of(odd)])
        assert reason in red.failures["odd"]
        assert [tag.name for tag in green.annotations["odd"].tags] == ["fine"]


@pytest.mark.parametrize("error", [SystemExit("gone"), Mean("no"), KeyboardInterrupt(), MemoryError()])
def test_it_may_fail_anywhere(engine: Engine, photos: Path, error: BaseException) -> None:
    notes: list[str] = []

    class Watch(SilentObserver):
        def note(self, text: str) -> None:
            notes.append(text)

    class Falls(Annotator):
        def prepare(self, picture: Any) -> Any:
            raise error

        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            return []

        def close(self) -> None:
            raise error

    def unbuilt(device: str) -> Annotator:
        raise error

    calls = Calls()
    specs = [AnnotatorSpec("falls", "1", lambda device: Falls()), AnnotatorSpec("unbuilt", "1", unbuilt)]
    report = index([photos], engine, [*specs, colour_spec(calls)], observer=Watch())
    assert {failure.annotator for failure in report.failures} == {"falls"}
    assert (len(report.failures), list(report.broken), calls.annotated) == (3, ["unbuilt"], 3)
    assert any("falls failed while it was closed" in note for note in notes)


def test_what_is_built_must_be_an_annotator(engine: Engine, photos: Path) -> None:
    class Sizeless(Odd):
        batch_size = "many"  # type: ignore[assignment]

    factories = {
        "nothing": lambda device: None,
        "class": lambda device: Odd,
        "size": lambda device: Sizeless(one(FINE)),
    }
    specs = [AnnotatorSpec(name, "1", factory) for name, factory in factories.items()]  # type: ignore[arg-type]
    report = index([photos], engine, [*specs, colour_spec()])
    assert set(report.broken) == set(factories)
    assert report.annotated == 3


def test_a_batch_that_does_not_fit_is_halved_for_good(engine: Engine, tmp_path: Path) -> None:
    class OutOfMemoryError(RuntimeError):
        """Named as PyTorch's."""

    sizes: list[int] = []
    notes: list[str] = []

    class Large(Annotator):
        batch_size = 8

        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            sizes.append(len(batch))
            if len(batch) > 2:
                raise OutOfMemoryError("CUDA out of memory")
            assert sys.exc_info()[0] is None  # which would keep the memory of the batch that failed
            return [FINE] * len(batch)

    class Watch(SilentObserver):
        def note(self, text: str) -> None:
            notes.append(text)

    for number in range(16):
        plain(tmp_path / f"{number}.png", seed=number + 1)
    report = index([tmp_path], engine, [AnnotatorSpec("large", "1", lambda device: Large())], observer=Watch())
    assert (report.annotated, report.failures) == (16, ())
    assert sizes[:6] == [8, 4, 2, 2, 4, 2]
    assert max(sizes[7:]) == 2
    assert len(notes) == 2
    assert "gets 2 from now on" in notes[-1]


def test_no_thread_is_left(engine: Engine, photos: Path) -> None:
    before = set(threading.enumerate())
    index([photos], engine, [spec_of(raising(SystemExit(1)))])
    assert set(threading.enumerate()) <= before
