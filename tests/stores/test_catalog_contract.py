"""What every catalog does with what the indexer read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.stores.batch import FileSeen, KnownFile, Reading
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.home import Home, Recorder
from imsearch.engine.stores.limits import Limits
from imsearch.errors import ImsearchError
from imsearch.records import RANKING_ONLY, Failure, FileState, Folder, Text
from imsearch.specs import AnnotatorSpec
from tests.engine.support import FACTS, reading, sha256, spec


def file(number: int, path: str, **also: int) -> FileSeen:
    """A file of the bytes of picture `number`, as `reading` has it."""
    return FileSeen(Path(path), 100 + number, 1_000_000 + number, **also)


def names(catalog: CatalogReading, image: int) -> list[str]:
    return [tag.name for tag in catalog.tags_of([image])[image]]


# -- files and images


def test_a_reading_can_be_read_back(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(7, {"cat": 0.9, "dog": 0.6}, vector=(1, 2))], [])
    image = catalog.image(Path("/photos/7.jpg"))
    assert image is not None and catalog.image(image.id) == image
    assert (image.sha256, image.width, image.height, image.format, image.bytes) == (sha256(7), 640, 480, "JPEG", 107)
    assert image.files == (Path("/photos/7.jpg"),) and image.companions == ()
    assert image.metadata == {"camera": "Box"}
    # A dog is shown from .7 on.
    tags = catalog.tags_of([image.id])[image.id]
    assert [(tag.name, tag.probability, tag.source, tag.shown) for tag in tags] == [
        ("cat", 0.9, "fake", True),
        ("dog", 0.6, "fake", False),
    ]
    assert catalog.images_by_sha256([sha256(7), sha256(8)]) == {sha256(7): image.id}
    assert catalog.hashes([image.id, 99]) == {image.id: sha256(7)}
    assert catalog.damages() == []


def test_what_is_said_of_a_picture_is_replaced(catalog: CatalogReading, recorder: Recorder) -> None:
    texts = (Text("title", "Puss", "XMP"), Text("keyword", "pet"))
    first = replace(FACTS, taken_at=datetime(2020, 5, 1, 12, 30), texts=texts, version=3)
    recorder.record([Reading(file(1, "/1.jpg"), sha256(1), first)], [])
    (image,) = catalog.images([1]).values()
    assert image.taken_at == datetime(2020, 5, 1, 12, 30)
    assert catalog.written([1, 2]) == {1: list(texts)}
    assert catalog.texts_of([1, 2]) == {1: [("title", "Puss"), ("keyword", "pet")]}
    assert (catalog.read_before(3), catalog.read_before(4)) == (set(), {1})
    recorder.record([Reading(file(1, "/1.jpg"), sha256(1), replace(FACTS, version=4))], [])
    assert catalog.written([1]) == {} and catalog.read_before(4) == set()


def test_known_files_of_a_folder(catalog: CatalogReading, recorder: Recorder) -> None:
    paths = ["/a/1.jpg", "/a/b/2.jpg", "/a!/3.jpg", "/a0/4.jpg", "/a", "/a/caf\udce9\n.jpg"]
    recorder.record([reading(number, {}, path=path) for number, path in enumerate(paths)], [])
    alone = Failure(Path("/a/slow.jpg"), "took forever", state=FileState(5, 6, 7))
    recorder.record([], [Failure(Path("/a/broken.jpg"), "empty"), alone])
    known = catalog.known_files(Path("/a"))
    assert set(known) == {"/a/1.jpg", "/a/b/2.jpg", "/a", "/a/caf\udce9\n.jpg", "/a/broken.jpg", "/a/slow.jpg"}
    assert known["/a/b/2.jpg"][1:5] == (101, 1_000_001, 0, 0)
    assert known["/a/broken.jpg"] == KnownFile(None, 0, 0)
    assert known["/a/slow.jpg"] == KnownFile(None, 5, 6, 0, 7, "took forever")
    assert set(catalog.known_files(Path("/a0/4.jpg"))) == {"/a0/4.jpg"}
    assert len(catalog.known_files(Path("/"))) == 8


def test_copies_are_one_image_and_the_last_recorded_comes_first(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, {"cat": 0.9}, path="/a.jpg"), reading(1, path="/b.jpg"), reading(2)], [])
    recorder.record([Reading(FileSeen(Path("/c.jpg"), 101, 5), sha256(1))], [])
    paths = [Path("/c.jpg"), Path("/a.jpg"), Path("/b.jpg")]
    (image,) = catalog.images([1]).values()
    assert list(image.files) == paths
    assert catalog.images_by_path([*paths, Path("/d.jpg")]) == dict.fromkeys(paths, 1)
    assert catalog.paths_of([1, 99]) == {1: sorted(paths)}
    assert [seen.path for seen in catalog.files_of([1])[1]] == paths
    assert catalog.images_with_copies() == [1]
    known = catalog.known_image(1)
    assert known is not None and (known.sha256, known.bytes) == (sha256(1), 101)
    assert [seen.path for seen in known.files] == paths
    assert catalog.known_image(99) is None and catalog.image(99) is None and catalog.image(Path("/d.jpg")) is None


def test_unknown_bytes_need_facts_and_nothing_of_the_batch_is_kept(catalog: CatalogReading, recorder: Recorder) -> None:
    before = catalog.state()
    with pytest.raises(ValueError, match="without facts"):
        recorder.record([reading(1, {"cat": 0.9}), Reading(file(2, "/c.jpg"), sha256(2))], [])
    assert catalog.known_files(Path("/")) == {} and catalog.state() == before
    recorder.record([reading(1, {"cat": 0.9})], [])
    assert catalog.live([1, 2]) == {1}


def test_a_changed_file_leaves_its_old_image(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, {"cat": 0.9}, path="/a.jpg")], [])
    recorder.record([reading(2, {"dog": 0.9}, path="/a.jpg")], [])
    assert catalog.live([1, 2]) == {2} and catalog.images([1, 2]).keys() == {2}
    assert catalog.tag_counts() == [("dog", 1)]
    assert names(catalog, 1) == ["cat"]  # in case the bytes come back


def test_forgotten_files_leave_and_come_back(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, {"cat": 0.9}, path="/a.jpg"), reading(1, path="/b.jpg")], [])
    recorder.record([], [Failure(Path("/broken.jpg"), "empty")])
    assert recorder.forget([b"/a.jpg", b"/broken.jpg", b"/never.jpg"]) == 2
    assert catalog.failures() == () and catalog.live([1]) == {1}
    assert recorder.forget([b"/b.jpg"]) == 1
    assert (catalog.live([1]), catalog.tag_counts(), catalog.lacking(["fake"])) == (set(), [], {})
    recorder.record([reading(1, path="/c.jpg")], [])
    assert catalog.tag_counts() == [("cat", 1)]


def test_what_lies_beside_a_picture_goes_with_its_last_file(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, path="/a.jpg"), reading(2, path="/b.jpg")], [])
    raw = FileSeen(Path("/a.raf"), 5000, 1)
    recorder.join([(raw, Path("/a.jpg")), (FileSeen(Path("/c.raf"), 5000, 1), Path("/c.jpg"))], [])
    (image,) = catalog.images([1]).values()
    assert (image.files, image.companions) == ((Path("/a.jpg"),), (Path("/a.raf"),))
    assert catalog.companions(["/a.jpg", "/a.raf", "/c.raf"]) == {"/a.raf"}
    assert catalog.images_with_copies() == []
    before = catalog.state()
    recorder.join([(raw, Path("/a.jpg"))], [])
    assert catalog.state() == before  # nothing new
    recorder.forget([b"/a.jpg"])
    assert set(catalog.known_files(Path("/"))) == {"/b.jpg"}


def test_stamps_change_no_image(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state()
    pets.stamp([("/photos/1.jpg", 4, 5)])
    assert catalog.known_files(Path("/photos"))["/photos/1.jpg"] == KnownFile(1, 101, 1_000_001, 4, 5)
    assert catalog.state() == before


def test_failures_come_and_go(catalog: CatalogReading, recorder: Recorder) -> None:
    path = Path("/photos/1.jpg")
    recorder.record([reading(1, {"cat": 0.9})], [])
    recorder.record([], [Failure(path, "now it is text")])
    assert catalog.failures(Path("/photos")) == (Failure(path, "now it is text"),)
    assert catalog.failures(Path("/else")) == () and catalog.live([1]) == set()
    bad = reading(1)
    recorder.record([Reading(bad.file, bad.sha256, bad.facts, {}, {"fake": "out of memory"})], [])
    assert catalog.failures() == (Failure(path, "out of memory", "fake"),)
    assert catalog.lacking(["fake"]) == {}  # the first reading's tags are still its tags
    recorder.record([reading(1, {"cat": 0.8})], [])
    assert catalog.failures() == ()


def test_folders_are_remembered(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.remember_folders([Path("/b"), Path("/a")])
    recorder.complete_folders([Path("/a"), Path("/c")])
    done, open_ = catalog.folders()
    assert (done.path, open_) == (Path("/a"), Folder(Path("/b"))) and done.indexed_at is not None
    assert done.indexed_at.utcoffset() is not None
    recorder.remember_folders([Path("/a")])
    recorder.drop_folders([Path("/b")])
    assert catalog.folders() == [done]


# -- the state


def test_every_change_is_a_generation_and_tells_its_images(catalog: CatalogReading, pets: Recorder) -> None:
    library, first = catalog.state()
    assert catalog.changed_since(0) == [1, 2, 3] and catalog.changed_since(first) == []
    pets.record([reading(2, {"cat": 0.9})], [])
    assert catalog.state() == (library, first + 1)
    assert catalog.changed_since(first) == [2] and catalog.changed_since(0) == [1, 2, 3]


def test_what_changes_no_image_makes_no_generation(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state()
    assert pets.forget([b"/never.jpg"]) == 0
    pets.record([], [Failure(Path("/broken.jpg"), "empty")])
    pets.record([], [])
    pets.use_annotators([spec()])
    assert catalog.state() == before
    assert pets.forget([b"/photos/1.jpg"]) == 1
    assert catalog.state()[1] == before[1] + 1


def test_what_was_made_of_a_state_is_kept_as_long_as_that(catalog: CatalogReading, pets: Recorder) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [catalog.remembered("a", make) for _ in range(2)] == [1, 1]
    assert catalog.remembered("b", make) == 2
    pets.record([reading(4)], [])
    assert catalog.remembered("a", make) == 3


def test_holdings_are_counted(catalog: CatalogReading, pets: Recorder) -> None:
    pets.record([reading(1, path="/copy.jpg")], [Failure(Path("/broken.jpg"), "empty")])
    pets.forget([b"/photos/3.jpg"])
    held = catalog.holdings()
    assert (held.images, held.files, held.failures, held.corrections) == (2, 3, 1, 0)
    assert held.generation == catalog.state()[1]


# -- tags


def test_tags_are_counted_where_they_are_shown(catalog: CatalogReading, pets: Recorder) -> None:
    assert catalog.tag_counts() == [("car", 1), ("cat", 1), ("dog", 1), ("traffic light", 1)]
    assert catalog.tag_counts("ca") == [("car", 1), ("cat", 1)]
    assert catalog.tag_counts("%") == []
    assert catalog.tag_counts("", "fake") == catalog.tag_counts()
    assert catalog.tag_counts("", "other") == []
    assert sorted(catalog.tag_names()) == ["car", "cat", "dog", "traffic light"]


def test_an_image_without_tags_has_none(catalog: CatalogReading, recorder: Recorder) -> None:
    recorder.record([reading(1, {})], [])
    assert catalog.tags_of([1, 99]) == {1: (), 99: ()}


def test_of_the_long_tail_only_what_is_asked_for_is_told(catalog: CatalogReading, pets: Recorder) -> None:
    assert [[tag.name for tag in tags] for tags in catalog.tags_of([1, 3], ()).values()] == [["cat"], ["car"]]
    assert [tag.name for tag in catalog.tags_of([1], {"dog", "unicorn"})[1]] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({f"t{number}": 0.9 - number / 10 for number in range(9)}, ["t0", "t1", "t2", "t3", "t4"]),
        ({f"t{number}": 0.4 - number / 100 for number in range(9)} | {"zero": 0.0}, ["t0", "t1", "t2"]),
    ],
    ids=["shown tags stay", "the likeliest stay"],
)
def test_the_tail_is_cut(home: Home, said: dict[str, float], kept: list[str]) -> None:
    recorder = home.recorder(3)
    recorder.use_annotators([spec()])
    recorder.record([reading(1, said)], [])
    assert names(home.catalog, 1) == kept


def test_where_annotators_agree_the_likelier_counts(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(), spec("other", vector_length=None)])
    pets.record([reading(1, {"cat": 0.3, "dog": 0.95}, annotator="other")], [])
    tags = {tag.name: (tag.probability, tag.source, tag.shown) for tag in catalog.tags_of([1])[1]}
    assert tags == {"cat": (0.9, "fake", True), "dog": (0.95, "other", True)}
    assert catalog.tag_counts("dog", "other") == [("dog", 1)]
    assert catalog.sources() == ["fake", "other"]


# -- annotators


def told(catalog: CatalogReading) -> Sequence[tuple[object, ...]]:
    return [
        (each.name, each.version, each.current, each.images, each.tags, each.vector_length, each.forgotten)
        for each in catalog.annotators()
    ]


def test_a_newer_version_replaces_tags_and_vectors(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(version="2", vector_length=3)])
    assert catalog.lacking(["fake", "other"]) == dict.fromkeys((1, 2, 3), ("fake", "other"))
    assert catalog.vector_spaces() == {"fake": ("2", 3)} and catalog.vector(1, "fake") is None
    assert names(catalog, 1) == ["cat", "dog"]  # until it is looked at again
    pets.record([reading(1, {"dog": 0.9}, vector=(0, 0, 1))], [])
    assert names(catalog, 1) == ["dog"]
    assert catalog.lacking(["fake"]) == {2: ("fake",), 3: ("fake",)}
    assert told(catalog) == [("fake", "1", False, 2, 3, 2, False), ("fake", "2", True, 1, 1, 3, False)]


def test_other_thresholds_of_a_version_show_other_tags(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state()
    assert list(catalog.limits().values()) == [Limits(0.5, {"dog": 0.7})]
    pets.use_annotators([replace(spec(), threshold=0.65, thresholds={"cat": RANKING_ONLY, "dog": 0.1})])
    assert catalog.changed_since(before[1]) == [1, 2]
    assert catalog.tag_counts() == [("dog", 2), ("car", 1)]
    assert list(catalog.limits().values()) == [Limits(0.65, {"cat": RANKING_ONLY, "dog": 0.1})]


def other() -> AnnotatorSpec:
    return spec("other", vector_length=None)


def test_a_forgotten_annotator_is_not_heard_and_can_be_taken_back(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.tags_of([1, 2, 3]), catalog.tag_counts(), catalog.vector_spaces(), catalog.sources()
    assert pets.forget_annotator("fake") == 3
    assert catalog.tags_of([1, 2]) == {1: (), 2: ()} and catalog.tag_counts() == []
    assert (catalog.vector_spaces(), catalog.vectors("fake", [1]), catalog.sources()) == ({}, {}, [])
    assert told(catalog)[0][-1] is True
    with pytest.raises(ImsearchError):
        pets.forget_annotator("fake")
    assert pets.restore_annotator("fake") == 3
    assert (catalog.tags_of([1, 2, 3]), catalog.tag_counts(), catalog.vector_spaces(), catalog.sources()) == before
    with pytest.raises(ImsearchError):
        pets.restore_annotator("fake")


def test_the_next_run_removes_a_forgotten_annotator_or_hears_it_again(catalog: CatalogReading, pets: Recorder) -> None:
    pets.use_annotators([spec(), other()])
    pets.record([reading(1, {"sea": 0.9}, annotator="other")], [])
    pets.forget_annotator("other")
    assert pets.use_annotators([spec(), other()]) == []
    assert "sea" in names(catalog, 1)
    pets.forget_annotator("other")
    assert pets.use_annotators([spec()]) == ["other"]
    assert [each[0] for each in told(catalog)] == ["fake"] and "sea" not in names(catalog, 1)
    with pytest.raises(ImsearchError):
        pets.restore_annotator("other")


# -- vectors


def test_vectors_are_those_of_the_current_version(catalog: CatalogReading, pets: Recorder) -> None:
    vector = catalog.vector(2, "fake")
    assert vector is not None and vector.tolist() == [3, 4] and vector.dtype == np.float32
    assert {image: vector.tolist() for image, vector in catalog.vectors("fake", [1, 3, 9]).items()} == {
        1: [1, 0],
        3: [0, 2],
    }
    assert catalog.vector_spaces() == {"fake": ("1", 2)}
    assert catalog.vector(1, "other") is None


def test_all_vectors_are_those_of_images_with_files(catalog: CatalogReading, pets: Recorder) -> None:
    pets.forget([b"/photos/2.jpg"])
    ids, vectors = catalog.all_vectors("fake")
    assert (ids.tolist(), vectors.tolist()) == ([1, 3], [[1, 0], [0, 2]]) and vectors.dtype == np.float16
    assert catalog.count_vectors("fake") == 3
    ids, vectors = catalog.all_vectors("other")
    assert (ids.shape, vectors.shape) == ((0,), (0, 0))


def test_who_was_looked_at_since(catalog: CatalogReading, pets: Recorder) -> None:
    generation = catalog.state()[1]
    pets.record([reading(2, {"dog": 0.9}, vector=(1, 1)), reading(4)], [])
    assert catalog.annotated_since("fake", generation, [1, 2, 4]) == {2}
    assert catalog.annotated_since("fake", 0, [1, 2, 4]) == {1, 2}


def test_perceptual_hashes_are_64_bits(catalog: CatalogReading, recorder: Recorder) -> None:
    top = 1 << 63
    recorder.record([Reading(file(1, "/1.jpg"), sha256(1), replace(FACTS, phash=top - (1 << 64))), reading(2)], [])
    ids, hashes = catalog.perceptual_hashes()
    assert (ids.tolist(), hashes.tolist()) == ([1, 2], [top, 0])
