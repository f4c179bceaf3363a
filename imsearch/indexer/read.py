"""Reading ahead: bytes, their hash, and decoding, on several threads at once and in order."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime
from typing import TypeVar

from imsearch.annotator import Annotator
from imsearch.engine.batch import FileSeen, ImageFacts
from imsearch.errors import PictureError
from imsearch.indexer.item import Item
from imsearch.phash import SIDE as HASHED
from imsearch.phash import perceptual_hash
from imsearch.picture import Picture, read_picture
from imsearch.records import SOCIAL_TAGS, AnnotatorSpec

MAX_BYTES = 1 << 30
"""Larger files are refused; pictures of that size are scans that would not fit in memory decoded either."""

WINDOW_BYTES = 128 << 20
"""How many bytes of files may wait between two stages, beside the one that is always let through."""

T = TypeVar("T")
R = TypeVar("R")


def ordered(
    pool: Executor,
    function: Callable[[T], R],
    items: Iterable[T],
    window: Callable[[], int],
    size: Callable[[T], int],
) -> Iterator[R]:
    """`map` on a pool, in order, with a bounded number of items (and of their bytes) on the way."""
    pending: deque[tuple[Future[R], int]] = deque()
    waiting = 0
    try:
        for item in items:
            pending.append((pool.submit(function, item), size(item)))
            waiting += pending[-1][1]
            while len(pending) >= window() or (waiting > WINDOW_BYTES and len(pending) > 1):
                future, weight = pending.popleft()
                waiting -= weight
                yield future.result()
        while pending:
            yield pending.popleft()[0].result()
    finally:
        for future, _ in pending:
            future.cancel()


def read_bytes(item: Item) -> Item:
    """Read and hash a file; a file that changes meanwhile is read once more before it is given up."""
    if item.reason:
        return item
    try:
        for _ in range(2):
            before, data, after = _read_once(item)
            if _identity(before) == _identity(after) and len(data) == after.st_size:
                item.file = FileSeen(item.path, after.st_size, after.st_mtime_ns)
                item.size, item.data, item.sha256 = len(data), data, hashlib.sha256(data).hexdigest()
                return item
        return item.fail("it changes while it is being read; index it again later")
    except PictureError as error:
        return item.fail(str(error))
    except OSError as error:
        return item.fail(f"it cannot be opened: {error.strerror or error}")
    except MemoryError:
        return item.fail("there is not enough memory to read it")


def _read_once(item: Item) -> tuple[os.stat_result, bytes, os.stat_result]:
    # Non-blocking: a pipe that took the file's place since the scan would otherwise wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(item.path, flags)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise PictureError("it is not a file but a folder, a pipe, a socket or a device")
        if before.st_size > MAX_BYTES:
            raise PictureError(f"it has {before.st_size:,} bytes; more than {MAX_BYTES:,} are refused")
        return before, file.read(), os.fstat(descriptor)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def decode(item: Item, annotators: Mapping[str, tuple[Annotator, AnnotatorSpec]]) -> Item:
    """Decode an item's bytes once, at the smallest scale that serves all who want it, and let each prepare its share.

    `annotators` maps names to annotators and their specs, which say what they need.
    """
    if item.reason or not item.decode:
        item.data = b""
        return item
    specs = [annotators[name][1] for name in item.wanted]
    least_side = max([HASHED, *(spec.input_size for spec in specs)])
    social_tags = any(SOCIAL_TAGS in spec.inputs for spec in specs)
    try:
        picture = read_picture(item.path, least_side, item.data, item.sha256, social_tags=social_tags)
    except PictureError as error:
        return item.fail(str(error))
    item.data = b""
    item.facts = _facts(picture)
    for name in item.wanted:
        try:
            item.prepared[name] = annotators[name][0].prepare(picture)
        except Exception as error:  # noqa: BLE001 - a plugin's mistake is recorded and harms nobody else
            item.failures[name] = f"{type(error).__name__}: {error}"
    return item


def _facts(picture: Picture) -> ImageFacts:
    metadata = dict(picture.metadata)
    taken_at = metadata.pop("taken_at", None)
    return ImageFacts(
        picture.width,
        picture.height,
        picture.format,
        datetime.fromisoformat(taken_at) if taken_at else None,
        metadata,
        phash=perceptual_hash(picture.image),
    )
