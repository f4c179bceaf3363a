"""A log of the files that a run is processing, so that the next run knows which ones it died on.

A picture that crashes native code takes the whole process with it; only a log written beforehand survives.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from imsearch.indexer.interrupt import LeftAtOnce

NAME = "in-hand.jsonl"
_MOST_BYTES = 1 << 20
"""Maximum size of the file in bytes; a longer one is rewritten with the files still in progress."""


class InHand:
    """A log in the library's folder, removed by a run that ends normally; safe for several threads."""

    def __init__(self, folder: Path | None) -> None:
        """folder: the library's scratch folder, or None for a run without a log."""
        self._path = None if folder is None else folder / NAME
        self._paths: dict[str, int] = {}
        self._file: IO[str] | None = None
        self._lock = threading.Lock()
        self._written = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, LeftAtOnce):  # the file that hangs stays in the log
            self.close()

    def left(self) -> list[Path]:
        """Return the files that an earlier run was processing when it died."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path else []
        except OSError:
            return []
        found: dict[str, int] = {}
        for line in lines:
            try:
                step, path = json.loads(line)
            except ValueError:
                continue  # the last line of a process that died while writing
            found[path] = found.get(path, 0) + step
        return [Path(path) for path, count in found.items() if count > 0]

    def take(self, path: Path) -> None:
        """Log a file before it goes to decoders and annotators."""
        with self._lock:
            self._paths[os.fspath(path)] = 1
            self._write([(1, os.fspath(path))])

    def let_go(self, paths: Iterable[Path]) -> None:
        """Log that the results for these files are stored."""
        with self._lock:
            gone = [name for path in paths if self._paths.pop(name := os.fspath(path), 0)]
            self._write([(-1, name) for name in gone])

    def close(self) -> None:
        """Close the log at the normal end of a run."""
        with self._lock:
            if self._file is not None:
                with suppress(OSError):  # lines that a full disk refused are no longer needed
                    self._file.close()
                self._file = None
            if self._path is not None:
                with suppress(OSError):  # otherwise the next run tries the files in it and finds nothing wrong
                    self._path.unlink(missing_ok=True)

    def _write(self, steps: list[tuple[int, str]]) -> None:
        """Write unbuffered, so that the lines survive this process."""
        if self._path is None or not steps:
            return
        try:
            if self._file is None or self._written > _MOST_BYTES:
                self._begin(self._path)
                steps = [(1, path) for path in self._paths]
            assert self._file is not None
            text = "".join(json.dumps(step) + "\n" for step in steps)
            self._file.write(text)
            self._file.flush()
            self._written += len(text)
        except OSError:
            return  # for example a full disk: the run itself does not need the log

    def _begin(self, path: Path) -> None:
        if self._file is not None:
            self._file.close()
        self._file = path.open("w", encoding="utf-8")
        self._written = 0
