"""Hashes of what files hold, by which kept arrays and runs know whether the pictures are still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from imsearch.errors import DatasetError

_CHUNK = 1 << 20
_THREADS = 4
"""Reading waits for the disk, and hashing releases Python's lock."""


def content_hashes(files: Sequence[Path]) -> list[str]:
    """The SHA-256 of each file's bytes, in hexadecimal.

    Bytes are always read: a size and a time of change tell nothing about a file that was edited with its time kept.
    Raises `DatasetError` that names a file which cannot be read.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_hash, files))


def short_hash(*parts: object) -> str:
    """16 hexadecimal digits for these parts, told apart from each other."""
    return hashlib.sha256("\0".join(map(repr, parts)).encode()).hexdigest()[:16]


def _hash(file: Path) -> str:
    found = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        raise DatasetError(
            f"{file} cannot be read ({error.strerror or error}). Make it readable, or take it out of the dataset."
        ) from error
    return found.hexdigest()
