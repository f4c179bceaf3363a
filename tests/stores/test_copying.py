"""Libraries that move from one home to another, also in several attempts: equal, or refused."""

from __future__ import annotations

import random
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from imsearch.cli import main
from imsearch.engine.engine import Engine
from imsearch.engine.stores import copying as homes
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.copying import copy_home
from imsearch.engine.stores.registry import open_home
from imsearch.engine.stores.sql import copying
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.copying import Copied, digest
from imsearch.errors import LibraryError
from imsearch.library.copying import copy_library
from imsearch.locations import Location
from imsearch.settings import Settings
from tests.engine.support import reading, spec, tables
from tests.stores.memory import MemoryHome
from tests.stores.test_same_answers import FIRST, LEXICON, fill, queries

SETTINGS = Settings(semantic="off", device="cpu")


class Observer:
    """Counts what it is told; stops a copy after some chunks."""

    def __init__(self, stop_after: int = -1) -> None:
        self.left = stop_after
        self.stages: list[tuple[str, int, int]] = []
        self.rows = 0
        self.notes: list[str] = []

    def stage(self, title: str, total: int, done: int) -> None:
        self.stages.append((title, total, done))

    def advance(self, rows: int) -> None:
        self.rows += rows
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 300 pictures in a folder, with everything that a user says of pictures."""
    folder = tmp_path_factory.mktemp("copying") / "library"
    with Engine.open(folder, LEXICON, create=True) as engine:
        fill(engine)
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three pictures, with values that databases keep differently."""
    folder = tmp_path_factory.mktemp("template") / "library"
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(n, {"cat": 0.9, "dog": 0.8}, vector=(n, 1)) for n in (1, 2, 3)])
        with tables(engine).database.writing() as connection:
            connection.execute(update(s.images).where(s.images.c.id == 2).values(latitude=-0.0, camera="A\0B"))
            connection.execute(update(s.images).values(metadata={"nul": "\0", "Ä": [1.5, None]}))
            connection.execute(insert(s.failures).values(path=b"/\xff\0\\x", annotator="ä\tb\\N", reason="\n\\."))
    return folder


@pytest.fixture
def small(template: Path, tmp_path: Path) -> Path:
    """That library, for one test."""
    return Path(shutil.copytree(template, tmp_path / "it's small"))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows."""
    monkeypatch.setattr(copying, "CHUNK", 2)


@pytest.fixture(params=["folder", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """A place for a new library."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else tmp_path / "copy of it"


def digests(where: Location) -> dict[str, tuple[int, str]]:
    home = open_home(where, write=False, create=False)
    try:
        home.catalog.state()
        assert isinstance(home, homes.HomeOfTables)
        with home.database().reading() as connection:
            return {table.name: digest(connection, table) for table in copying.TABLES}
    finally:
        home.close()


def change(where: Path, statement: object) -> None:
    """Change a catalog unseen: its generation stays."""
    with Engine.open(where, LEXICON, write=True) as engine, tables(engine).database.writing() as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def stopped(source: Location, target: Location, after: int) -> Observer:
    observer = Observer(after)
    with pytest.raises(KeyboardInterrupt):
        copy_home(source, target, observer)
    return observer


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(LibraryError) as caught:
        act()
    told = str(caught.value)
    assert "\n" not in told
    return told


def test_there_and_back_all_is_the_same(filled: Path, postgres_url: str, tmp_path: Path) -> None:
    before, back = (filled / "catalog.sqlite3").read_bytes(), tmp_path / "back"
    there = copy_library(filled, postgres_url, SETTINGS, Observer())
    assert copy_library(postgres_url, back, SETTINGS, Observer()) == there
    assert (filled / "catalog.sqlite3").read_bytes() == before
    assert digests(filled) == digests(postgres_url) == digests(back)
    assert there == Copied(len(copying.TABLES), there.rows, there.rows) and there.rows > 5000
    asked = random.Random(4).sample([query for query in queries() if "sort" not in query], 20)
    answers, states = [], []
    for where in (filled, postgres_url, back):
        with Engine.open(where, LEXICON) as engine:
            states.append(engine.catalog.state())
            found = [engine.finder.search(query, facets=True) for query in asked]
            answers.append((found, engine.catalog.history(), engine.verify()))
    assert answers[0] == answers[1] == answers[2] and answers[0][1] and answers[0][2] == []
    assert len({uid for uid, _ in states}) == 3 and len({generation for _, generation in states}) == 1
    assert _going_on(filled) == _going_on(postgres_url) == _going_on(back)


def _going_on(where: Location) -> tuple[object, ...]:
    """Undo, index and correct, which needs numbers of new rows, and tell what there is then."""
    with Engine.open(where, LEXICON, write=True) as engine:
        engine.corrections.undo()
        engine.corrections.undo()
        engine.use_annotators([spec(vector_length=8)])
        engine.record([reading(1000, {"zebra": 0.9}, vector=(1,) * 8)])
        engine.corrections.correct([3], ["a new word"], Verdict.ADD)
        history = [replace(each, made_at=FIRST) for each in engine.catalog.history()]
        return history, engine.finder.search("zebra").hits, engine.catalog.tag_counts(), engine.verify()


def test_values_that_databases_keep_differently(small: Path, postgres_url: str, tmp_path: Path) -> None:
    copy_home(small, postgres_url, Observer())
    copy_home(postgres_url, tmp_path / "back", Observer())
    assert digests(small) == digests(postgres_url) == digests(tmp_path / "back")


def test_it_goes_on_where_it_was_stopped(small: Path, place: Location, few: None) -> None:
    whole = copy_home(small, small.parent / "in one go", Observer()).rows
    for after in (1, 3, 5):
        stopped(small, place, after)
    observer = Observer()
    copied = copy_home(small, place, observer)
    total, done = observer.stages[0][1:]
    assert total == whole == copied.rows and total - done == copied.copied < whole - 8
    assert observer.rows == copied.copied + whole and not observer.notes
    assert digests(small) == digests(place)


