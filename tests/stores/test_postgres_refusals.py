"""Addresses, servers, databases and users with which there is no library in PostgreSQL, each told in a sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.postgres.address import Address
from imsearch.engine.stores.postgres.home import Home
from imsearch.errors import LibraryError, WriteRefused
from tests.postgres import Server
from tests.stores.postgres_support import SECRET, found, library_name, opened, refusal

# -- addresses and servers


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:geheim@host:5433/photos", "postgresql://me@host:5433/photos"),
        ("postgres://host/photos?password=geheim&sslmode=require", "postgresql://host/photos?sslmode=require"),
        ("postgresql:///photos", "postgresql:///photos"),
        ("postgresql://me@/photos?host=/run/postgresql", "postgresql://me@/photos?host=/run/postgresql"),
        ("postgresql://me:ge%40heim@[::1]/a%20b", "postgresql://me@[::1]/a%20b"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert Address(url).place == shown
    assert Address(shown).place == shown


def test_a_path_that_has_lost_a_slash_is_an_address() -> None:
    assert Address(Path("postgresql://me@host/photos")).place == "postgresql://me@host/photos"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:geheim@host/photos?sslmod=require", "has no option 'sslmod'"),
        ("postgresql://me:geheim%zz@host/photos", "Write it like postgresql://user@host/database"),
        ("postgresql://me:geheim@127.0.0.1:1/photos", "no PostgreSQL server to be reached at 127.0.0.1:1 .*refused"),
    ],
)
def test_a_server_that_cannot_be_reached(url: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told) as caught:
        opened(url)
    assert SECRET not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("psycopg", "psycopg.conninfo"):
        monkeypatch.setitem(sys.modules, module, None)
    assert "needs the driver psycopg" in refusal(f"postgresql://me:{SECRET}@host/photos")


def test_a_database_that_is_not_there_is_made_by_a_command(postgres_server: Server) -> None:
    told = refusal(postgres_server.at("imsearch_nowhere"))
    assert "has no database 'imsearch_nowhere'" in told and told.endswith("imsearch_nowhere")
    assert "Make it with: createdb -h " in told


def test_who_is_let_in(postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if postgres_server.folder is None:
        pytest.skip("changes who is let in, which a server of somebody else's must not")
    rules = postgres_server.folder / "pg_hba.conf"
    before = rules.read_text()
    try:
        rules.write_text(f"local all locked scram-sha-256\nlocal all barred reject\n{before}")
        make = [f"CREATE ROLE locked LOGIN PASSWORD '{SECRET}'", "CREATE ROLE barred LOGIN"]
        postgres_server.run(*make, "SELECT pg_reload_conf()")
        wrong = refusal(postgres_server.at("postgres", "locked", SECRET + "er"))
        assert "does not let locked in: the name or the password is wrong" in wrong and "PGPASSWORD" in wrong
        assert "There is no library" in refusal(postgres_server.at("postgres", "locked", SECRET))
        bare = postgres_server.at("postgres", "locked")
        assert "the password is wrong, or none was given" in refusal(bare)
        monkeypatch.setenv("PGPASSWORD", SECRET)
        assert "There is no library" in refusal(bare)
        monkeypatch.delenv("PGPASSWORD")
        (tmp_path / "pgpass").write_text(f"*:*:*:locked:{SECRET}\n")
        (tmp_path / "pgpass").chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
        assert "There is no library" in refusal(bare)
        assert "the password is wrong" in refusal(postgres_server.at("postgres", "nobody", SECRET))
        assert "does not let you in from here" in refusal(postgres_server.at("postgres", "barred", SECRET))
    finally:
        rules.write_text(before)
        postgres_server.run("SELECT pg_reload_conf()", "DROP ROLE IF EXISTS locked", "DROP ROLE IF EXISTS barred")


def test_an_old_server_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.engine.stores.postgres.creating.OLDEST", 99)
    assert "imsearch needs 99 or newer. Nothing was changed" in refusal(postgres_url, create=True)


def test_a_database_of_another_encoding_is_refused(postgres_server: Server) -> None:
    with postgres_server.database("ENCODING 'LATIN1' LOCALE 'C'") as name:
        told = refusal(postgres_server.at(name), create=True)
    assert "stores text as LATIN1" in told and "createdb --encoding=UTF8" in told


@pytest.mark.parametrize("table", ["public.orders", "imsearch.orders"])
def test_a_database_of_somebody_else_is_left_alone(postgres_server: Server, table: str) -> None:
    with postgres_server.database() as name:
        postgres_server.run("CREATE SCHEMA imsearch", f"CREATE TABLE {table} (id int)", database=name)
        assert "is not a library" in refusal(postgres_server.at(name), create=True)
        tables = postgres_server.run(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
            database=name,
        )
        assert tables == [(table,)]


def test_what_is_no_library_yet_is_none(postgres_url: str) -> None:
    assert not Home.exists(postgres_url)
    assert "There is no library in" in refusal(postgres_url)
    opened(postgres_url, create=True).close()
    assert Home.exists(postgres_url)


def test_a_library_of_a_newer_version_is_not_touched(library: str, postgres_server: Server) -> None:
    database = library_name(library)
    postgres_server.run("UPDATE imsearch.alembic_version SET version_num = '9999'", database=database)
    assert "made by a newer version of imsearch" in refusal(library)
    assert "made by a newer version of imsearch" in refusal(library, write=True)


# -- those who may only read


@pytest.fixture
def reader(library: str, postgres_server: Server) -> Iterator[str]:
    """The same library for a user who has no rights on it yet."""
    postgres_server.run("CREATE ROLE imsearch_reader LOGIN")
    try:
        yield postgres_server.at(library_name(library), "imsearch_reader", SECRET)
    finally:
        name = library_name(library)
        postgres_server.run("DROP OWNED BY imsearch_reader", "DROP ROLE imsearch_reader", database=name)


def test_a_user_who_may_only_read_reads(reader: str, library: str, postgres_server: Server) -> None:
    assert "You may not read the library" in refusal(reader)
    grants = "GRANT USAGE ON SCHEMA imsearch TO imsearch_reader"
    also = "GRANT SELECT ON ALL TABLES IN SCHEMA imsearch TO imsearch_reader"
    postgres_server.run(grants, also, database=library_name(library))
    home = opened(reader)
    assert home.catalog.tag_counts() == [("car", 1), ("cat", 1), ("dog", 1)]
    with pytest.raises(WriteRefused, match="can only be read here: you may only read it"):
        home.recorder()
    home.close()
    assert "can only be read here" in refusal(reader, write=True)


def test_a_server_that_takes_no_changes_is_read(library: str) -> None:
    separator = "&" if "?" in library else "?"
    fixed = f"{library}{separator}options=-cdefault_transaction_read_only%3Don"
    home = opened(fixed)
    indexes = Indexes(home, home.catalog)
    indexes.heal()
    assert found(indexes, "cat") == [1]
    with pytest.raises(WriteRefused, match="set to be read only"):
        home.recorder()
    indexes.close()
    home.close()
    assert "set to be read only" in refusal(fixed, write=True)
