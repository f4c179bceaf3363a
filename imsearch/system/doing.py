"""What the threads of a process are at, so that whoever leaves can say what hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Doing:
    """Notes of work under way, one for each thread; any thread may read them."""

    def __init__(self, of_process: bool = False) -> None:
        """of_process: this is all that the process does, so that it may end with it."""
        self.of_process = of_process
        self._notes: dict[int, tuple[float, str]] = {}

    @contextmanager
    def at(self, what: str) -> Iterator[None]:
        """While inside, this thread is at this: ``"the annotator colours looks at a.jpg"``."""
        thread = threading.get_ident()
        before = self._notes.get(thread)
        self._notes[thread] = (time.monotonic(), what)
        try:
            yield
        finally:
            if before is None:
                self._notes.pop(thread, None)
            else:
                self._notes[thread] = before

    def longest(self) -> str | None:
        """Return what has been under way for the longest time, and for how many seconds; None when nothing is."""
        notes = list(self._notes.values())
        if not notes:
            return None
        since, what = min(notes)
        return f"{what} (for {time.monotonic() - since:,.0f} s)"
