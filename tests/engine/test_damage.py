"""Libraries that cannot be used, and indexes that heal."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from imsearch.engine.engine import Engine
from imsearch.engine.stores.embedded.home import FILE_NAME
from imsearch.errors import LibraryError, LibraryLocked
from tests.engine.support import LEXICON, reading, spec, tables

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def _files_left_open() -> Iterator[None]:
    """Whoosh leaves a damaged file open when it raises; let that show here, where it is ignored."""
    yield
    gc.collect()


@pytest.fixture
def library(folder: Path) -> Path:
    """A closed library with two pictures."""
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}, vector=(1, 0)), reading(2, {"dog": 0.8}, vector=(0, 1))])
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file's bytes, but for those that come and go with whoever has the library open."""
    passing = {"lock", "lock.pid", f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in passing
    }


def refused(folder: Path, match: str, *, kind: type[LibraryError] = LibraryError) -> None:
    """Opening fails with this message, for readers and writers, and changes nothing."""
    for write, create in ((False, False), (True, False), (False, True)):
        before = snapshot(folder)
        with pytest.raises(kind, match=match):
            Engine.open(folder, LEXICON, write=write, create=create)
        assert snapshot(folder) == before


def test_a_folder_with_other_files_is_no_library(folder: Path) -> None:
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")
    refused(folder, "is not a library")
    assert os.listdir(folder) == ["holiday.jpg"]  # noqa: PTH208


def test_a_missing_library_is_only_made_on_request(folder: Path) -> None:
    with pytest.raises(LibraryError, match=r"no library in .* imsearch index"):
        Engine.open(folder, LEXICON)
    assert not folder.exists()
    folder.write_text("")
    with pytest.raises(LibraryError, match="is a file"):
        Engine.open(folder, LEXICON, create=True)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be created"):
        Engine.open(tmp_path / "file" / "library", LEXICON, create=True)


def test_a_newer_library(library: Path) -> None:
    with Engine.open(library, LEXICON, write=True) as engine, tables(engine).engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    refused(library, "newer version of imsearch")


def test_a_lost_catalog(library: Path) -> None:
    (library / FILE_NAME).unlink()
    refused(library, "lost its catalog")


@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        (lambda data: b"", "empty"),
        (lambda data: b"garbage" * 1000, "file is not a database"),
        (lambda data: data[:50], "malformed"),
        (lambda data: data[: len(data) // 2], "malformed"),
        (lambda data: data[:-1], "its last page is cut short"),
        (lambda data: data[:100] + b"\xff" * (len(data) - 100), "malformed"),
    ],
    ids=["empty", "garbage", "stub", "truncated", "cut", "overwritten"],
)
def test_a_damaged_catalog(library: Path, damage: Callable[[bytes], bytes], detail: str) -> None:
    catalog = library / FILE_NAME
    catalog.write_bytes(damage(catalog.read_bytes()))
    refused(library, rf"is damaged \([^)]*{detail}\)\. Restore it from a backup")


def test_damage_inside_the_catalog_is_found_by_verify(library: Path) -> None:
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:
        connection.execute("DELETE FROM images")
        connection.commit()
    with Engine.open(library, LEXICON) as engine:
        assert any("refers to nothing in images" in problem for problem in engine.verify())


