"""What only the home in PostgreSQL does: locks between processes, connections that end, copies of indexes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from imsearch.engine.review.corrections import Corrections
from imsearch.engine.review.health import verify
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.postgres import home as home_module
from imsearch.engine.stores.postgres import migrating
from imsearch.engine.stores.sql import schema
from imsearch.errors import LibraryError, LibraryLocked
from imsearch.records import Text
from tests.engine.support import FACTS, LEXICON, reading, spec
from tests.engine.test_migrations import NEXT
from tests.postgres import Server
from tests.stores.postgres_support import found, library_name, opened, refusal

ROOT = Path(__file__).parents[2]


# -- several processes


@contextmanager
def child(url: str, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that works on the library; it has begun."""
    command = [sys.executable, "-m", "tests.stores.postgres_child", url, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None and process.stdout.readline().startswith("ready")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_one_process_runs_and_its_end_frees_the_library(library: str) -> None:
    home = opened(library)
    assert home.running() is None
    with child(library, "hold") as process:
        assert home.running() == process.pid
        assert f"written to by another run (process {process.pid} on " in refusal(library, write=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        other = opened(library, write=True)  # the server notices by itself
    assert other.writing and home.running() is not None
    other.close()
    assert home.running() is None
    home.close()


def test_corrections_of_several_processes_lose_nothing(library: str) -> None:
    home = opened(library, write=True)  # a run that holds the lock lets others correct
    before = home.catalog.state()[1]
    with child(library, "correct", "sea", "3") as one, child(library, "correct", "sky", "3") as two:
        recorder = home.recorder()
        recorder.use_annotators([spec()])
        for number in range(4, 9):
            recorder.record([reading(number, {"cat": 0.9})], [])
        assert (one.wait(60), two.wait(60)) == (0, 0)
    counts = dict(home.catalog.tag_counts("", "user"))
    assert counts == {"sea": 3, "sky": 3}
    assert home.catalog.state()[1] == before + 11
    assert sorted(change.number for change in home.catalog.history()) == [1, 2, 3, 4, 5, 6]
    home.close()


def test_a_writer_that_is_killed_loses_nothing(library: str) -> None:
    with child(library, "record", "10") as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    home = opened(library, write=True)
    images = home.catalog.live(range(1, 1000))
    recorded = len(images) - 3
    assert recorded >= 8 and recorded % 2 == 0  # batches are there as a whole or not at all
    assert len(home.catalog.failures()) == recorded // 2
    assert home.catalog.count_vectors("fake") == len(images)
    indexes = Indexes(home, home.catalog)
    indexes.heal()
    assert verify(home, home.catalog, indexes) == []
    indexes.close()
    home.close()


# -- connections that end


def end_connections(server: Server, url: str) -> None:
    """As when the server is stopped: all connections end, transactions are taken back, locks are free."""
    name = library_name(url)
    server.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")


def test_a_server_that_was_started_anew_is_asked_again(library: str, postgres_server: Server) -> None:
    home = opened(library, write=True)
    recorder = home.recorder()
    with pytest.raises(LibraryError, match="has ended the connection") as caught, home.catalog.reading() as connection:
        end_connections(postgres_server, library)
        connection.execute(text("SELECT 1"))
    assert "Try again when the server is back" in str(caught.value)
    assert home.catalog.live([1, 2, 3]) == {1, 2, 3}
    before = home.catalog.state()
    with pytest.raises(LibraryError, match="has ended the connection"), recorder.revising() as revision:
        revision.mark_changed([1])
        end_connections(postgres_server, library)
        revision.mark_changed([2])
    assert home.catalog.state() == before
    recorder.use_annotators([spec()])
    end_connections(postgres_server, library)
    recorder.record([reading(4, {"cat": 0.9})], [])  # and the lock is ours again
    assert "written to by another run" in refusal(library, write=True)
    home.close()


def test_a_lock_that_went_to_another_machine_meanwhile_is_not_taken_from_it(
    library: str, postgres_server: Server, tmp_path: Path
) -> None:
    home = opened(library, write=True)
    recorder = home.recorder()
    end_connections(postgres_server, library)
    there = child(library, "hold", XDG_CACHE_HOME=str(tmp_path / "another machine"))
    with there, pytest.raises(LibraryLocked, match="written to by another run"):
        recorder.remember_folders([Path("/photos")])
    home.close()


def test_a_library_that_was_replaced_gets_nothing(library: str, postgres_server: Server) -> None:
    home = opened(library)
    recorder = home.recorder()
    name = library_name(library)
    postgres_server.run("UPDATE imsearch.library SET uid = 'another'", database=name)
    with pytest.raises(LibraryError, match="removed or replaced while it was open"):
        recorder.remember_folders([Path("/photos")])
    postgres_server.run("DROP SCHEMA imsearch CASCADE", database=name)
    with pytest.raises(LibraryError, match="removed or replaced while it was open"):
        home.catalog.state()
    home.close()


# -- what a machine keeps


@pytest.fixture
def on_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Go to a machine by its name: each has a cache folder of its own."""
    return lambda name: monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))


def test_each_machine_brings_its_own_copy_up_to_date(library: str, on_machine: Callable[[str], None]) -> None:
    on_machine("attic")
    attic = opened(library, write=True)
    in_attic = Indexes(attic, attic.catalog)
    in_attic.heal()
    on_machine("cellar")
    cellar = opened(library)
    in_cellar = Indexes(cellar, cellar.catalog)
    in_cellar.heal()
    assert attic.scratch != cellar.scratch and found(in_cellar, "cat") == [1]
    recorder = attic.recorder()
    recorder.use_annotators([spec()])
    recorder.record([reading(4, {"cat": 0.8}, vector=(1, 1))], [])
    in_cellar.heal()
    assert found(in_cellar, "cat") == [1, 4] and found(in_attic, "cat") == [1]
    assert len(in_cellar.vectors.of("fake")[1]) == 4
    Corrections(cellar.catalog, cellar.recorder(), LEXICON, in_cellar.heal).correct([2], ["cat"], Verdict.ADD)
    assert found(in_cellar, "cat") == [1, 2, 4]
    in_attic.catch_up_text()
    assert found(in_attic, "cat") == [1, 2, 4]
    for indexes, home in ((in_cellar, cellar), (in_attic, attic)):
        assert verify(home, home.catalog, indexes) == []
        indexes.close()
        home.close()
    assert (cellar.scratch / "vectors" / "fake.faiss").exists()  # or each process there would fill its own


def test_a_machine_without_a_cache_folder_does_without(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    home = opened(library)
    indexes = Indexes(home, home.catalog)
    indexes.heal()
    assert found(indexes, "dog") == [2]
    assert any("cannot be written, so this machine's indexes are made anew" in note for note in home.notes)
    scratch = home.scratch
    indexes.close()
    home.close()
    assert not scratch.exists()


# -- what is stored


def test_an_older_library_is_brought_up_to_date(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_server: Server
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrating.MIGRATIONS, scripts)
    monkeypatch.setattr(home_module, "HEAD", "9999")
    monkeypatch.setattr(migrating.migrate, "__kwdefaults__", {"scripts": scripts, "head": "9999"})
    step = scripts / "versions" / "v9999_stars.py"
    step.write_text(NEXT.format(more='op.execute("SELECT nowhere()")', head=schema.HEAD))
    assert "nowhere" in refusal(library)
    name = library_name(library)
    assert postgres_server.run("SELECT version_num FROM imsearch.alembic_version", database=name) == [(schema.HEAD,)]
    step.write_text(NEXT.format(more="pass", head=schema.HEAD))
    home = opened(library)
    assert home.notes[0].startswith(f"The library was brought from version {schema.HEAD} to 9999.")
    home.close()
    assert postgres_server.run("SELECT DISTINCT stars FROM imsearch.images", database=name) == [(3,)]


def test_a_character_that_cannot_be_stored_is_replaced(library: str) -> None:
    home = opened(library, write=True)
    texts = (Text("title", "a\0b"),)
    picture = replace(reading(9), facts=replace(FACTS, metadata={"note": "a\0b"}, texts=texts))
    home.recorder().record([picture], [])
    (image,) = home.catalog.images_by_sha256([picture.sha256]).values()
    assert home.catalog.texts_of([image]) == {image: [("title", "a\ufffdb")]}
    home.close()


def test_a_path_that_cannot_be_stored_is_told(library: str) -> None:
    home = opened(library, write=True)
    before = home.catalog.state()
    chance = random.Random(1)
    path = os.fsdecode(b"/" + bytes(chance.randrange(48, 256) for _ in range(3900)))
    with pytest.raises(LibraryError, match="cannot be used: the server says 'index row"):
        home.recorder().record([reading(9, path=path)], [])
    assert home.catalog.state() == before
    home.close()


def test_numbers_that_no_library_has_are_found_nowhere(library: str) -> None:
    home = opened(library)
    assert home.catalog.image(10**15) is None and home.catalog.history(number=10**15) == []
    home.close()


def test_what_cannot_be_read_is_told(library: str, postgres_server: Server) -> None:
    home = opened(library)
    assert home.catalog.damages() == []
    postgres_server.run("ALTER TABLE imsearch.texts RENAME TO gone", database=library_name(library))
    (told,) = home.catalog.damages()
    assert told.startswith("texts: ") and "does not exist" in told
    home.close()
