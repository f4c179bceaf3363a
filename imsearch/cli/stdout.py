"""Reserve standard output for results.

While a command runs, anything else written to standard output goes to standard error: output of plugins and libraries
that print, of native code and child processes that write to file descriptor 1, of threads that keep running.
Characters that a terminal cannot display are replaced, and a reader may stop before the end.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Protocol, TextIO

from imsearch.cli.encodings import fitted
from imsearch.errors import ImsearchError
from imsearch.system.foreign import is_foreign

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_GONE = {errno.EPIPE, errno.ESHUTDOWN, *((errno.EINVAL,) if os.name == "nt" else ())}
_AT_ONCE = 1 << 16


class ReaderGone(Exception):  # noqa: N818 - the state of a pipe; no OSError, for which click has rules of its own
    """Raised when the reader of the results, ``head`` for example, has closed the pipe."""


class CannotWrite(ImsearchError):  # noqa: N818 - said as such
    """Raised when the results cannot be written, to a full disk for example."""


class _Target(Protocol):
    """A final destination of bytes."""

    def write(self, data: bytes) -> None: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...
    def isatty(self) -> bool: ...


class _Descriptor:
    """A file descriptor, written to in large chunks; once it fails, the rest is dropped."""

    def __init__(self, number: int) -> None:
        self._number, self._waiting, self._dead = number, bytearray(), False
        self._raw = open(number, "wb", buffering=0, closefd=False)  # noqa: SIM115 - knows Windows' consoles
        self._turn = threading.RLock()

    def write(self, data: bytes) -> None:
        with self._turn:
            self._waiting += data
            if len(self._waiting) >= _AT_ONCE:
                self.flush()

    def flush(self) -> None:
        with self._turn:
            while self._waiting and not self._dead:
                self._write_some()
            if self._dead:
                self._waiting.clear()

    def _write_some(self) -> None:
        try:
            written = self._raw.write(self._waiting[:_AT_ONCE])
            if written is None:  # a non-blocking pipe that is full, as set up by the parent process
                select.select([], [self._number], [])
            del self._waiting[: written or 0]
        except OSError as error:
            self._dead = True
            if error.errno in _GONE:
                raise ReaderGone from error
            raise CannotWrite(f"The results cannot be written: {error.strerror}.") from error

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)


class _Stream:
    """A stream of a program that calls `main`, such as a test's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.fileno, self.isatty = stream.fileno, stream.isatty

    def write(self, data: bytes) -> None:
        self._stream.flush()
        self._stream.buffer.write(data)

    def flush(self) -> None:
        self._stream.flush()


class _Patient:
    """A stream for messages: if they cannot be written, the work goes on without them."""

    def __init__(self, target: _Target) -> None:
        self._target = target
        self.fileno, self.isatty = target.fileno, target.isatty

    def write(self, data: bytes) -> None:
        with suppress(ReaderGone, CannotWrite, OSError, ValueError):
            self._target.write(data)
            self._target.flush()

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


