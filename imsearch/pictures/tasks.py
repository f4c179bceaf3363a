"""Tasks for decoder processes: plain functions of plain values, pickled by name."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from imsearch.errors import PictureError
from imsearch.pictures.budget import IN_PROCESS, Holding
from imsearch.pictures.metadata.gather import Gathered
from imsearch.pictures.phash import perceptual_hash
from imsearch.pictures.picture import Picture, read_headers, read_open_picture, read_picture

LARGE_FILE = 32 << 20
"""Bytes; larger files are read in the decoder process, so that they are not in memory twice."""


def read_and_hash(
    path: Path, least_side: int, data: bytes, sha256: str, *, beside: bool, budget: Holding = IN_PROCESS
) -> tuple[Picture, int]:
    """Return a picture with all its metadata, and its perceptual hash.  Raises PictureError."""
    picture = read_picture(path, least_side, data, sha256, social_tags=True, beside=beside, budget=budget)
    return picture, perceptual_hash(picture.image)


def read_and_hash_there(
    path: Path,
    least_side: int,
    state: tuple[int, int],
    sha256: str,
    *,
    beside: bool,
    budget: Holding = IN_PROCESS,
) -> tuple[Picture, int]:
    """`read_and_hash` for a file too large to be sent as bytes, hashed by the caller just before.

    state: its size, and its change time in nanoseconds.  Damaged files are refused.  Raises PictureError.
    """
    try:
        with _opened(path) as file:
            if _state(file) != state:
                raise PictureError("it changes while it is being read; index it again later")
            picture = read_open_picture(path, file, least_side, sha256, beside=beside, budget=budget)
            if _state(file) != state:
                raise PictureError("it changes while it is being read; index it again later")
    except OSError as error:
        raise PictureError(f"it cannot be opened: {error.strerror or error}") from error
    return picture, perceptual_hash(picture.image)


def read_headers_of(path: Path, data: bytes, *, beside: bool, budget: Holding = IN_PROCESS) -> Gathered:
    """Return the metadata of the picture in `data`, without decoding it.  Raises PictureError."""
    return read_headers(path, io.BytesIO(data), beside=beside)


def read_headers_there(
    path: Path, size: int, mtime_ns: int, *, beside: bool, budget: Holding = IN_PROCESS
) -> Gathered | None:
    """Return the metadata of the picture in a file, from its headers alone; None when the file has changed.

    Raises OSError and PictureError.
    """
    with _opened(path) as file:
        return read_headers(path, file, beside=beside) if _state(file) == (size, mtime_ns) else None


def _opened(path: Path) -> BinaryIO:
    # Non-blocking: if a pipe has replaced the file, opening it would wait for a writer forever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _state(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
