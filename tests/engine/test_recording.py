"""What is written down, and what a second writing of the same things changes."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.batch import FileSeen, Reading
from imsearch.errors import ImsearchError, LibraryError
from imsearch.records import Failure
from tests.engine.support import LEXICON, reading, sha256, spec


def ids(engine: Engine, text: str) -> list[int]:
    engine.catch_up()
    return [hit.image.id for hit in engine.finder.search(text, min_score=0).hits]


def test_copies_are_one_image(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}, path="/a.jpg"), reading(1, path="/b.jpg")])
    engine.record([Reading(FileSeen(Path("/c.jpg"), 101, 5), sha256(1))])
    image = engine.catalog.image(Path("/b.jpg"))
    assert image is not None
    assert image.files == (Path("/c.jpg"), Path("/a.jpg"), Path("/b.jpg"))
    assert ids(engine, "cat") == [image.id]


def test_unknown_bytes_need_facts(engine: Engine) -> None:
    with pytest.raises(ValueError, match="without facts"):
        engine.record([reading(1, {"cat": 0.9}), Reading(FileSeen(Path("/c.jpg"), 1, 5), sha256(2))])
    assert engine.catalog.known_files(Path("/")) == {}
    engine.record([reading(1, {"cat": 0.9})])
    assert ids(engine, "cat") != []


def test_a_changed_file_leaves_its_old_image(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}, path="/a.jpg")])
    engine.record([reading(2, {"dog": 0.9}, path="/a.jpg")])
    assert ids(engine, "cat") == []
    assert len(ids(engine, "dog")) == 1


def test_forgotten_files_leave_and_come_back(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}, vector=(1, 0), path="/a.jpg"), reading(1, path="/b.jpg")])
    engine.record([], [Failure(Path("/broken.jpg"), "empty")])
    assert engine.forget([Path("/a.jpg"), Path("/broken.jpg"), Path("/never.jpg")]) == 2
    assert len(ids(engine, "cat")) == 1
    assert engine.catalog.failures() == ()
    assert engine.forget([Path("/b.jpg")]) == 1
    assert ids(engine, "cat") == []
    assert engine.finder.similar(np.array([1, 0], np.float32)).total == 0
    assert engine.catalog.tag_counts() == []
    assert engine.catalog.lacking(["fake"]) == {}
    engine.record([reading(1, path="/c.jpg")])
    assert len(ids(engine, "cat")) == 1
    assert engine.finder.similar(np.array([1, 0], np.float32)).total == 1


def test_failures_come_and_go(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9})])
    engine.record([], [Failure(Path("/photos/1.jpg"), "now it is text")])
    assert engine.catalog.failures(Path("/photos")) == (Failure(Path("/photos/1.jpg"), "now it is text"),)
    assert ids(engine, "cat") == []
    bad = reading(1)
    engine.record([Reading(bad.file, bad.sha256, bad.facts, {}, {"fake": "out of memory"})])
    assert engine.catalog.failures() == (Failure(Path("/photos/1.jpg"), "out of memory", "fake"),)
    image = engine.catalog.images_by_sha256([sha256(1)])[sha256(1)]
    assert engine.catalog.lacking(["fake"]) == {}  # the first reading's tags are still its tags
    engine.record([reading(1, {"cat": 0.8})])
    assert engine.catalog.failures() == ()
    assert ids(engine, "cat") == [image]


def test_a_newer_version_replaces_tags_and_vector(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}, vector=(1, 0)), reading(2, {"cat": 0.8}, vector=(0, 1))])
    engine.use_annotators([spec(version="2", vector_length=3), spec("other", vector_length=None)])
    one, two = ids(engine, "cat")
    assert engine.catalog.lacking(["fake", "other"]) == {one: ("fake", "other"), two: ("fake", "other")}
    engine.record([reading(1, {"dog": 0.9}, vector=(0, 0, 1))])
    assert ids(engine, "cat") == [two]
    assert engine.catalog.lacking(["fake"]) == {two: ("fake",)}
    assert engine.finder.similar(np.array([0, 0, 1], np.float32), annotator="fake").total == 1
    engine.record([reading(1, {"dog": 0.3, "car": 0.9}, annotator="other")])
    tags = {tag.name: (tag.probability, tag.source) for tag in engine.catalog.tags_of([one])[one]}
    assert tags == {"dog": (0.9, "fake"), "car": (0.9, "other")}
    assert [(each.name, each.version, each.current, each.images) for each in engine.status().annotators] == [
        ("fake", "1", False, 1),
        ("fake", "2", True, 1),
        ("other", "1", True, 1),
    ]


def test_the_tail_is_cut_but_shown_tags_stay(folder: Path) -> None:
    with Engine.open(folder, LEXICON, create=True, tail=3) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {f"t{number}": 0.9 - number / 10 for number in range(9)})])
        engine.record([reading(2, {f"t{number}": 0.4 - number / 100 for number in range(9)} | {"zero": 0.0})])
        tags = engine.catalog.tags_of([1, 2])
    assert [tag.name for tag in tags[1]] == ["t0", "t1", "t2", "t3", "t4"]
    assert [tag.name for tag in tags[2]] == ["t0", "t1", "t2"]


def test_the_user_has_the_last_word(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9, "dog": 0.8})])
    (image,) = ids(engine, "cat")
    engine.correct(image, "Cats", -1)
    engine.correct(image, "beach", 1)
    assert ids(engine, "cat") == []
    assert ids(engine, "animal") == [image]  # it is still a dog
    assert [(tag.name, tag.source) for tag in engine.catalog.tags_of([image])[image]] == [
        ("beach", "user"),
        ("dog", "fake"),
    ]
    assert engine.finder.search("+beach").hits[0].score == 1
    assert engine.catalog.tag_counts() == [("beach", 1), ("dog", 1)]
    engine.use_annotators([spec(version="2")])
    engine.record([reading(1, {"cat": 0.99, "dog": 0.9})])
    assert ids(engine, "cat") == []
    engine.correct(image, "animal", -1)
    assert ids(engine, "animal") == []
    engine.correct(image, "cat", 0)
    assert ids(engine, "cat") == [image]
    with pytest.raises(ImsearchError, match="no image 99"):
        engine.correct(99, "cat", 1)


def test_a_reader_sees_what_a_writer_does_and_cannot_write(engine: Engine, folder: Path) -> None:
    with Engine.open(folder, LEXICON) as reader:
        assert reader.finder.search("cat").total == 0
        engine.record([reading(1, {"cat": 0.9}, vector=(1, 0))])
        assert len(reader.catalog.known_files(Path("/"))) == 1
        engine.catch_up()
        assert reader.finder.search("cat").total == 1
        assert reader.finder.similar(np.array([1, 0], np.float32)).total == 1
        engine.record([reading(2, {"cat": 0.8}, vector=(0, 1))])
        engine.catch_up()
        assert reader.finder.search("cat").total == 2
        assert reader.finder.similar(np.array([1, 0], np.float32)).total == 2
        for write in (lambda: reader.record([]), lambda: reader.forget([]), reader.rebuild, reader.catch_up):
            with pytest.raises(LibraryError, match="reading only"):
                write()


def test_many_batches_make_few_segments(engine: Engine, folder: Path) -> None:
    for number in range(20):
        engine.record([reading(number, {"cat": 0.9, f"tag {number}": 0.6})])
        engine.catch_up()
    assert engine.finder.search("cat").total == 20
    assert engine.finder.search('tag:"tag 3"').total == 1
    assert sum(name.endswith(".seg") for name in os.listdir(folder / "text")) <= 10  # noqa: PTH208
    assert engine.verify() == []
