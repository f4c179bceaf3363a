"""Shared by derived indexes: they know the state of the catalog they reflect, and they can break."""

from __future__ import annotations

import json
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

State: TypeAlias = tuple[str, int]
"""The library's own id and a generation of its catalog."""


_CHECK = "check"
"""The key in a state file for the checksum of the rest of it."""
_BLOCK = 1 << 22


class IndexDamagedError(Exception):
    """The files of a derived index cannot be read; the engine makes them anew from the catalog."""


def checksum(path: Path) -> int:
    """The CRC-32 of a file's bytes: it is to find what a disk garbled, not what somebody forged."""
    found = 0
    buffer = bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            found = zlib.crc32(memoryview(buffer)[:size], found)
    return found


def read_state(path: Path) -> dict[str, Any] | None:
    """The content of a state file; None when it is missing, damaged, or of a version before there were checksums."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.pop(_CHECK, None) != _check(data):
        return None
    return data


def _check(data: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(data, sort_keys=True).encode())


def intact_state(state_path: Path, path: Path) -> State | None:
    """The state noted for an index file, if that file holds the bytes that were written; None otherwise."""
    data = read_state(state_path)
    try:
        return saved_state(data) if data is not None and checksum(path) == data.get("crc32") else None
    except OSError:
        return None


def saved_state(data: dict[str, Any] | None) -> State | None:
    """The catalog state noted in a state file's content."""
    try:
        return None if data is None else (str(data["library"]), int(data["generation"]))
    except (KeyError, TypeError, ValueError):
        return None


def write_state(path: Path, data: dict[str, Any]) -> None:
    """Replace a state file in one step, so that a crash leaves the old one or the new one."""
    new = path.with_name(path.name + ".new")
    try:
        with new.open("w", encoding="utf-8") as file:
            json.dump({**data, _CHECK: _check(data)}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
