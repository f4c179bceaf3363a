"""Keep the text index up to date while a process holds the library: others correct tags meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from imsearch.engine.stores.derived import IndexDamagedError
from imsearch.errors import LibraryError


class Keeper:
    """A thread that calls `catch_up` every so many seconds until `stop`."""

    def __init__(self, catch_up: Callable[[], None], seconds: float, note: Callable[[str], None]) -> None:
        """note: is told why it gave up, if it did."""
        self._catch_up, self._seconds, self._note = catch_up, seconds, note
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="keep the index up to date", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._catch_up()
            except (LibraryError, IndexDamagedError) as error:  # whoever closes the library meets it again, and raises
                self._note(f"The text index is behind: {error}")
                return

    def stop(self) -> None:
        """Let what it does be finished, and end it."""
        self._stopped.set()
        self._thread.join()
