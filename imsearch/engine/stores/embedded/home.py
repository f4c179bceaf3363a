"""The folder of a library: is it one, may it be opened, who writes to it, and what lies where in it."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path

from imsearch.engine.stores.embedded import sqlite as database
from imsearch.engine.stores.embedded.sqlite_database import SqliteDatabase
from imsearch.engine.stores.home import TAIL, THUMBNAILS
from imsearch.engine.stores.local.files import HomeWithFiles
from imsearch.engine.stores.local.lock import HOLDER_NAME, LOCK_NAME, WriteLock, holder
from imsearch.engine.stores.sql import copy_mark
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.engine.stores.sql.schema import HEAD
from imsearch.errors import LibraryError
from imsearch.locations import Location
from imsearch.system.refusals import in_words

FILE_NAME = "catalog.sqlite3"
_LEFT_BY_A_START = {LOCK_NAME, HOLDER_NAME, FILE_NAME + ".new", FILE_NAME + ".new-journal", ".DS_Store", THUMBNAILS}
"""Names that do not make a folder somebody else's."""
_PATIENCE = 30.0
"""Seconds a run waits for a reader to bring an index up to date; merging a large one takes some."""


class Home(HomeWithFiles):
    """A library's folder, and the right to write there while that is held.

    Implements `imsearch.engine.stores.home.Home`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._lock: WriteLock | None = None
        self._opened: list[Catalog | SqliteDatabase] = []

    @property
    def place(self) -> str:
        return str(self.folder)

    @property
    def scratch(self) -> Path:
        return self.folder

    @property
    def writing(self) -> bool:
        """True if this process holds the write lock."""
        return self._lock is not None

    @property
    def catalog_path(self) -> Path:
        """The path of the catalog."""
        return self.folder / FILE_NAME

    def bytes(self) -> int:
        """The bytes of all files but thumbnails; one that a run replaces at this moment is left out."""
        total = 0
        for path, folders, names in os.walk(self.folder):
            if THUMBNAILS in folders:
                folders.remove(THUMBNAILS)
            for name in names:
                with suppress(OSError):
                    total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 - in half the time
        return total

    @classmethod
    def exists(cls, where: Location) -> bool:
        """Return True if the folder holds a catalog."""
        return (Path(where) / FILE_NAME).exists()

    @classmethod
    def open(cls, where: Location, *, write: bool, create: bool) -> Home:
        """Check the folder, create a library in it if asked to, and take the lock if asked to."""
        folder = Path(where)
        home = cls(folder)
        try:
            if not home.catalog_path.exists():
                home._check_new(create)
            if create:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            verb = "created" if create else "opened"
            if create and (told := in_words(error, folder)) and told.full:
                raise told from error
            raise LibraryError(
                f"The library {folder} cannot be {verb}: {error.strerror}. Check its permissions, or choose another "
                "folder with --library."
            ) from error
        if write or create:
            home._lock = WriteLock(folder, wait=_PATIENCE)
            try:
                if not home.catalog_path.exists():
                    database.create(home.catalog_path)
            except BaseException:
                home.close()
                raise
        return home

    def _check_new(self, create: bool) -> None:
        """Refuse a folder that holds other things, and a missing one unless a library shall be made."""
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise LibraryError(f"{folder} is a file, not the folder of a library. Choose another with --library.")
        names = {path.name for path in folder.iterdir()} - _LEFT_BY_A_START if folder.is_dir() else set()
        if names & {"text", "vectors", "backups"}:
            raise LibraryError(
                f"The library {folder} has lost its catalog. Put {FILE_NAME} back from {folder / 'backups'} or from "
                "a backup of your own, or move the folder away and index your pictures again."
            )
        if names:
            raise LibraryError(
                f"{folder} is not a library: it holds other files. Choose an empty or a new folder with --library."
            )
        if not create:
            raise LibraryError(f"There is no library in {folder} yet. Make one with: imsearch index FOLDER")

    @cached_property
    def catalog(self) -> Catalog:
        """See `open_catalog`; closed with the home."""
        catalog = self.open_catalog()
        self._opened.append(catalog)
        return catalog

    def database(self) -> SqliteDatabase:
        """The file under the catalog, which a copy may not have filled yet; closed with the home."""
        database = SqliteDatabase(self.catalog_path, write=self.writing)
        self._opened.append(database)
        return database

    def recorder(self, tail: int = TAIL) -> Recorder:
        """Return the writer of the catalog; it works alongside the holder of the lock, if that is another process."""
        if self.writing:
            return Recorder(self.catalog, tail)
        self.catalog.check_place()  # or another library would get what is written
        catalog = self.open_for_corrections()
        self._opened.append(catalog)
        return Recorder(catalog, tail)

    def open_catalog(self) -> Catalog:
        """The catalog, brought to this version of the program; a newer or damaged one is not touched."""
        catalog = self._catalog()
        try:
            found = database.version(catalog.engine, self.catalog_path)
            if found == copy_mark.VERSION:
                with catalog.reading() as connection:
                    raise copy_mark.incomplete(connection, self.place, f"delete the folder {self.folder}")
        except LibraryError:
            catalog.close()
            raise
        finally:
            if self.writing:
                catalog.close()
        if found > HEAD:
            catalog.close()
            raise LibraryError(
                f"The library {self.folder} was made by a newer version of imsearch. Install the newest version. "
                "Nothing was changed."
            )
        if found < HEAD:
            catalog.close()
            self._migrate(found)
            catalog = self._catalog()
        return self._catalog(write=True) if self.writing else catalog

    def _catalog(self, *, write: bool = False) -> Catalog:
        return Catalog(SqliteDatabase(self.catalog_path, write=write))

    def _migrate(self, found: str) -> None:
        from imsearch.engine.stores.embedded.migrating import (
            migrate,  # alembic takes longer to import than a query takes
        )

        with ExitStack() as held:
            if not self.writing:
                held.callback(WriteLock(self.folder).release)
            self.notes.append(migrate(self.catalog_path, found))

    def running(self) -> int | None:
        """The process that holds the lock for a run, maybe this one; None when nobody does."""
        found = os.getpid() if self.writing else holder(self.folder)
        if found is None or self.writing or not self.while_free(lambda: None):
            return found
        return None  # it was killed

    def open_for_corrections(self) -> Catalog:
        """The catalog, open for writing beside whoever holds the lock; raises `LibraryError` on read-only media."""
        if not (os.access(self.folder, os.W_OK) and os.access(self.catalog_path, os.W_OK)):
            raise LibraryError(
                f"The library {self.folder} can only be read here, so no tags can be corrected. Check its permissions, "
                "or copy the library to a disk that you may write to."
            )
        return self._catalog(write=True)

    def close(self) -> None:
        """Close what was opened here, and give the lock back."""
        for catalog in self._opened:
            catalog.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None
