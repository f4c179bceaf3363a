"""Writes that the system refuses: told as what they are, with nothing lost, and readers go on."""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from imsearch.engine.engine import Engine
from imsearch.engine.stores import derived
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.embedded import sqlite as database
from imsearch.engine.stores.local.lock import WriteLock
from imsearch.errors import LibraryError, WriteRefused
from imsearch.system.refusals import in_words, refusal_in, what_refuses
from tests.engine.support import LEXICON, correct, ids, reading, spec

REFUSALS = {
    errno.ENOSPC: "disk is full",
    errno.EDQUOT: "quota",
    errno.EFBIG: "larger than is allowed",
    errno.EROFS: "can only be read",
    errno.EIO: "reports an error",
}

Refuse = Callable[[int, str], None]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refuse]:
    """Let every new file with this in its path refuse what is written to it."""
    real = open

    def start(number: int, part: str) -> None:
        def refusing(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            if part in str(file) and set(mode) & set("wax"):
                raise OSError(number, "refused", str(file))
            return real(file, mode, *args, **options)

        monkeypatch.setattr("builtins.open", refusing)
        monkeypatch.setattr("io.open", refusing)

    yield start
    monkeypatch.undo()


@pytest.fixture
def library(folder: Path) -> Path:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}, vector=(1, 0)), reading(2, {"dog": 0.8}, vector=(0, 1))])
    return folder


@pytest.mark.parametrize("number", REFUSALS)
@pytest.mark.parametrize("part", ["/text/", "/vectors/"])
def test_indexes_that_cannot_be_written_lose_nothing(
    library: Path, refuse: Refuse, number: int, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> None:
        with Engine.open(library, LEXICON, write=True) as engine:
            engine.use_annotators([spec()])
            engine.record([reading(3, {"cat": 0.7}, vector=(1, 1))])

    with monkeypatch.context():
        refuse(number, part)
        with pytest.raises(WriteRefused, match=REFUSALS[number]) as caught:
            run()
    monkeypatch.undo()
    assert "damaged" not in str(caught.value)
    assert not list(library.glob("**/*.new"))
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [1, 3]
        assert engine.verify() == []


def test_a_reader_tells_that_the_index_is_behind_and_answers(
    library: Path, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Engine.open(library, LEXICON) as engine:
        refuse(errno.ENOSPC, "/text/")
        assert correct(engine, Verdict.ADD, [2], "cat").images == 1  # it is in the catalog
        assert ids(engine, "tag:cat") == [1]
        assert any("could not be brought up to date" in note and "disk is full" in note for note in engine.notes)
        monkeypatch.undo()
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [2, 1]


def test_a_reader_without_any_index_makes_one_elsewhere(
    library: Path, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "text" / "state.json").unlink()
    refuse(errno.ENOSPC, f"{library}/text/")
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [1]
        assert any("no room" in note for note in engine.notes)
    monkeypatch.undo()
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [1]
        assert engine.verify() == []


def test_a_reader_without_room_for_the_lock_makes_an_index_elsewhere(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (library / "text" / "state.json").unlink()
    monkeypatch.setattr("imsearch.engine.stores.local.files.HomeWithFiles.lock", lambda *_: None)
    monkeypatch.setattr("imsearch.engine.stores.local.files.what_refuses", lambda path: errno.ENOSPC)
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [1]
        assert any("no room" in note for note in engine.notes)


def test_a_reader_without_room_beside_the_catalog_reads_it(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = _once(WriteRefused("The disk is full"))
    monkeypatch.setattr("imsearch.engine.stores.embedded.sqlite_database.check_file", full)
    with Engine.open(library, LEXICON) as engine:
        assert ids(engine, "tag:cat") == [1]
        monkeypatch.undo()
        with Engine.open(library, LEXICON, write=True) as writer:  # there is room again
            writer.use_annotators([spec()])
            writer.record([reading(3, {"cat": 0.95})])
            writer.catch_up()
            assert ids(engine, "tag:cat") == [3, 1]


def _once(error: Exception) -> Callable[..., None]:
    left = [error]

    def check(*_: object) -> None:
        if left:
            raise left.pop()

    return check


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        ("SQLITE_FULL", "database or disk is full", "disk is full"),
        ("SQLITE_IOERR_WRITE", "disk I/O error", "reports an error"),
        ("SQLITE_IOERR_FSYNC", "disk I/O error", "reports an error"),
        ("SQLITE_IOERR_TRUNCATE", "disk I/O error", "reports an error"),
        ("SQLITE_IOERR_SHMSIZE", "disk I/O error", "reports an error"),
        ("SQLITE_IOERR", "disk I/O error", "reports an error"),
        ("SQLITE_IOERR_READ", "disk I/O error", "copy the folder"),
        ("SQLITE_IOERR_SHORT_READ", "disk I/O error", "is damaged"),
        ("SQLITE_IOERR_CORRUPTFS", "disk I/O error", "is damaged"),
        ("SQLITE_CORRUPT", "database disk image is malformed", "is damaged"),
        ("SQLITE_NOTADB", "file is not a database", "is damaged"),
        ("SQLITE_BUSY", "database is locked", "in use by another process"),
    ],
)
def test_sqlite_says_what_is_so(tmp_path: Path, code: str, name: str, says: str) -> None:
    error = sqlite3.OperationalError(name)
    error.sqlite_errorname = code
    for raised in (error, OperationalError("SELECT", {}, error)):
        with pytest.raises(LibraryError, match=says) as caught, database.translated(tmp_path / "catalog.sqlite3"):
            raise raised
        assert ("is damaged" in str(caught.value)) == (says == "is damaged")


def test_the_lock_file_may_be_refused(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(WriteRefused, match="disk is full"):
        WriteLock(library)


def test_a_state_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    derived.write_state(path, {"generation": 1})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imsearch.engine.stores.derived.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        derived.write_state(path, {"generation": 2})
    assert derived.read_state(path) == {"generation": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_half_made_catalog_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"

    def create(*_: object) -> None:
        raise OperationalError("CREATE", {}, full)

    monkeypatch.setattr("imsearch.engine.stores.sql.schema.version_table.create", create)
    with pytest.raises(WriteRefused, match="disk is full"):
        Engine.open(folder, LEXICON, create=True)
    assert not list(folder.glob("catalog*"))
    monkeypatch.undo()
    Engine.open(folder, LEXICON, create=True).close()


def test_a_refusal_is_found_behind_other_errors() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise ValueError("I/O operation on closed file")  # noqa: B904 - as libraries do
    except ValueError as error:
        found = refusal_in(error)
    assert found is not None
    assert found.errno == errno.ENOSPC
    assert refusal_in(ValueError("other")) is None


def test_what_is_no_refusal_has_no_words() -> None:
    assert in_words(FileNotFoundError(errno.ENOENT, "No such file", "a.jpg")) is None
    told = in_words(OSError(errno.ENOSPC, "No space left on device", "/photos/library"))
    assert told is not None
    assert told.full
    assert "/photos/library" in str(told)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_limit_of_file_sizes_is_found(tmp_path: Path) -> None:
    import resource

    (tmp_path / "catalog").write_bytes(bytes(200_000))
    assert what_refuses(tmp_path / "catalog") is None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        assert what_refuses(tmp_path / "catalog") == errno.EFBIG
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert what_refuses(tmp_path / "gone" / "catalog") == errno.ENOENT
