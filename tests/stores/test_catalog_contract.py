"""What every catalog does with files, images and failures, and how it counts its changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from imsearch.engine.stores.batch import FileSeen, KnownFile, Reading
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.home import Recorder
from imsearch.records import Failure, FileState, Folder, Text
from tests.engine.support import FACTS, reading, sha256, spec


def file(number: int, path: str, **also: int) -> FileSeen:
    """A file of the bytes of picture `number`, as `reading` has it."""
    return FileSeen(Path(path), 100 + number, 1_000_000 + number, **also)


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
    assert [tag.name for tag in catalog.tags_of([1])[1]] == ["cat"]  # in case the bytes come back


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


# -- annotators


def test_perceptual_hashes_are_64_bits(catalog: CatalogReading, recorder: Recorder) -> None:
    top = 1 << 63
    recorder.record([Reading(file(1, "/1.jpg"), sha256(1), replace(FACTS, phash=top - (1 << 64))), reading(2)], [])
    ids, hashes = catalog.perceptual_hashes()
    assert (ids.tolist(), hashes.tolist()) == ([1, 2], [top, 0])
