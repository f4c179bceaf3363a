"""Annotators that look at what people wrote get it, and only they."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.indexer.outside import annotate_outside
from imsearch.indexer.pipeline import index
from imsearch.pictures.picture import Picture
from imsearch.records import SOCIAL_TAGS, Annotation, Tag
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, colour_spec


class Echo(Annotator):
    """Says what people said."""

    def prepare(self, picture: Picture) -> Any:
        return picture.social_tags

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        return [Annotation(tuple(Tag(tag, 1.0) for tag in tags)) for tags in batch]


ECHO = AnnotatorSpec("echo", "1", lambda device: Echo(), inputs=frozenset({SOCIAL_TAGS}))


def said(engine: Engine, path: Path) -> set[str]:
    image = engine.catalog.image(path)
    assert image is not None
    return {tag.name for tag in engine.catalog.tags_of([image.id]).get(image.id, ()) if tag.source == "echo"}


def test_social_tags_reach_the_annotator(engine: Engine, photos: Path) -> None:
    (photos / "red.txt").write_text("Poppy\nfield")
    calls = Calls()
    report = index([photos], engine, [colour_spec(calls), ECHO])
    assert (report.new, report.failed, calls.annotated) == (3, 0, 3)
    assert said(engine, photos / "red.png") == {"poppy", "field"}
    assert said(engine, photos / "green.png") == set()
    (item,) = annotate_outside([photos / "red.png"], [ECHO])
    assert [tag.name for tag in item.annotations["echo"].tags] == ["poppy", "field"]


def test_others_do_not_see_it(engine: Engine, photos: Path) -> None:
    (photos / "red.txt").write_text("Poppy")
    unasked = AnnotatorSpec("echo", "1", lambda device: Echo())
    assert index([photos], engine, [unasked]).failed == 0
    assert said(engine, photos / "red.png") == set()


def test_they_are_asked_again_when_the_words_change(engine: Engine, photos: Path) -> None:
    calls = Calls()
    both = [colour_spec(calls), ECHO]
    index([photos], engine, both)
    (photos / "red.txt").write_text("poppy")
    report = index([photos], engine, both)
    assert (report.touched, report.unchanged, report.annotated, calls.annotated) == (1, 2, 1, 3)
    assert said(engine, photos / "red.png") == {"poppy"}
    (photos / "red.txt").unlink()
    assert index([photos], engine, both).touched == 1
    assert said(engine, photos / "red.png") == set()
    assert index([photos], engine, both).unchanged == 3


def test_a_touched_picture_is_asked_again(engine: Engine, photos: Path) -> None:
    calls = Calls()
    both = [colour_spec(calls), ECHO]
    index([photos], engine, both)
    os.utime(photos / "red.png", ns=(1, 1))
    report = index([photos], engine, both)
    assert (report.touched, report.annotated, calls.annotated) == (1, 1, 3)
    assert index([photos], engine, both).unchanged == 3


def test_damaged_keywords_are_told_and_stop_nothing(engine: Engine, photos: Path) -> None:
    (photos / "red.xmp").write_text("<x")
    report = index([photos], engine, [ECHO])
    assert (report.new, report.failed) == (3, 0)
    image = engine.catalog.image(photos / "red.png")
    assert image is not None
    assert "red.xmp: it is not well-formed XML" in image.metadata["social_tags_problem"]
