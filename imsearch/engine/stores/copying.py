"""Copying a library from one home to another."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from imsearch.engine.stores.home import Home
from imsearch.engine.stores.registry import open_home
from imsearch.engine.stores.sql.copying import Copied as Copied  # re-exported: no one above sees the statements
from imsearch.engine.stores.sql.copying import Fillable, copy
from imsearch.engine.stores.sql.copying import Observer as Observer
from imsearch.errors import LibraryError
from imsearch.locations import Location, located, shown


@runtime_checkable
class HomeOfTables(Protocol):
    """A home that keeps its catalog in the tables of `imsearch.engine.stores.sql`."""

    def database(self) -> Fillable:
        """The database under the catalog, which need not be complete; it is closed with the home."""


def copy_home(source: Location, target: Location, observer: Observer) -> Copied:
    """Copy a library to a place where there is none, or go on with the copy that is there; only reads the source.

    The indexes of the copy are not made yet.  Raises `LibraryError` when it cannot be done, `LibraryLocked` when
    another process writes to the target.
    """
    if _place(source) == _place(target):
        raise LibraryError(f"{shown(target)} is the library to be copied. Give another place to copy it to.")
    origin = open_home(source, write=False, create=False)
    try:
        origin.catalog.state()  # refuses what cannot be used, and brings tables of an older version up to date
        beneath = _tables_of(origin)
        copy_to = open_home(target, write=True, create=True)
        try:
            return copy(beneath, _tables_of(copy_to), (origin.place, copy_to.place), observer)
        finally:
            copy_to.close()
    finally:
        origin.close()


def _place(where: Location) -> Location:
    found = located(where)
    return found.resolve() if isinstance(found, Path) else found


def _tables_of(home: Home) -> Fillable:
    if not isinstance(home, HomeOfTables):
        raise LibraryError(f"The library {home.place} cannot be copied: only folders and PostgreSQL databases can.")
    return home.database()
