"""A cache of the images requested last, to save catalog lookups."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.engine.stores.batch import KnownImage
    from imsearch.library.facts import Facts

_TRUSTED = 2.0
"""Seconds between checks for changes of the catalog."""
_MOST = 20_000


class Known:
    """Caches images until the catalog changes; safe for several threads."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._images: OrderedDict[int, KnownImage] = OrderedDict()
        self._state: tuple[str, int] | None = None
        self._looked = -_TRUSTED
        self._lock = threading.Lock()

    def at_hand(self, image: int) -> KnownImage | None:
        """Return an image without touching the catalog; None if it is not cached."""
        if time.monotonic() - self._looked > _TRUSTED:
            return None
        return self._images.get(image)

    def get(self, image: int, *, anew: bool = False) -> KnownImage | None:
        """Return the image; None when it is unknown or has no file any more.  `anew` bypasses the cache."""
        if anew or time.monotonic() - self._looked > _TRUSTED:
            looked, state = time.monotonic(), self._facts.state()
            with self._lock:
                if state != self._state:
                    self._images.clear()
                self._state, self._looked = state, looked
        found = None if anew else self._images.get(image)
        if found is None:
            before = self._state
            found = self._facts.known(image)
            with self._lock:
                if found is not None and before == self._state:
                    self._images[image] = found
                while len(self._images) > _MOST:
                    self._images.popitem(last=False)
        return found
