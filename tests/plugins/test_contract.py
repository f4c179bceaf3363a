"""Each rule of the contract finds the annotator that breaks it, and only that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.plugins.contract import check_annotator, sample_pictures
from imsearch.plugins.problems import annotation_problems, spec_problems
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, colour_spec


class Scripted(Annotator):
    """Answers what it is told to."""

    def __init__(self, answer: Callable[[Sequence[Any]], Any]) -> None:
        self.answer = answer

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        answers: Sequence[Annotation] = self.answer(batch)
        return answers


def scripted(answer: Callable[[Sequence[Any]], Any], **fields: Any) -> AnnotatorSpec:
    return AnnotatorSpec("fake", "1", lambda device: Scripted(answer), **fields)


def every(annotation: Any) -> Callable[[Sequence[Any]], Any]:
    """The same answer to every picture."""
    return lambda batch: [annotation for _ in batch]


def broken(spec: AnnotatorSpec) -> str:
    """The rule that is broken and why; empty when all are kept."""
    return "\n".join(f"{check.rule}: {problem}" for check in check_annotator(spec) for problem in check.problems)


def test_a_good_annotator_passes_and_is_closed() -> None:
    calls = Calls()
    checks = check_annotator(colour_spec(calls))
    assert [check.passed for check in checks] == [True] * 6
    assert calls.closed == 1


class Halves(Scripted):
    """Split in two; its halves share an array, or do not."""

    def __init__(self, answer: Callable[[Sequence[Any]], Any], shared: bool) -> None:
        super().__init__(answer)
        self.shared: list[Any] | None = [] if shared else None

    def begin(self, batch: Sequence[Any]) -> list[Any]:
        begun = list(batch)
        if self.shared is not None:
            self.shared[:] = begun
            return self.shared
        return begun

    def finish(self, begun: list[Any]) -> Sequence[Annotation]:
        return super().annotate(begun)

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        return self.finish(self.begin(batch))


def test_halves_are_kept_apart() -> None:
    def answer(batch: Sequence[Any]) -> list[Annotation]:
        return [tags(("bright", float(picture.array(4, 4).mean()) / 255)) for picture in batch]

    good = AnnotatorSpec("fake", "1", lambda device: Halves(answer, shared=False))
    bad = AnnotatorSpec("fake", "1", lambda device: Halves(answer, shared=True))
    checks = check_annotator(good)
    assert [check.passed for check in checks] == [True] * 7
    assert checks[-1].rule == "begin and finish give what annotate gives, with two batches under way"
    assert broken(bad).startswith(checks[-1].rule)


def test_names_with_a_namespace_are_good_names() -> None:
    spec = scripted(every(tags(("weather:very windy", 0.5))), vocabulary=("weather:very windy", "weather:sunny"))
    assert broken(spec) == ""


def tags(*pairs: tuple[str, float]) -> Annotation:
    return Annotation(tuple(Tag(name, probability) for name, probability in pairs))


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (None, "expected an Annotation, got NoneType"),
        (tags(("cat", 0.5), ("cat", 0.6)), "named twice"),
        (tags(("cat", 1.01)), "1.01; it must lie in 0 to 1"),
        (tags(("cat", float("nan"))), "nan"),
        (tags(("", 0.5)), "needs a visible name"),
        (tags(("Cat", 0.5)), "lower case"),
        (tags(("wild  cat", 0.5)), "spaces"),
        (Annotation((), np.zeros(3, np.float32)), "promises vectors of length None"),
    ],
)
def test_a_bad_answer_is_found(annotation: Any, told: str) -> None:
    assert told in broken(scripted(every(annotation)))


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        (None, "promises vectors of length 3"),
        (np.zeros(4, np.float32), "float32 of shape (3,), not float32 (4,)"),
        (np.zeros(3), "not float64 (3,)"),
        (np.full(3, np.inf, np.float32), "infinity"),
    ],
)
def test_a_bad_vector_is_found(vector: Any, told: str) -> None:
    spec = scripted(every(None), vector_length=3)
    assert told in "".join(annotation_problems(spec, Annotation((), vector)))


def test_tags_outside_the_vocabulary_are_found() -> None:
    assert "'dog' is not in the vocabulary" in broken(scripted(every(tags(("dog", 0.5))), vocabulary=("cat",)))


def test_too_few_answers_are_found() -> None:
    assert "6 pictures gave 1 answers" in broken(scripted(lambda batch: [tags()]))


def test_an_answer_that_depends_on_the_batch_is_found() -> None:
    spec = scripted(lambda batch: [tags(("cat", 1 / len(batch))) for _ in batch])
    assert "1.000 alone and 0.167 in a batch" in broken(spec)


def test_exceptions_name_the_line() -> None:
    def fall(batch: Sequence[Any]) -> Any:
        raise KeyError("weights")

    assert "KeyError: 'weights'" in broken(scripted(fall))
    assert "test_contract.py" in broken(scripted(fall))


def test_a_factory_must_build_an_annotator() -> None:
    spec = AnnotatorSpec("fake", "1", lambda device: "no annotator")  # type: ignore[arg-type,return-value]
    assert "it built a str" in broken(spec)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "user"}, "not 'user'"),
        ({"name": "A b"}, "lower-case"),
        ({"version": " "}, "version"),
        ({"version": 2}, "version"),
        ({"vocabulary": ("cat", "cat")}, "twice"),
        ({"vocabulary": ("Cat",)}, "lower case"),
        ({"vocabulary": ("cat",), "thresholds": {"dog": 0.5}}, "threshold for 'dog'"),
        ({"threshold": -0.5}, "the threshold is -0.5"),
        ({"threshold": 1.5}, "imsearch.RANKING_ONLY"),
        ({"threshold": float("nan")}, "the threshold is nan"),
        ({"vocabulary": ("cat",), "thresholds": {"cat": 1.01}}, "the threshold of 'cat' is 1.01"),
        ({"vector_length": 0}, "vector length"),
        ({"input_size": 0}, "input size"),
    ],
)
def test_a_bad_spec_is_found_without_building(fields: dict[str, Any], told: str) -> None:
    spec = replace(scripted(every(tags())), **fields)
    assert told in "".join(spec_problems(spec))
    assert len(check_annotator(spec)) == 1


class Words:
    """A text encoder for the vectors of `colour_spec` that knows how often texts have an e."""

    scale = 5.0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        angles = np.array([text.count("e") % 7 for text in texts], np.float32)
        zeros = np.zeros_like(angles)
        return np.stack([np.cos(angles), np.sin(angles), zeros, zeros], axis=1)


def taking_text(encoder: Any) -> AnnotatorSpec:
    return replace(colour_spec(), text_encoder=encoder)


def test_a_good_text_encoder_passes() -> None:
    checks = check_annotator(taking_text(Words))
    assert [check.passed for check in checks] == [True] * 10


def torch_at_work() -> Words:
    import torch  # noqa: F401

    return Words()


def failing() -> Words:
    raise OSError("the weights are gone")


def answering(given: Any, scale: float = 5.0) -> Any:
    """Builds an encoder that gives the same to each text, whatever that is."""
    encode = lambda self, texts: given if not isinstance(given, list) else np.array([given] * len(texts), np.float32)  # noqa: E731
    return type("Odd", (), {"scale": scale, "encode": encode})


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ("no function", "text encoder must be a function"),
        (torch_at_work, "it imports torch"),
        (failing, "OSError: the weights are gone"),
        (answering([1, 0, 0, 0], scale=0.0), "positive number, not 0.0"),
        (answering([1, 0, 0, 0], scale=float("nan")), "not nan"),
        (answering(None), "7 texts must give float32 of shape (7, 4), not NoneType"),
        (answering(np.ones((7, 4))), "not float64 (7, 4)"),
        (answering([1, 0, 0]), "not float32 (7, 3)"),
        (answering([np.inf, 0, 0, 0]), "NaN or infinity"),
        (answering([2, 0, 0, 0]), "of length 2.000; it must be 1, or 0"),
        (type("Batch", (Words,), {"encode": lambda self, texts: Words.encode(self, ["e" * len(texts)] * len(texts))}),
         "alone"),
        (type("Sure", (Words,), {"probability": lambda self, cosines: cosines}), "lie in 0 to 1"),
        (type("Back", (Words,), {"probability": lambda self, cosines: (1 - cosines) / 2}), "lower probability"),
    ],
)  # fmt: skip
def test_a_bad_text_encoder_is_found(encoder: Any, told: str) -> None:
    assert told in broken(taking_text(encoder))


class Narrow(Words):
    """The same in a space of two numbers, into which vectors are brought."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode(texts)[:, :2]

    def pictures(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = vectors[:, :2]
        return np.asarray(kept / np.linalg.norm(kept, axis=1, keepdims=True), np.float32)

    def towards(self, directions: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.pad(directions, ((0, 0), (0, 2)))


def test_a_text_encoder_may_bring_pictures_into_a_space_of_its_own() -> None:
    assert broken(taking_text(Narrow)) == ""
    assert "needs towards()" in broken(taking_text(type("Lost", (Narrow,), {"towards": None})))
    wide = type("Wide", (Narrow,), {"pictures": lambda self, vectors: vectors})
    assert "texts have 2 numbers and pictures 4" in broken(taking_text(wide))
    long = type("Long", (Narrow,), {"pictures": lambda self, vectors: 2 * Narrow.pictures(self, vectors)})
    assert "what 3 vectors gave has a row of length 2.000" in broken(taking_text(long))


def test_a_text_encoder_needs_vectors() -> None:
    spec = replace(scripted(every(tags())), text_encoder=Words)
    assert "needs vectors" in "".join(spec_problems(spec))


def test_sample_pictures_have_odd_shapes() -> None:
    shapes = [picture.image.size for picture in sample_pictures(16)]
    assert shapes == [(16, 16), (16, 16), (16, 16), (48, 16), (16, 48), (1, 1)]
