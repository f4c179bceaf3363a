"""Files in blocks with a checksum each, so that reading a part of a large file finds damage in that part."""

from __future__ import annotations

import mmap
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from imsearch.engine.stores.derived import IndexDamagedError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

BLOCK = 1 << 16
_CHECKSUM = 4
"""Bytes of a block's checksum."""


class BlockWriter:
    """Writes a new file, and the CRC-32 of each of its blocks behind its content."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._checksums: list[int] = []
        self._current = 0
        self.written = 0

    def write(self, content: bytes | NDArray[Any]) -> None:
        """Append bytes, or an array as it lies in memory."""
        rest = memoryview(content if isinstance(content, bytes) else np.ascontiguousarray(content).view(np.uint8).data)
        self._file.write(rest)
        while rest:
            room = BLOCK - self.written % BLOCK
            part, rest = rest[:room], rest[room:]
            self._current = zlib.crc32(part, self._current)
            self.written += len(part)
            if self.written % BLOCK == 0:
                self._finish_block()

    def align(self, size: int) -> int:
        """Fill up with zeros to a multiple of `size`; returns the position."""
        self.write(bytes(-self.written % size))
        return self.written

    def _finish_block(self) -> None:
        self._checksums.append(self._current)
        self._current = 0

    def __enter__(self) -> BlockWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                if self.written % BLOCK:
                    self._finish_block()
                self._file.write(np.array(self._checksums, "<u4").tobytes())
        finally:
            self._file.close()


class Blocks:
    """A file of `BlockWriter`, mapped into memory; a block is compared with its checksum when it is first read.

    Raises `IndexDamagedError` for a file that is too short, and for a block that is not as it was written.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if not size:
                raise IndexDamagedError(f"{self._name} is empty")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        count = -(-size // (BLOCK + _CHECKSUM))
        self.length = max(0, size - _CHECKSUM * count)
        self._checksums = np.frombuffer(self._map, "<u4", count, self.length)
        self._sound = bytearray(count)

    def bytes(self, offset: int, length: int) -> bytes:
        """Return a part."""
        if offset < 0 or length < 0 or offset + length > self.length:
            raise IndexDamagedError(f"{self._name} is shorter than it says")
        self.check(offset, length)
        return self._map[offset : offset + length]

    def array(self, kind: DTypeLike, count: int, offset: int) -> NDArray[Any]:
        """Return `count` numbers of this kind that begin there; a view of the file."""
        found = self.unchecked(kind, count, offset)
        self.check(offset, found.nbytes)
        return found

    def unchecked(self, kind: DTypeLike, count: int, offset: int) -> NDArray[Any]:
        """The same without a look at the checksums, for large parts of which little is read; see `check`."""
        kinds = np.dtype(kind)
        if count < 0 or offset < 0 or offset + count * kinds.itemsize > self.length:
            raise IndexDamagedError(f"{self._name} is shorter than it says")
        return np.frombuffer(self._map, kinds, count, offset)

    def check(self, offset: int, length: int) -> None:
        """Compare the blocks of a part with their checksums, each once."""
        for block in range(offset // BLOCK, -(-(offset + length) // BLOCK)):
            if not self._sound[block]:
                part = self._map[block * BLOCK : min(self.length, (block + 1) * BLOCK)]
                if zlib.crc32(part) != self._checksums[block]:
                    raise IndexDamagedError(f"{self._name} does not hold the bytes that were written")
                self._sound[block] = 1

    def check_anew(self) -> None:
        """Compare all blocks, also those that were sound before."""
        self._sound = bytearray(len(self._sound))
        self.check(0, self.length)
