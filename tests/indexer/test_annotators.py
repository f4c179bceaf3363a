"""Several annotators, and annotators that misbehave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.sql import schema
from imsearch.engine.stores.sql.thresholds import stored_limits
from imsearch.errors import ModelError, PluginError
from imsearch.indexer.answers import checked
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.report import SilentObserver
from imsearch.pictures.picture import Picture
from imsearch.records import RANKING_ONLY, Annotation, Tag
from imsearch.specs import AnnotatorSpec
from tests.engine.support import tables
from tests.fakes import Calls, colour_spec
from tests.make_pictures import RED, plain


def sources(engine: Engine, path: Path) -> set[str]:
    image = engine.catalog.image(path)
    assert image is not None
    return {tag.source for tag in engine.catalog.tags_of([image.id])[image.id]}


def test_a_second_annotator_sees_what_it_has_not_seen(engine: Engine, photos: Path) -> None:
    first, second = Calls(), Calls()
    index([photos], engine, [colour_spec(first)])
    plain(photos / "more.png", RED, seed=1)
    both = [colour_spec(first), colour_spec(second, "farben", words=("rot", "grün", "blau"))]
    report = index([photos], engine, both)
    assert (first.annotated, second.annotated) == (4, 4)
    assert (report.annotated, report.new, report.unchanged) == (4, 1, 3)
    assert sources(engine, photos / "red.png") == {"colours", "farben"}
    assert index([photos], engine, both).read == 0


def test_a_newer_version_annotates_all_again_and_replaces_the_old(engine: Engine, photos: Path) -> None:
    calls = Calls()
    index([photos], engine, [colour_spec(calls)])
    report = index([photos], engine, [colour_spec(calls, version="2", words=("rot", "grün", "blau"))])
    assert (report.annotated, report.unchanged, calls.annotated) == (3, 3, 6)
    image = engine.catalog.image(photos / "red.png")
    assert image is not None
    assert [tag.name for tag in engine.catalog.tags_of([image.id])[image.id]] == ["rot"]


def test_thresholds_of_a_newer_version_follow_and_replace_what_was_shown(engine: Engine, photos: Path) -> None:
    def shown() -> dict[str, int]:
        return dict(engine.catalog.tag_counts())

    old = colour_spec()
    index([photos], engine, [old])
    assert shown() == {"red": 1, "green": 1, "blue": 1}
    with tables(engine).engine.begin() as connection:  # a library from before thresholds were stored
        connection.execute(update(schema.annotators).values(threshold=None, thresholds=None))
    # Nothing is to be done, and yet they are stored.
    assert index([photos], engine, [old]).annotated == 0
    with tables(engine).reading() as connection:
        assert stored_limits(connection) == {1: Limits(0.5, {})}
    new = dataclasses.replace(colour_spec(version="2"), threshold=0.7, thresholds={"red": RANKING_ONLY})
    report = index([photos], engine, [new])
    assert report.annotated == 3
    assert shown() == {"green": 1, "blue": 1}
    with tables(engine).reading() as connection:
        assert stored_limits(connection)[2] == Limits(0.7, {"red": RANKING_ONLY})


def test_copies_are_annotated_once_by_a_second_annotator(engine: Engine, photos: Path) -> None:
    (photos / "copy.png").write_bytes((photos / "red.png").read_bytes())
    index([photos], engine, [colour_spec()])
    calls = Calls()
    index([photos], engine, [colour_spec(calls, "second")])
    assert calls.annotated == 3


def test_one_decoding_serves_all_at_the_largest_size(engine: Engine, tmp_path: Path, decoded: list[Path]) -> None:
    for seed in (1, 2, 3):
        plain(tmp_path / f"{seed}.png", size=(128, 96), seed=seed)
    sizes: list[tuple[int, int]] = []

    class Looking(Annotator):
        def prepare(self, picture: Picture) -> Any:
            sizes.append(picture.image.size)
            return None

        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            return [Annotation(())] * len(batch)

    specs = [AnnotatorSpec(f"look{size}", "1", lambda device: Looking(), input_size=size) for size in (4, 48, 36)]
    index([tmp_path], engine, specs)
    assert len(decoded) == 3
    assert set(sizes) == {(64, 48)}  # of 128 x 96
    assert len(sizes) == 9


def test_batches_are_full_and_their_size_can_be_asked_for(engine: Engine, tmp_path: Path) -> None:
    for number in range(10):
        plain(tmp_path / f"{number}.png", seed=number + 1)
    calls, other = Calls(), Calls()
    index([tmp_path], engine, [colour_spec(calls, batch_size=4), colour_spec(other, "other", batch_size=2)])
    assert calls.batches == [4, 4, 2]
    assert other.batches == [2, 2, 2, 2, 2]
    third = Calls()
    index([tmp_path], engine, [colour_spec(third, "third")], IndexOptions(batch_size=7))
    assert third.batches == [7, 3]


def test_a_failing_batch_is_retried_one_by_one(engine: Engine, photos: Path) -> None:
    calls = Calls()
    seen: list[str] = []

    class Watch(SilentObserver):
        def failed(self, failure: Any) -> None:
            seen.append(failure.path.name)

    spec = colour_spec(calls, fails_on=(1, 0, 0))
    report = index([photos], engine, [spec], observer=Watch())
    assert calls.batches == [3, 1, 1, 1]
    assert [(f.path.name, f.annotator, f.reason) for f in report.failures] == [
        ("red.png", "colours", "ValueError: this colour hurts")
    ]
    assert seen == ["red.png"]
    assert (report.new, report.failed, report.annotated) == (3, 0, 2)
    assert [failure.annotator for failure in engine.catalog.failures()] == ["colours"]
    assert engine.catalog.image(photos / "red.png") is not None
    report = index([photos], engine, [colour_spec(calls)])  # mended: only the failed one is asked again
    assert (report.annotated, calls.batches[4:]) == (1, [1])
    assert engine.catalog.failures() == ()


def test_an_annotator_that_cannot_be_built_is_named_and_harms_no_other(engine: Engine, photos: Path) -> None:
    def build(device: str) -> Annotator:
        raise ModelError("the weights are damaged; install the package again")

    broken = AnnotatorSpec("broken", "1", build)
    calls = Calls()
    report = index([photos], engine, [broken, colour_spec(calls)])
    assert report.broken == {"broken": "the weights are damaged; install the package again"}
    assert not report.complete
    assert (report.new, report.annotated, calls.annotated) == (3, 3, 3)
    report = index([photos], engine, [broken, colour_spec(calls)])
    assert (report.read, report.unchanged, list(report.broken)) == (0, 3, ["broken"])


def test_prepare_may_fail(engine: Engine, photos: Path) -> None:
    class Choosy(Annotator):
        def prepare(self, picture: Picture) -> Any:
            if picture.path.name == "red.png":
                raise RuntimeError("not this one")
            return picture

        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            return [Annotation((Tag("fine", 0.9),)) for _ in batch]

        def close(self) -> None:
            raise RuntimeError("nor this")

    calls = Calls()
    report = index([photos], engine, [AnnotatorSpec("choosy", "1", lambda device: Choosy()), colour_spec(calls)])
    assert [(f.path.name, f.annotator, f.reason) for f in report.failures] == [
        ("red.png", "choosy", "RuntimeError: not this one")
    ]
    assert calls.annotated == 3


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ("cat", "instead of an Annotation"),
        (Annotation((Tag("cat", float("nan")),)), "probability nan"),
        (Annotation((Tag("cat", 1.1),)), "must lie in 0 to 1"),
        (Annotation((Tag("cat", -0.1),)), "must lie in 0 to 1"),
        (Annotation((Tag("cat", "much"),)), "must lie in 0 to 1"),  # type: ignore[arg-type]
        (Annotation((Tag("", 0.5),)), "lower case"),
        (Annotation((Tag("Cat", 0.5),)), "lower case"),
        (Annotation((Tag("a\nb", 0.5),)), "printable"),
        (Annotation((Tag("cat", 0.5), Tag("cat", 0.4))), "twice"),
        (Annotation((), np.zeros(3, np.float32)), r"shape \(3,\) instead of \(4,\)"),
        (Annotation((), np.full(4, np.inf, np.float32)), "not finite"),
    ],
)
def test_answers_are_checked(annotation: Any, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        checked(annotation, colour_spec())


def test_answers_are_stored_as_plain_numbers() -> None:
    tag = checked(Annotation((Tag("cat", np.float64(0.5)),)), colour_spec()).tags[0]
    assert type(tag.probability) is float


def test_a_wrong_number_of_answers_is_a_failure(engine: Engine, photos: Path) -> None:
    class Short(Annotator):
        def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
            return []

    report = index([photos], engine, [AnnotatorSpec("short", "1", lambda device: Short())])
    assert {failure.reason for failure in report.failures} == {"it returned 0 annotations for 1 pictures"}
    assert len(report.failures) == 3


def test_one_name_for_two_annotators_is_refused(engine: Engine, photos: Path) -> None:
    spec = colour_spec()
    with pytest.raises(PluginError, match="same name"):
        index([photos], engine, [spec, dataclasses.replace(spec, version="2")])
