"""The library in a database: is it one, may it be opened, who writes to it, and what of it lies on this machine."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from imsearch.engine.stores.home import TAIL
from imsearch.engine.stores.local.files import HomeWithFiles
from imsearch.engine.stores.local.lock import WriteLock
from imsearch.engine.stores.postgres.address import Address, digest
from imsearch.engine.stores.sql import copy_mark
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.engine.stores.sql.schema import HEAD
from imsearch.errors import LibraryError, WriteRefused
from imsearch.locations import Location

if TYPE_CHECKING:
    from imsearch.engine.stores.postgres.database import PostgresDatabase
    from imsearch.engine.stores.postgres.lock import RunLock
    from imsearch.engine.stores.vector_index import VectorIndex

_PATIENCE = 30.0
"""Seconds a run waits for a reader of this machine to bring an index up to date."""
_FAR_BEHIND = 50
"""Changes of the library after which it pays to write a vector index down again, if only for this machine's readers."""
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace('imsearch')
"""


class Home(HomeWithFiles):
    """A library in PostgreSQL, with the indexes that this machine derives from it.

    Implements `imsearch.engine.stores.home.Home`.  The catalog is in the database.  Every machine keeps its own text
    and vector indexes in its cache folder, and brings them up to date from the catalog; the processes of a machine
    share them, as those of a library in a folder do.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self.notes: list[str] = []
        self._held = ExitStack()
        self._run: RunLock | None = None
        self._vectors: dict[str, VectorIndex] = {}

    @property
    def place(self) -> str:
        return self._address.place

    @property
    def writing(self) -> bool:
        """True if this process holds the lock for a run."""
        return self._run is not None

    @classmethod
    def exists(cls, where: Location) -> bool:
        """Return True if the database holds a library."""
        home = cls(Address(where))
        try:
            return home._is_library()
        finally:
            home.close()

    @classmethod
    def open(cls, where: Location, *, write: bool, create: bool) -> Home:
        """Look at the database, make a library in it if asked to, and take the locks if asked to."""
        home = cls(Address(where))
        try:
            home._open(write or create, create)
        except BaseException:
            home.close()
            raise
        return home

    def _open(self, write: bool, create: bool) -> None:
        from imsearch.engine.stores.postgres.creating import create as make
        from imsearch.engine.stores.postgres.lock import RunLock

        there = self._is_library()
        if not there and not create:
            raise LibraryError(
                f"There is no library in {self.place} yet. Make one with: "
                f"imsearch index FOLDER --library {shlex.quote(self.place)}"
            )
        if write:
            self._check_writable()
            self._run = RunLock(self._address)
            self._held.callback(self._run.release)
            if not there and not self._is_library():  # another machine may have made it meanwhile
                make(self._database.engine, self._address)
            self._held.callback(WriteLock(self.scratch, wait=_PATIENCE).release)

    @cached_property
    def _database(self) -> PostgresDatabase:
        from imsearch.engine.stores.postgres.database import PostgresDatabase

        database = PostgresDatabase(self._address, f"imsearch {os.getpid()}", self._check_lock)
        self._held.callback(database.close)
        return database

    def _check_lock(self) -> bool:
        return self._run is not None and self._run.check()

    def _is_library(self) -> bool:
        from imsearch.engine.stores.postgres.creating import check

        with self._database.reading() as connection:
            return check(connection, self._address)

    def _check_writable(self) -> None:
        from imsearch.engine.stores.postgres.creating import check_writable

        with self._database.reading() as connection:
            check_writable(connection, self._address)

    # -- the catalog

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, brought to this version of the program; a newer one is not touched."""
        found = self._version()
        if found == copy_mark.VERSION:
            with self._database.reading() as connection:
                removal = f"psql {shlex.quote(self.place)} -c 'DROP SCHEMA imsearch CASCADE'"
                raise copy_mark.incomplete(connection, self.place, removal)
        if found < HEAD:
            self._migrate(found)
        self._database.check_place()
        return Catalog(self._database)

    def database(self) -> PostgresDatabase:
        """The database under the catalog, which a copy may not have filled yet; closed with the home."""
        return self._database

    def _version(self) -> str:
        """The version of the tables; raises `LibraryError` for a newer one."""
        from imsearch.engine.stores.postgres.creating import version

        with self._database.reading() as connection:
            found = version(connection, self._address)
        if found > HEAD and found != copy_mark.VERSION:
            raise LibraryError(
                f"The library {self.place} was made by a newer version of imsearch. Install the newest version. "
                "Nothing was changed."
            )
        return found

    def _migrate(self, found: str) -> None:
        from imsearch.engine.stores.postgres.lock import RunLock
        from imsearch.engine.stores.postgres.migrating import migrate  # alembic takes its time to import
        from imsearch.engine.stores.postgres.words import translated

        with ExitStack() as held:
            if not self.writing:
                held.callback(RunLock(self._address).release)
            held.enter_context(translated(self._address))
            self.notes.append(migrate(self._database.engine, found))

    def recorder(self, tail: int = TAIL) -> Recorder:
        """Return the writer of the catalog; it works alongside the holder of the lock, if that is another process."""
        self.catalog.check_place()
        if not self.writing:
            self._check_writable()
        return Recorder(self.catalog, tail)

    # -- who writes

    def running(self) -> int | None:
        """The process that holds the lock for a run, maybe this one, maybe of another machine; None for nobody."""
        from imsearch.engine.stores.postgres.lock import holder

        if self.writing:
            return os.getpid()
        with self._database.reading() as connection:
            return holder(connection)

    # -- this machine's files

    @cached_property
    def scratch(self) -> Path:
        """The folder of this library in this machine's cache; one for the moment where that cannot be written."""
        from platformdirs import user_cache_path

        folder = user_cache_path("imsearch", appauthor=False) / "libraries" / self._digest()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            refused = not os.access(folder, os.W_OK)
        except OSError:
            refused = True
        if not refused:
            return folder
        self.tell(f"The cache folder {folder} cannot be written, so this machine's indexes are made anew each time.")
        return Path(self._held.enter_context(TemporaryDirectory(prefix="imsearch-")))

    def _digest(self) -> str:
        """Tells this library from any other, a restored copy of it and a replica among them."""
        from sqlalchemy import select

        if self._version() != copy_mark.VERSION:
            self.catalog.state()  # or there is no library
        with self._database.reading() as connection:
            uid: str = connection.execute(select(s.library.c.uid)).scalar_one()
            info = connection.connection.driver_connection.info  # type: ignore[union-attr]
            return digest(info.host, str(info.port), info.dbname, uid)

    def bytes(self) -> int:
        """The size of the tables and their indexes in the database."""
        with self._database.reading() as connection:
            return int(connection.exec_driver_sql(_SIZE).scalar_one())

    def vectors(self, space: str, version: str, length: int) -> VectorIndex:
        """This machine's index of an annotator's vectors, as it is written down; empty where nothing is."""
        self._vectors[space] = super().vectors(space, version, length)
        return self._vectors[space]

    def _keep_vectors(self) -> None:
        """Write down what a reader had to fill from the catalog, on a machine where no run does."""
        for space, index in self._vectors.items():
            stored = self.vectors_state(space)
            if index.state and (stored is None or index.state[1] - stored[1] > _FAR_BEHIND):
                with suppress(WriteRefused):  # the next process fills its own, as this one has
                    self.while_free(index.save)

    def close(self) -> None:
        """Close what was opened here, and give the locks back."""
        try:
            if not self.writing:
                self._keep_vectors()
        finally:
            self._vectors.clear()
            self._run = None
            self._held.close()