class _Door(io.BufferedIOBase):
    """Writes results to their target, and anything else to standard error."""

    name = "<output>"

    def __init__(self, target: _Target, results: bool) -> None:
        self.target, self._results = target, results
        self._owner = threading.get_ident()
        self.everybody = self.shut = False

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        text = bytes(data)
        if self._lets_through():
            self.target.write(text)
        elif sys.stderr is not None:
            with suppress(OSError, ValueError):
                sys.stderr.write(text.decode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        if self._lets_through():
            self.target.flush()

    def fileno(self) -> int:
        return self.target.fileno() if self._lets_through() or sys.stderr is None else sys.stderr.fileno()

    def isatty(self) -> bool:
        return self.target.isatty()

    def close(self) -> None:
        """Stay open: the target belongs to the process."""

    def _lets_through(self) -> bool:
        if not self._results:
            return True
        return not self.shut and (self.everybody or (threading.get_ident() == self._owner and not is_foreign()))


class Output(io.TextIOWrapper):
    """A text stream that never fails because of a character."""

    def __init__(self, door: _Door, encoding: str, aside: TextIO | None = None) -> None:
        """aside: the stream that `imsearch.system.foreign` substitutes while third-party code runs."""
        self.door, self.aside = door, aside
        self._encoding = codecs.lookup(encoding).name
        # click takes ASCII for a misconfiguration and writes UTF-8 instead.
        shown = "latin-1" if self._encoding == "ascii" else encoding
        super().__init__(door, shown, "backslashreplace", line_buffering=door.isatty(), write_through=True)

    @property
    def is_utf8(self) -> bool:
        return self._encoding in ("utf-8", "utf-8-sig")

    def write(self, text: str, /) -> int:
        super().write(text if self.is_utf8 else fitted(text, self._encoding))
        return len(text)

    def close(self) -> None:
        """Stay open: a plugin may close a stream it did not open."""


@contextmanager
def results_alone(*, for_good: bool) -> Iterator[None]:
    """Reserve standard output for results inside the context.

    for_good: the process ends afterwards, so that anything written later goes to standard error, too.
    """
    if for_good:
        _open_what_is_closed()
    before = sys.stdout, sys.stderr
    if sys.stderr is not None and hasattr(sys.stderr, "buffer"):
        patient = _Patient(_Descriptor(2) if _writes_to(sys.stderr, 2) else _Stream(sys.stderr))
        sys.stderr = Output(_Door(patient, results=False), sys.stderr.encoding or "utf-8")
    ours = for_good if sys.stdout is None else _writes_to(sys.stdout, 1)
    saved = _divert() if ours else None
    if saved is not None:
        sys.stdout = _results(_Descriptor(saved), before[0])
    elif sys.stdout is not None and hasattr(sys.stdout, "buffer"):
        sys.stdout = _results(_Stream(sys.stdout), before[0])
    results = sys.stdout
    try:
        yield
    finally:
        if isinstance(results, Output):
            with suppress(ReaderGone, CannotWrite, OSError, ValueError):
                results.flush()
            results.door.shut = True
        if saved is not None:
            if not for_good:
                os.dup2(saved, 1)
            os.close(saved)  # lets a reader of the results see their end, whatever still runs
        if not for_good:
            sys.stdout, sys.stderr = before


@contextmanager
def given_away() -> Iterator[None]:
    """Restore the process's standard output inside the context, for a command of a plugin."""
    results = sys.stdout
    if not isinstance(results, Output):
        yield
        return
    door = results.door
    door.everybody = True
    saved = door.target.fileno() if isinstance(door.target, _Descriptor) else None
    if saved is not None:
        os.dup2(saved, 1)
    try:
        yield
    finally:
        door.everybody = False
        if saved is not None:
            os.dup2(2, 1)


def put(text: str) -> None:
    """Write ASCII text, or UTF-8 if the terminal supports it (see `takes_utf8`), byte for byte."""
    stream = sys.stdout
    if stream is None:
        return
    buffer: IO[bytes] | None = getattr(stream, "buffer", None)
    if buffer is None:
        stream.write(text)
    else:
        stream.flush()
        buffer.write(text.encode())
    stream.flush()


def takes_utf8() -> bool:
    """Return True when results may contain any character."""
    stream = sys.stdout
    if isinstance(stream, Output):
        return stream.is_utf8
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _results(target: _Target, stream: TextIO | None) -> Output:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    aside = _Door(target, results=True)
    aside.shut = True
    return Output(_Door(target, results=True), encoding, Output(aside, encoding))


def _writes_to(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False


def _divert() -> int | None:
    """Redirect file descriptor 1 to standard error; return a new descriptor for its old target."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
        saved = os.dup(1)
    except OSError:
        return None
    with suppress(OSError):  # standard error is closed
        os.dup2(2, 1)
    return saved


def _open_what_is_closed() -> None:
    """Open closed standard streams, so that no other file, such as the catalog, gets their descriptors."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