def test_one_writer_at_a_time(library: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from imsearch.engine.stores.local.lock import WriteLock\n"
        f"lock = WriteLock(Path({str(library)!r})); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LibraryLocked, match=rf"another run \(process {holder.pid}\).*Wait"):
            Engine.open(library, LEXICON, write=True)
        with Engine.open(library, LEXICON) as reader:
            assert reader.finder.search("cat").total == 1
        shutil.rmtree(library / "text")
        with Engine.open(library, LEXICON) as reader, pytest.raises(LibraryError, match="Try again"):
            reader.finder.search("cat")
        holder.kill()
    with Engine.open(library, LEXICON, write=True) as engine:
        assert engine.finder.search("cat").total == 1


def _garble(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "garbage": _garble,
    "truncated": _truncate,
    "empty": _empty,
    "gone": Path.unlink,
}


@pytest.mark.parametrize("write", [False, True], ids=["reader", "writer"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["*.segment", "state.json", "*"])
def test_the_text_index_heals(library: Path, name: str, damage: Callable[[Path], None], write: bool) -> None:
    for path in [path for path in (library / "text").glob(name) if path.is_file()]:
        damage(path)
    with Engine.open(library, LEXICON, write=write) as engine:
        if write:
            engine.use_annotators([spec()])
            engine.record([reading(3, {"car": 0.9})])
            engine.catch_up()
        assert [hit.image.id for hit in engine.finder.search("cat").hits] == [1]
        assert engine.finder.search("dog").total == 1
        assert engine.finder.search("car").total == int(write)
        assert engine.verify() == []
        assert any("text index" in note for note in engine.notes)


def test_a_file_in_place_of_the_text_index_heals(library: Path) -> None:
    shutil.rmtree(library / "text")
    (library / "text").write_text("not a folder")
    with Engine.open(library, LEXICON) as engine:
        assert engine.finder.search("cat").total == 1


@pytest.mark.parametrize("write", [False, True], ids=["reader", "writer"])
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["fake.faiss", "fake.json"])
def test_a_vector_index_heals(library: Path, name: str, damage: Callable[[Path], None], write: bool) -> None:
    damage(library / "vectors" / name)
    with Engine.open(library, LEXICON, write=write) as engine:
        assert [hit.image.id for hit in engine.finder.similar(np.array([1, 0], np.float32)).hits] == [1, 2]
        assert engine.verify() == []


def test_a_crash_between_catalog_and_indexes_heals_at_open(library: Path) -> None:
    code = f"""
import os
from pathlib import Path
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.engine import Engine
from tests.engine.support import LEXICON, reading, spec, tables
engine = Engine.open(Path({str(library)!r}), LEXICON, write=True)
engine.use_annotators([spec()])
engine.record([reading(3, {{"cat": .7}}, vector=(1, 1))])
engine.record([reading(4, {{"cat": .6}}, vector=(1, 1))])
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with Engine.open(library, LEXICON) as reader:
        assert reader.notes == []
        assert reader.finder.search("cat").total == 3
        assert reader.finder.similar(np.array([1, 0], np.float32)).total == 4
        assert reader.verify() == []


def test_a_restored_older_catalog_gets_its_own_indexes(library: Path) -> None:
    old = (library / FILE_NAME).read_bytes()
    with Engine.open(library, LEXICON, write=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(3, {"cat": 0.7}, vector=(1, 1))])
    (library / FILE_NAME).write_bytes(old)
    with Engine.open(library, LEXICON) as reader:
        assert reader.finder.search("cat").total == 1
        assert reader.finder.similar(np.array([1, 0], np.float32)).total == 2


def test_ctrl_c_in_the_middle_of_a_commit_costs_nothing(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Engine.open(library, LEXICON, write=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(3, {"cat": 0.7}, vector=(1, 1))])

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("imsearch.engine.stores.local.text_arrays.write_state", interrupt)
            engine.catch_up()
    with Engine.open(library, LEXICON) as reader:
        assert reader.finder.search("cat").total == 2
        assert engine.notes == reader.notes == []
        assert reader.verify() == []


def test_what_a_start_cut_short_left_behind_is_no_hindrance(folder: Path) -> None:
    folder.mkdir()
    for name in ("lock", "lock.pid", f"{FILE_NAME}.new", f"{FILE_NAME}.new-journal"):
        (folder / name).write_bytes(b"half")
    with Engine.open(folder, LEXICON, create=True) as engine:
        assert engine.verify() == []
    assert sorted(path.name for path in folder.iterdir()) == [FILE_NAME, "lock", "text"]
