"""Catalogs of older versions are backed up and brought up to date; new ones are made as if they had been."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from imsearch.engine.engine import Engine
from imsearch.engine.stores.embedded import home, migrating
from imsearch.engine.stores.embedded.home import FILE_NAME
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.sql import schema
from imsearch.engine.stores.sql.thresholds import stored_limits
from imsearch.errors import LibraryError
from tests.engine.older import back_to_0005
from tests.engine.support import LEXICON, reading, spec, tables

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    with op.batch_alter_table("images") as table:
        table.add_column(sa.Column("stars", sa.Integer, nullable=False, server_default="3"))
    {more}
"""


@pytest.fixture
def library(folder: Path) -> Path:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}, vector=(1, 0))])
    return folder


def next_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str = "pass") -> None:
    """Pretend that the program has one more migration."""
    scripts = tmp_path / "100%migrations"
    shutil.copytree(migrating.MIGRATIONS, scripts)
    (scripts / "versions" / "v9999_stars.py").write_text(NEXT.format(more=more, head=schema.HEAD))
    monkeypatch.setattr(home, "HEAD", "9999")
    monkeypatch.setattr(migrating.migrate, "__kwdefaults__", {"scripts": scripts, "head": "9999"})


def stars(catalog: Path) -> list[int]:
    with closing(sqlite3.connect(catalog)) as connection:
        return [row[0] for row in connection.execute("SELECT stars FROM images")]


@pytest.mark.parametrize("write", [False, True], ids=["reader", "writer"])
def test_an_older_library_is_brought_up_to_date(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: bool
) -> None:
    next_version(monkeypatch, tmp_path)
    with Engine.open(library, LEXICON, write=write) as engine:
        assert engine.finder.search("cat").total == 1
        assert engine.catalog.vector(1, "fake") is not None
        (note,) = engine.notes
    assert f"from version {schema.HEAD} to 9999" in note
    assert stars(library / FILE_NAME) == [3]
    (backup,) = (library / "backups").iterdir()
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.HEAD,)]
        assert connection.execute("SELECT count(*) FROM images").fetchall() == [(1,)]
    with Engine.open(library, LEXICON) as engine:
        assert engine.notes == []


def test_a_library_without_thresholds_gets_them_at_the_next_run(library: Path) -> None:
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:  # as version 0004 had it
        back_to_0005(connection)
        for column in ("threshold", "thresholds"):
            connection.execute(f"ALTER TABLE annotators DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0004'")
        connection.commit()
    with Engine.open(library, LEXICON, write=True) as engine:
        assert engine.finder.search("+cat").total == 1 and engine.reviewing.doubts() == []
        with tables(engine).reading() as connection:
            assert stored_limits(connection) == {}
        engine.use_annotators([spec()])
        with tables(engine).reading() as connection:
            assert stored_limits(connection) == {1: Limits(0.5, {"dog": 0.7})}
        assert engine.verify() == []


def test_a_library_without_places_gets_them_without_reading_a_file(library: Path) -> None:
    with closing(sqlite3.connect(library / FILE_NAME)) as connection:
        back_to_0005(connection)
        connection.execute("UPDATE images SET latitude = 41.8902, longitude = 12.4922")
        connection.commit()
    with Engine.open(library, LEXICON, write=True) as engine:
        assert engine.finder.search("rome").total == 0
        assert engine.locate() == 1
        assert engine.finder.search("rome").total == 1
        image = engine.catalog.image(1)
        assert image is not None
        assert (image.facts.city, image.facts.region, image.facts.country) == ("Rome", "Lazio", "Italy")
        assert engine.locate() == 0
        assert engine.verify() == []


def test_a_failing_migration_changes_nothing(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    next_version(monkeypatch, tmp_path, more='op.execute("SELECT * FROM nowhere")')
    with pytest.raises(LibraryError, match="nowhere"):
        Engine.open(library, LEXICON)
    monkeypatch.undo()
    with Engine.open(library, LEXICON) as engine:
        assert engine.finder.search("cat").total == 1
        assert engine.verify() == []


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrating.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_migrations_lead_to_the_tables_of_the_program(tmp_path: Path) -> None:
    migrated, made = tmp_path / "migrated.sqlite3", tmp_path / "made.sqlite3"
    with closing(sqlite3.connect(migrated)) as connection:
        connection.execute("CREATE TABLE spare (id INTEGER)")
    migrating.migrate(migrated, "0000")
    schema_engine = create_engine(f"sqlite:///{made}")
    schema.metadata.create_all(schema_engine)
    schema_engine.dispose()

    def tables(path: Path) -> dict[str, tuple[list[tuple[object, ...]], list[tuple[object, ...]], bool]]:
        with closing(sqlite3.connect(path)) as connection:
            names = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
            return {
                name: (
                    connection.execute(f"PRAGMA table_info({name})").fetchall(),
                    sorted(row[1:] for row in connection.execute(f"PRAGMA index_list({name})")),
                    "WITHOUT ROWID" in sql,
                )
                for name, sql in names
                if name not in ("spare", "alembic_version")
            }

    assert tables(migrated) == tables(made)


def test_opening_a_current_library_imports_neither_alembic_nor_another_database(library: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
with Engine.open(Path({str(library)!r}), Lexicon()) as engine:
    assert engine.finder.search("cat").total == 1
heavy = {{"alembic", "torch", "faiss", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "filelock", "PIL"}}
heavy &= set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_new_libraries_say_their_version(library: Path) -> None:
    engine = create_engine(f"sqlite:///{library / FILE_NAME}")
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == schema.HEAD
    engine.dispose()
