"""What counts as a copy, with real files: links, hard links, other names of one folder, files that went or changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imsearch.engine.engine import Engine
from imsearch.engine.search.duplicates import find_groups, rest_of
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.living import living, preferred
from tests.engine.support import LEXICON, spec

FACTS = ImageFacts(40, 30, "JPEG")


def index(engine: Engine, *folders: Path) -> None:
    """Record every file in these folders as what it holds now; nothing is forgotten."""
    readings = []
    for folder in folders:
        for top, _, names in os.walk(folder, followlinks=False):
            for path in map(Path(top).joinpath, names):
                if path.is_file():
                    status = path.stat()
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    readings.append(Reading(FileSeen(path, status.st_size, status.st_mtime_ns), digest, FACTS))
    engine.record(readings)


def rest(engine: Engine) -> list[Path]:
    """What `duplicates --exact --rest` lists."""
    return [path for group in find_groups(engine.catalog, None) for path in rest_of(group).files]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"picture a")
    return folder


def test_a_real_copy_is_spare(engine: Engine, photos: Path) -> None:
    shutil.copy(photos / "a.jpg", photos / "b.jpg")
    index(engine, photos)
    (group,) = find_groups(engine.catalog, None)
    assert (len(group.files), group.spare_bytes) == (2, len(b"picture a"))
    assert len(rest(engine)) == 1


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_are_no_copies(engine: Engine, photos: Path, link: object) -> None:
    assert callable(link)
    link(photos / "a.jpg", photos / "0.jpg")
    index(engine, photos)
    assert find_groups(engine.catalog, None) == ()


def test_of_a_file_with_two_names_and_its_copy_only_the_copy_is_spare(engine: Engine, photos: Path) -> None:
    shutil.copy(photos / "a.jpg", photos / "copy.jpg")
    os.link(photos / "a.jpg", photos / "hard.jpg")
    (photos / "0.jpg").symlink_to(photos / "a.jpg")
    index(engine, photos)
    (group,) = find_groups(engine.catalog, None)
    assert group.spare_bytes == len(b"picture a")
    assert rest(engine) == [photos / "copy.jpg"]


def test_a_link_to_a_file_outside_is_never_spare(engine: Engine, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.jpg").write_bytes(b"picture a")
    (photos / "0.jpg").symlink_to(tmp_path / "outside.jpg")
    index(engine, photos)
    (group,) = find_groups(engine.catalog, None)
    assert group.spare_bytes == 0
    assert rest(engine) == []


def test_a_folder_under_two_names_holds_no_copies(engine: Engine, photos: Path) -> None:
    photos.with_name("other name").symlink_to(photos)
    index(engine, photos, photos.with_name("other name"))
    assert len(engine.catalog.files_of([1])[1]) == 2
    assert find_groups(engine.catalog, None) == ()


def test_a_renamed_folder_holds_no_copies_and_its_new_name_comes_first(engine: Engine, photos: Path) -> None:
    index(engine, photos)
    new = photos.rename(photos.with_name("photos 2023"))
    index(engine, new)
    assert find_groups(engine.catalog, None) == ()
    image = engine.catalog.image(1)
    assert image is not None
    assert image.files == (new / "a.jpg", photos / "a.jpg")
    new.rename(photos)  # and back again, without a look
    image = engine.catalog.image(1)
    assert image is not None
    assert image.path == photos / "a.jpg"


def test_a_file_that_was_changed_is_no_copy(engine: Engine, photos: Path) -> None:
    shutil.copy(photos / "a.jpg", photos / "b.jpg")
    index(engine, photos)
    (photos / "b.jpg").write_bytes(b"picture B")
    os.utime(photos / "b.jpg", ns=(1, 1))
    assert find_groups(engine.catalog, None) == ()


@pytest.mark.parametrize("changed", ["a.jpg", "b.jpg"])
def test_nothing_is_spare_whose_bytes_changed_though_size_and_time_did_not(
    engine: Engine, photos: Path, changed: str
) -> None:
    shutil.copy2(photos / "a.jpg", photos / "b.jpg")
    index(engine, photos)
    time = (photos / changed).stat().st_mtime_ns
    (photos / changed).write_bytes(b"picture B")
    os.utime(photos / changed, ns=(time, time))
    (group,) = find_groups(engine.catalog, None)  # it looks like one
    found = rest_of(group)
    assert (found.files, found.doubtful) == ((), (photos / changed,))


def test_a_file_of_another_size_than_its_image_is_no_copy(photos: Path) -> None:
    (photos / "a.cr2").write_bytes(b"a raw file beside it")
    seen = [FileSeen(path, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(photos.iterdir())]
    assert [file.path.name for file in living(seen, len(b"picture a"))] == ["a.jpg"]
    assert [path.name for path in preferred(seen, len(b"picture a"))] == ["a.jpg", "a.cr2"]


def test_one_file_seen_through_two_devices_is_no_copy(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a share that is mounted twice shows it."""
    os.link(photos / "a.jpg", photos / "b.jpg")
    seen = [FileSeen(path, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(photos.iterdir())]
    real = Path.stat

    def stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        status = real(self, follow_symlinks=follow_symlinks)
        if self.name == "a.jpg":
            return status
        moved = os.stat_result((status[0], status[1] + 1, status[2] + 1, *status[3:]), {})
        return os.stat_result(tuple(moved), {"st_mtime_ns": status.st_mtime_ns, "st_ctime_ns": status.st_ctime_ns})

    monkeypatch.setattr(Path, "stat", stat)
    assert len(living(seen, len(b"picture a"))) == 1


# -- whatever lies around: what is listed can be deleted, and no picture is lost

NAMES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")
FOLDERS = ("one", "two", "three")
PLACES = st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES))
STEPS = st.one_of(
    st.tuples(st.just("write"), PLACES, st.sampled_from([b"x", b"y", b"zz"])),
    st.tuples(st.just("copy"), PLACES, PLACES),
    st.tuples(st.just("hard"), PLACES, PLACES),
    st.tuples(st.just("soft"), PLACES, PLACES),
    st.tuples(st.just("move"), PLACES, PLACES),
    st.tuples(st.just("delete"), PLACES, st.none()),
    st.tuples(st.just("rename folder"), st.sampled_from(FOLDERS), st.sampled_from(FOLDERS)),
    st.tuples(st.just("link folder"), st.sampled_from(FOLDERS), st.sampled_from(FOLDERS)),
    st.tuples(st.just("index"), st.sampled_from((*FOLDERS, "")), st.none()),
)


