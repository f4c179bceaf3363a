"""Track the work in progress on each thread, so that a process that exits can name what hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Doing:
    """Notes on work in progress, one per thread; readable from any thread."""

    def __init__(self, of_process: bool = False) -> None:
        """of_process: the tracked work is all this process does, so the process may exit when it ends."""
        self.of_process = of_process
        self.brief = False
        self._notes: dict[int, tuple[float, str]] = {}

    def look_up(self) -> None:
        """Note that the process only looks something up: it is over soon, and leaves nothing but its results."""
        self.brief = True

    @contextmanager
    def at(self, what: str) -> Iterator[None]:
        """Record a task for the current thread for the duration of the context: ``"the annotator colours looks at
        a.jpg"``.
        """
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
        """Return the longest-running task and for how many seconds it has run; None when idle."""
        notes = list(self._notes.values())
        if not notes:
            return None
        since, what = min(notes)
        return f"{what} (for {time.monotonic() - since:,.0f} s)"
