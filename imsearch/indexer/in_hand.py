"""Which files a run has in hand, so that the next one knows what it was at when it died.

A picture on which native code crashes takes the whole process with it, and nothing is left to tell of it but what was
written down before.
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
"""A longer file is written anew, with what is in hand only."""


class InHand:
    """A file in the library's folder, which a run that ends by itself removes; used by several threads."""

    def __init__(self, folder: Path | None) -> None:
        """folder: of the library, or None for a run that nobody has to know of."""
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
        if not isinstance(error, LeftAtOnce):  # what hangs then is still in hand
            self.close()

    def left(self) -> list[Path]:
        """What an earlier run had in hand when it died."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path else []
        except OSError:
            return []
        found: dict[str, int] = {}
        for line in lines:
            try:
                step, path = json.loads(line)
            except ValueError:
                continue  # the last line of a process that died while it wrote
            found[path] = found.get(path, 0) + step
        return [Path(path) for path, count in found.items() if count > 0]

    def take(self, path: Path) -> None:
        """A file goes to decoders and annotators now."""
        with self._lock:
            self._paths[os.fspath(path)] = 1
            self._write([(1, os.fspath(path))])

    def let_go(self, paths: Iterable[Path]) -> None:
        """What became of these files is stored."""
        with self._lock:
            gone = [name for path in paths if self._paths.pop(name := os.fspath(path), 0)]
            self._write([(-1, name) for name in gone])

    def close(self) -> None:
        """The run ends by itself."""
        with self._lock:
            if self._file is not None:
                with suppress(OSError):  # what a full disk did not take is of no use any more
                    self._file.close()
                self._file = None
            if self._path is not None:
                with suppress(OSError):  # the next run tries what is named there, and finds nothing
                    self._path.unlink(missing_ok=True)

    def _write(self, steps: list[tuple[int, str]]) -> None:
        """Handed to the system at once: that outlives this process."""
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
            return  # a full disk, say: the run itself does not need it

    def _begin(self, path: Path) -> None:
        if self._file is not None:
            self._file.close()
        self._file = path.open("w", encoding="utf-8")
        self._written = 0