def take(step: tuple[str, object, object], top: Path, engine: Engine) -> None:
    """Do one step, where it can be done."""
    action, first, second = step
    one = top.joinpath(*first) if isinstance(first, tuple) else top / str(first)
    other = top.joinpath(*second) if isinstance(second, tuple) else top / str(second)
    match action:
        case "write" if isinstance(second, bytes):
            one.write_bytes(second)
            os.utime(one, ns=(5, 5))  # the worst: time and size tell nothing
        case "copy":
            shutil.copy2(one, other)
        case "hard":
            os.link(one, other)
        case "soft":
            other.symlink_to(os.path.relpath(one, other.parent))
        case "move" | "rename folder":
            one.rename(other)
        case "delete":
            one.unlink()
        case "link folder":
            other.symlink_to(one.name)
        case "index":
            index(engine, *(path for path in ([one] if first else [top / name for name in FOLDERS]) if path.exists()))


def contents(top: Path) -> set[bytes]:
    return {path.read_bytes() for path in top.rglob("*") if path.is_file() and not path.is_symlink()}


@pytest.fixture(scope="module")
def places() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=4, max_size=25))
def test_what_is_listed_as_the_rest_can_be_deleted(steps: list[tuple[str, object, object]], places: Path) -> None:
    with tempfile.TemporaryDirectory(dir=places) as place:
        top = Path(place).resolve() / "photos"
        for name in FOLDERS[:2]:
            (top / name).mkdir(parents=True)
        (top / "one" / "a.jpg").write_bytes(b"x")
        os.utime(top / "one" / "a.jpg", ns=(5, 5))
        with Engine.open(Path(place) / "library", LEXICON, create=True) as engine:
            engine.use_annotators([spec()])
            for step in (*steps, ("copy", ("one", "a.jpg"), ("two", "b.jpg")), ("index", "", None), *steps[:3]):
                try:
                    take(step, top, engine)
                except OSError:
                    continue  # nothing there, or something in the way
            before = contents(top)
            listed = rest(engine)
            assert len(listed) == len(set(listed))
            for path in listed:
                assert not path.is_symlink()
                path.unlink()
            assert contents(top) == before
