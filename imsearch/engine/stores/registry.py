"""Registry of library homes: the scheme of a URL picks the home, a path the folder.

A package brings a home by an entry point of the group ``imsearch.homes``: its name is the scheme, its object a class
that does what `imsearch.engine.stores.home.Home` says.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from imsearch.engine.stores.home import Home
from imsearch.errors import LibraryError
from imsearch.locations import Location, located, scheme_of

GROUP = "imsearch.homes"
FOLDER = EntryPoint("file", "imsearch.engine.stores.embedded.home:Home", GROUP)
"""The home of a path; known here, since looking for entry points takes its time in every start."""


def home_class(where: Location) -> type[Home]:
    """The class of the home that a library at a path or URL lives in.

    Raises `LibraryError` for a scheme that no installed package brings, and for one whose package is broken.
    """
    scheme = scheme_of(where)
    if not scheme or scheme == FOLDER.name:
        return _load(FOLDER)
    homes = {entry.name.lower(): entry for entry in entry_points(group=GROUP)} | {FOLDER.name: FOLDER}
    if scheme not in homes:
        known = ", ".join(f"{name}://" for name in sorted(homes))
        raise LibraryError(
            f"No library can be opened at {scheme}:// here. Give the path of a folder with --library, or an address "
            f"that begins with one of: {known}"
        )
    try:
        return _load(homes[scheme])
    except Exception as error:
        raise LibraryError(f"What opens libraries at {scheme}:// cannot be loaded: {error!r}") from error


def open_home(where: Location, *, write: bool, create: bool) -> Home:
    """Open a library where it lives; see `Home.open`."""
    return home_class(where).open(located(where), write=write, create=create)


def is_library(where: Location) -> bool:
    """Return True if there is a library at a path or URL; see `Home.exists`."""
    return home_class(where).exists(located(where))


def _load(entry: EntryPoint) -> type[Home]:
    module, _, name = entry.value.partition(":")
    return cast("type[Home]", getattr(import_module(module), name))
