"""Copying a library to another home, ready to be searched there."""

from __future__ import annotations

from dataclasses import replace

from imsearch.engine.stores.copying import Copied, Observer, copy_home
from imsearch.library.library import Library
from imsearch.locations import Location, located
from imsearch.settings import Settings


def copy_library(source: Location, target: Location, settings: Settings, observer: Observer) -> Copied:
    """Copy a library, or go on with a copy that was interrupted; then make the indexes of the copy.

    Raises `LibraryError` when it cannot be done, `LibraryLocked` when another process writes to the target.
    """
    copied = copy_home(source, target, observer)
    observer.stage("Making the indexes", 0, 0)
    with Library.open(settings=replace(settings, library=located(target)), write=True):
        pass  # it makes what is missing, and its notes would only say that
    return copied
