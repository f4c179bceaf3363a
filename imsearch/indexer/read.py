"""Reading ahead: bytes, their hash, and decoding, on several threads at once and in order."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import BinaryIO, TypeVar

from imsearch.annotator import Annotator
from imsearch.engine.batch import FileSeen, ImageFacts
from imsearch.errors import PictureError
from imsearch.indexer.item import Item
from imsearch.pictures.metadata.gather import FACTS_VERSION, Gathered
from imsearch.pictures.phash import SIDE as HASHED
from imsearch.pictures.phash import perceptual_hash
from imsearch.pictures.picture import read_headers, read_picture
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
    if item.only_facts:
        return _read_facts(item)
    try:
        for _ in range(2):
            before, data, after = _read_once(item)
            if _identity(before) == _identity(after) and len(data) == after.st_size:
                item.file = FileSeen(item.path, after.st_size, after.st_mtime_ns, item.beside or 0)
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
    with _opened(item) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise PictureError("it is not a file but a folder, a pipe, a socket or a device")
        if before.st_size > MAX_BYTES:
            raise PictureError(f"it has {before.st_size:,} bytes; more than {MAX_BYTES:,} are refused")
        return before, file.read(), os.fstat(file.fileno())


def _read_facts(item: Item) -> Item:
    """Read the facts of a file whose bytes are known, from its headers alone.

    When that fails the picture stays as it is, and the next run tries again.
    """
    try:
        with _opened(item) as file:
            if _identity(os.fstat(file.fileno())) == (item.size, item.mtime_ns):
                _fill_facts(item, file)
                item.file = FileSeen(item.path, item.size, item.mtime_ns, item.beside or 0) if item.facts else None
    except OSError:
        pass
    return item


def _fill_facts(item: Item, file: BinaryIO) -> None:
    try:
        item.facts = facts_of(read_headers(item.path, file, beside=item.beside != 0))
    except Exception:  # noqa: BLE001 - it was read once; damaged files make parsers raise nearly anything
        item.facts = None


def _opened(item: Item) -> BinaryIO:
    # Non-blocking: a pipe that took the file's place since the scan would otherwise wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(item.path, flags), "rb")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def decode(item: Item, annotators: Mapping[str, tuple[Annotator, AnnotatorSpec]]) -> Item:
    """Decode an item's bytes once, at the smallest scale that serves all who want it, and let each prepare its share.

    `annotators` maps names to annotators and their specs, which say what they need.
    """
    if item.reason or not item.decode:
        if item.reread and item.data:
            _fill_facts(item, io.BytesIO(item.data))
        item.data = b""
        return item
    specs = [annotators[name][1] for name in item.wanted]
    least_side = max([HASHED, *(spec.input_size for spec in specs)])
    try:
        beside = item.beside != 0
        picture = read_picture(item.path, least_side, item.data, item.sha256, social_tags=True, beside=beside)
    except PictureError as error:
        return item.fail(str(error))
    item.data = b""
    facts = facts_of(picture.gathered, picture.width, picture.height, picture.format)
    item.facts = replace(facts, phash=perceptual_hash(picture.image))
    if not any(SOCIAL_TAGS in spec.inputs for spec in specs):
        picture.social_tags = ()
    for name in item.wanted:
        try:
            item.prepared[name] = annotators[name][0].prepare(picture)
        except Exception as error:  # noqa: BLE001 - a plugin's mistake is recorded and harms nobody else
            item.failures[name] = f"{type(error).__name__}: {error}"
    return item


def facts_of(said: Gathered, width: int = 0, height: int = 0, format: str = "") -> ImageFacts:
    """What the engine records; without the size where the catalog knows the picture."""
    kept = {name: value for name, value in said.metadata().items() if name in _KEPT}
    return ImageFacts(width, height, format, said.taken_at, kept, said.facts, said.texts, FACTS_VERSION)


_KEPT = ("camera", "gps", "taken_from", "exif_problem", "social_tags_problem")
"""What of a picture's metadata the catalog keeps beside its columns: what it always kept, and what went wrong."""
