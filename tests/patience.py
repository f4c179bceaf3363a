"""How tests wait: for an event, never for a time, and so long that a busy machine makes no difference."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from queue import Empty, Queue
from typing import IO

PATIENCE = 120.0
"""Seconds after which an event that has not come counts as never coming.  Only a failing test takes them."""


def wait_until(true: Callable[[], object], pause: Callable[[], object] = lambda: time.sleep(0.01)) -> None:
    """Return once `true()` is; fails after `PATIENCE`.  `pause` is called between two looks."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it was waited for in vain"
        pause()


class Lines:
    """The lines that a process writes to a pipe, read as they come, so that it never waits for its reader.

    `readline` and `communicate` cannot be mixed instead: the first reads more than a line and keeps it from the second.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._lines: Queue[str | None] = Queue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)

    def next(self) -> str:
        """Return the next line, with its end, or "" when there are no more; waits for it."""
        try:
            line = self._lines.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError("no more lines came") from None
        if line is None:
            self._lines.put(None)
        return line or ""

    def rest(self) -> str:
        """Return all that still comes until the process closes its end."""
        return "".join(iter(self.next, ""))


class Process:
    """A program under test, whose output and errors can be read line by line while it runs."""

    def __init__(self, command: list[str], *, env: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout and self._process.stderr
        self.out, self.err = Lines(self._process.stdout), Lines(self._process.stderr)

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> tuple[int, str, str]:
        """Return the exit code, and what was written and not read yet, once it has ended; fails after `PATIENCE`."""
        code = self._process.wait(PATIENCE)
        return code, self.out.rest(), self.err.rest()

    def kill(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.wait()
