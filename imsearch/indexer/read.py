"""Read ahead on several threads, in order: bytes, their hash, and decoding."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from io import BufferedReader
from typing import TypeVar

from imsearch.annotator import Annotator
from imsearch.engine.stores.batch import FileSeen, ImageFacts, ctime_of
from imsearch.errors import PictureError
from imsearch.indexer.found import LOST
from imsearch.indexer.item import Item
from imsearch.pictures.decoders import DecoderDiedError, Decoding
from imsearch.pictures.metadata.gather import FACTS_VERSION, Gathered
from imsearch.pictures.phash import SIDE as HASHED
from imsearch.pictures.picture import Picture
from imsearch.pictures.tasks import (
    LARGE_FILE,
    read_and_hash,
    read_and_hash_there,
    read_headers_of,
    read_headers_there,
)
from imsearch.records import SOCIAL_TAGS
from imsearch.specs import AnnotatorSpec
from imsearch.system.foreign import foreign, is_ctrl_c, reason

MAX_BYTES = 1 << 30
"""Larger files are refused; pictures of that size are scans whose pixels would not fit in memory either."""

WINDOW_BYTES = 128 << 20
"""Maximum bytes of files queued between two stages, not counting the one file always let through."""

UNOPENED = "it cannot be opened: "
"""Beginning of the reason for a file that cannot be opened."""

log = logging.getLogger("imsearch.indexer")

T = TypeVar("T")
R = TypeVar("R")


def ordered(
    pool: Executor,
    function: Callable[[T], R],
    items: Iterable[T],
    window: Callable[[], int],
    size: Callable[[T], int],
) -> Iterator[R]:
    """Map a function over items on a pool, in order, with a bound on the number and bytes of the items in flight."""
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


def read_bytes(item: Item, decoding: Decoding) -> Item:
    """Read and hash a file; a file that changes meanwhile is read once more before giving up."""
    if item.reason:
        return item
    with item.timed("read"):
        return _read_facts(item, decoding) if item.only_facts else _read_all(item)


def _read_all(item: Item) -> Item:
    try:
        for attempt in range(2):
            before, data, sha256, after = _read_once(item)
            same = _identity(before) == _identity(after) and len(data) in (0, after.st_size)
            # A different ctime alone does not count: on systems where ctimes change by themselves that would refuse
            # every file.
            if same and (ctime_of(before) == ctime_of(after) or attempt):
                item.file = _seen(item, before)
                item.size, item.data, item.sha256 = after.st_size, data, sha256
                return item
        return item.fail("it changes while it is being read; index it again later")
    except PictureError as error:
        return item.fail(str(error))
    except OSError as error:
        item.is_away = error.errno in LOST and item.known is not None and item.known.image_id is not None
        return item.fail(f"{UNOPENED}{error.strerror or error}")
    except MemoryError:
        return item.fail("there is not enough memory to read it")


def _read_once(item: Item) -> tuple[os.stat_result, bytes, str, os.stat_result]:
    """Return a file's stat before reading, its bytes (none if too large), their hash, and its stat after reading."""
    with _opened(item) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise PictureError("it is not a file but a folder, a pipe, a socket or a device")
        if before.st_size > MAX_BYTES:
            raise PictureError(f"it has {before.st_size:,} bytes; more than {MAX_BYTES:,} are refused")
        if before.st_size > LARGE_FILE:
            return before, b"", hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno())
        data = file.read()
        return before, data, hashlib.sha256(data).hexdigest(), os.fstat(file.fileno())


def _read_facts(item: Item, decoding: Decoding) -> Item:
    """Read the facts of a file whose bytes are known, from its headers alone.

    When that fails the picture stays as it is, and the next run tries again.
    """
    try:
        status = item.path.stat()
        if _identity(status) != (item.size, item.mtime_ns) or item.ctime_ns not in (0, ctime_of(status)):
            return item
        found = decoding.call(read_headers_there, item.path, item.size, item.mtime_ns, beside=item.beside != 0)
    except Exception as error:  # noqa: BLE001 - it was read once; damaged files make parsers raise almost any exception
        log.debug("The headers of %s cannot be read: %s", item.path, error)
        return item
    if found is not None:
        item.facts, item.file = facts_of(found), _seen(item, status)
    return item


def _opened(item: Item) -> BufferedReader:
    # Non-blocking: if a pipe has replaced the file since the scan, opening it would wait for a writer forever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(item.path, flags), "rb")


def _seen(item: Item, status: os.stat_result) -> FileSeen:
    return FileSeen(item.path, status.st_size, status.st_mtime_ns, item.beside or 0, ctime_of(status))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def decode(item: Item, annotators: Mapping[str, tuple[Annotator, AnnotatorSpec]], decoding: Decoding) -> Item:
    """Decode an item's bytes once, at the smallest scale that serves all annotators, and let each prepare its input.

    `annotators` maps names to annotators and their specs, which hold their requirements.
    """
    if item.reason or not item.decode:
        if item.reread and item.sha256:
            with item.timed("read"):
                _reread(item, decoding)
        item.data = b""
        return item
    specs = [annotators[name][1] for name in item.wanted]
    least_side = max([HASHED, *(spec.input_size for spec in specs)])
    try:
        with item.timed("decode"):
            picture, phash = _decoded(item, least_side, decoding)
    except PictureError as error:
        return item.fail(str(error), lasts=isinstance(error, DecoderDiedError) and error.again)
    item.data = b""
    facts = facts_of(picture.gathered, picture.width, picture.height, picture.format)
    item.facts = replace(facts, phash=phash)
    if not any(SOCIAL_TAGS in spec.inputs for spec in specs):
        picture.social_tags = ()
    for name in item.wanted:
        try:
            with foreign(), item.timed("prepare", name):
                item.prepared[name] = annotators[name][0].prepare(picture)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            item.failures[name] = reason(error)  # a plugin's error is recorded and affects nothing else
    return item


def _decoded(item: Item, least_side: int, decoding: Decoding) -> tuple[Picture, int]:
    beside = item.beside != 0
    if item.data or item.file is None or not item.size:
        return decoding.call(read_and_hash, item.path, least_side, item.data, item.sha256, beside=beside)
    state = item.file.size, item.file.mtime_ns
    return decoding.call(read_and_hash_there, item.path, least_side, state, item.sha256, beside=beside)


def _reread(item: Item, decoding: Decoding) -> None:
    """Read the facts of bytes that were just read; when that fails, they stay as they are."""
    beside = item.beside != 0
    try:
        if item.data or item.file is None:
            item.facts = facts_of(decoding.call(read_headers_of, item.path, item.data, beside=beside))
        else:
            size, mtime_ns = item.file.size, item.file.mtime_ns
            found = decoding.call(read_headers_there, item.path, size, mtime_ns, beside=beside)
            item.facts = facts_of(found) if found is not None else None
    except Exception as error:  # noqa: BLE001 - it was read once; damaged files make parsers raise almost any exception
        log.debug("The headers of %s cannot be read: %s", item.path, error)


def facts_of(said: Gathered, width: int = 0, height: int = 0, format: str = "") -> ImageFacts:
    """Convert metadata to the engine's record; without the size if the catalog has it."""
    kept = {name: value for name, value in said.metadata().items() if name in _KEPT}
    return ImageFacts(width, height, format, said.taken_at, kept, said.facts, said.texts, FACTS_VERSION)


_KEPT = ("camera", "gps", "taken_from", "exif_problem", "social_tags_problem", "pixels_problem")
"""Metadata keys stored in the catalog besides its columns: those it always stored, and problems."""