def test_it_may_stop_while_it_compares(small: Path, place: Location) -> None:
    chunks = len([count for count, _ in digests(small).values() if count])
    stopped(small, place, chunks + 2)
    assert "not complete" in refusal(lambda: Engine.open(place, LEXICON))
    assert copy_home(small, place, Observer()).copied == 0
    assert digests(small) == digests(place)


def test_a_half_copy_is_no_library(
    small: Path, place: Location, few: None, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMSEARCH_CONFIG", str(small.parent / "config.toml"))
    stopped(small, place, 3)
    for command in ("query cat", "index .", "status", "tags", "rebuild", "tag undo", "verify"):
        assert main([*command.split(), "--library", str(place)]) == 2
        err = capfd.readouterr().err
        assert f"imsearch library copy {shlex.quote(str(small))} " in err and "not complete" in err
        assert ("DROP SCHEMA" if isinstance(place, str) else "delete the folder") in err and err.count("\n") == 1
    assert "not complete" in refusal(lambda: copy_home(place, small.parent / "another", Observer()))
    assert main(["library", "copy", str(small), str(place)]) == 0
    assert "The same: 15 tables" in capfd.readouterr().err
    assert main(["query", "cat", "--library", str(place)]) == 0


def test_a_source_that_changed_is_copied_anew(small: Path, place: Location, few: None) -> None:
    stopped(small, place, 6)
    with Engine.open(small, LEXICON, write=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(9, {"cow": 0.9}, vector=(1, 2))])
    observer = Observer()
    copied = copy_home(small, place, observer)
    assert copied.copied == copied.rows
    assert len(observer.notes) == 1 and "begins anew" in observer.notes[0]
    assert digests(small) == digests(place)


def test_a_change_that_no_generation_tells_is_found(small: Path, place: Location, few: None) -> None:
    stopped(small, place, 8)
    change(small, update(s.images).where(s.images.c.id == 1).values(camera="another"))
    assert "differs" in refusal(lambda: copy_home(small, place, Observer()))
    assert "not complete" in refusal(lambda: Engine.open(place, LEXICON))
    observer = Observer()
    assert copy_home(small, place, observer).copied > 0 and not observer.notes
    assert digests(small) == digests(place)


def test_rows_that_refer_to_what_was_not_copied_are_no_bug(small: Path, place: Location, few: None) -> None:
    stopped(small, place, 5)
    change(small, insert(s.tags).values(id=-5, name="late"))
    change(small, insert(s.corrections).values(image_id=1, tag_id=-5, verdict=1))
    assert "differs" in refusal(lambda: copy_home(small, place, Observer()))
    change(small, delete(s.corrections))
    copy_home(small, place, Observer())
    assert digests(small) == digests(place)


def test_refusals_leave_all_as_it_is(small: Path, filled: Path, place: Location, tmp_path: Path, few: None) -> None:
    nothing = tmp_path / "nothing"
    assert "There is no library" in refusal(lambda: copy_home(nothing, place, Observer()))
    assert not nothing.exists()
    assert "another place" in refusal(lambda: copy_home(small, small, Observer()))
    link = tmp_path / "link"
    link.symlink_to(small)
    assert "another place" in refusal(lambda: copy_home(link, small, Observer()))
    stopped(small, place, 2)
    assert "a copy of" in refusal(lambda: copy_home(filled, place, Observer()))
    copy_home(small, place, Observer())
    before = digests(place)
    assert "holds a library already" in refusal(lambda: copy_home(filled, place, Observer()))
    assert "holds a library already" in refusal(lambda: copy_home(small, place, Observer()))
    assert digests(place) == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    assert "other files" in refusal(lambda: copy_home(small, other, Observer()))


def test_one_database_by_two_addresses_is_the_same(small: Path, postgres_url: str) -> None:
    copy_home(small, postgres_url, Observer())
    again = postgres_url + ("&" if "?" in postgres_url else "?") + "connect_timeout=9"
    assert "same library" in refusal(lambda: copy_home(postgres_url, again, Observer()))


def test_an_empty_library_is_a_target(small: Path, postgres_library: str) -> None:
    copy_home(small, postgres_library, Observer())
    assert digests(small) == digests(postgres_library)


def test_nobody_else_writes_meanwhile(small: Path, place: Location) -> None:
    held = open_home(place, write=True, create=True)
    try:
        assert "another run" in refusal(lambda: copy_home(small, place, Observer()))
    finally:
        held.close()


def test_a_home_without_tables_cannot_be_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryHome, "libraries", {})
    monkeypatch.setattr(homes, "open_home", MemoryHome.open)
    MemoryHome.open(tmp_path / "a", write=True, create=True)
    assert "cannot be copied" in refusal(lambda: copy_home(tmp_path / "a", tmp_path / "b", Observer()))


def test_ctrl_c_says_how_to_go_on(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("imsearch.cli.progress.CopyingProgress.advance", Observer(stop_after=1).advance)
    assert main(["library", "copy", str(small), str(tmp_path / "target")]) == 130
    assert "run the same command again to go on" in capfd.readouterr().err


def test_the_mark_is_gone_in_the_end(small: Path, place: Location) -> None:
    copy_home(small, place, Observer())
    home = open_home(place, write=False, create=False)
    try:
        assert isinstance(home, homes.HomeOfTables)
        database = home.database()
        with database.reading() as connection:
            assert connection.execute(select(s.version_table.c.version_num)).scalars().all() == [s.HEAD]
            assert not database.engine.dialect.has_table(connection, "copying")
    finally:
        home.close()
