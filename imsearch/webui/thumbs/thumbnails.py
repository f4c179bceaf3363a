"""Thumbnails: made once per size, stored in the library's folder, served from memory."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, ParamSpec, Protocol, TypeVar

from imsearch.engine.stores.home import THUMBNAILS
from imsearch.errors import PictureError
from imsearch.webui.thumbs import shrinking
from imsearch.webui.thumbs.copies import Copies, NoCopyError
from imsearch.webui.thumbs.known import Known
from imsearch.webui.thumbs.placeholder import placeholder
from imsearch.webui.thumbs.thumbnail_cache import Recent, ThumbnailCache
from imsearch.webui.thumbs.workers import Workers

if TYPE_CHECKING:
    from imsearch.engine.stores.batch import KnownImage
    from imsearch.library import Library
    from imsearch.pictures.decoders import Decoding

P = ParamSpec("P")
R = TypeVar("R")
Size = Literal["small", "medium", "large"]

BOXES: dict[Size, tuple[int, int]] = {"small": (1024, 256), "medium": (2048, 512), "large": (1920, 1920)}
"""The box, width and height in pixels, that each size fits into."""
_LATER: dict[Size, float] = {"small": 0.0, "medium": 0.05, "large": 0.2}
"""Seconds of handicap in the queue: many small ones are needed at once, and each is made quickly."""
_SOURCES: dict[Size, tuple[Size, ...]] = {"small": ("medium", "large"), "medium": (), "large": ()}
"""Thumbnails from which another size can be made.  (A panorama's large one is less high than its medium one.)"""

HEALS_AFTER = 10.0
"""Seconds after which a failed thumbnail is tried again."""
_READERS = 8
"""Threads for waiting on the catalog and on disks."""

log = logging.getLogger("imsearch.webui")


class HasBytes(Protocol):
    """An image of the catalog: `imsearch.records.Image` and others."""

    @property
    def id(self) -> int: ...
    @property
    def sha256(self) -> str: ...


def thumbnail_address(image: HasBytes, size: Size = "small") -> str:
    """Return the address of a thumbnail; browsers may cache the response forever."""
    return f"/api/images/{image.id}/thumbnail?size={size}&v={image.sha256[:12]}"


def original_address(image: HasBytes, *, download: bool = False) -> str:
    """Return the address of a picture's original file; browsers may cache the response forever."""
    return f"/api/images/{image.id}/original?v={image.sha256[:12]}" + ("&download=1" if download else "")


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The bytes of a thumbnail, and its image; `problem` is the reason why it is a placeholder, or empty."""

    image: KnownImage
    content: bytes
    problem: str = ""


class Thumbnails:
    """The thumbnails of one library.  Needs no closing."""

    def __init__(self, library: Library, decoding: Decoding, *, workers: int | None = None) -> None:
        self._decoding = decoding
        count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
        self.known = Known(library.facts)
        self.copies = Copies()
        self._cache = ThumbnailCache(library.scratch / THUMBNAILS, library.settings.thumbnail_cache * 10**6)
        self._recent = Recent()
        self._failed: dict[str, tuple[str, float]] = {}
        self._readers = ThreadPoolExecutor(_READERS, "imsearch-thumbnail-reader")
        self._makers: Workers[Thumbnail] = Workers(workers or count() or 1, "imsearch-thumbnail-maker")

    def at_hand(self, image: int, size: Size) -> Thumbnail | None:
        """Return a thumbnail available at once, touching neither disk nor catalog."""
        known = self.known.at_hand(image)
        content = self._recent.get(_name(known, size)) if known else None
        return Thumbnail(known, content) if known and content else None

    async def get(self, image: int, size: Size) -> Thumbnail | None:
        """Return a thumbnail, made on demand; None when there is no such image.  Raises what the catalog raises."""
        if at_hand := self.at_hand(image, size):
            return at_hand
        found = await self.read(self._find, image, size)
        if isinstance(found, Future):
            # Shielded: a client that disconnects must not cancel work that others wait for.
            return await asyncio.shield(asyncio.wrap_future(found))
        return found

    async def read(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run blocking disk work off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: work(*args, **kwargs))

    def _find(self, image: int, size: Size) -> Thumbnail | Future[Thumbnail] | None:
        known = self.known.get(image)
        if known is None:
            return None
        name = _name(known, size)
        if content := self._recent.get(name) or self._cache.read(name):
            self._recent.put(name, content)
            return Thumbnail(known, content)
        problem, until = self._failed.get(name, ("", 0.0))
        if problem and time.monotonic() < until:
            return _without(known, size, problem)
        return self._start(image, known, size)

    def _start(self, image: int, known: KnownImage, size: Size) -> Future[Thumbnail]:
        """Start making a thumbnail; if a larger one is in progress, from that one afterwards."""

        def make() -> Thumbnail:
            return self._make(image, known, size)

        for larger in _SOURCES[size]:
            if flight := self._makers.flight(_name(known, larger)):
                return _after(flight, lambda: self._makers.submit(_name(known, size), make))
        return self._makers.submit(_name(known, size), make, later=_LATER[size])

    def _make(self, image: int, known: KnownImage, size: Size) -> Thumbnail:
        name = _name(known, size)
        # It may have been made between lookup and request.
        content = self._recent.get(name)
        if content is not None:
            return Thumbnail(known, content)
        content = self._from_larger(known, size)
        if content is None:
            try:
                content = self._from_file(image, known, size)
            except (NoCopyError, PictureError) as error:
                problem = error.reason if isinstance(error, NoCopyError) else "damaged"
                log.debug("There is no thumbnail of image %d: %s", image, error)
                self._fail(name, problem)
                return _without(known, size, problem)
        self._failed.pop(name, None)
        self._recent.put(name, content)
        self._cache.write(name, content)
        return Thumbnail(known, content)

    def _from_larger(self, known: KnownImage, size: Size) -> bytes | None:
        wanted = shrinking.fitted(known.width, known.height, BOXES[size])
        for larger in _SOURCES[size]:
            width, height = shrinking.fitted(known.width, known.height, BOXES[larger])
            if width < wanted[0] or height < wanted[1]:
                continue
            content = self._recent.get(_name(known, larger)) or self._cache.read(_name(known, larger))
            if content is not None:
                try:
                    return self._decoding.call(shrinking.shrink, content, BOXES[size])
                except PictureError as error:
                    log.warning("A thumbnail on disk is damaged, and made again: %s", error)
        return None

    def _from_file(self, image: int, known: KnownImage, size: Size) -> bytes:
        try:
            file, _ = self.copies.open(known)
        except NoCopyError:
            moved = self.known.get(image, anew=True)
            if moved is None or moved == known or moved.sha256 != known.sha256:
                raise
            file, _ = self.copies.open(moved)
        with file:
            data = file.read()
        return self._decoding.call(shrinking.shrink, data, BOXES[size])

    def _fail(self, name: str, problem: str) -> None:
        now = time.monotonic()
        if len(self._failed) > 10_000:
            self._failed = {key: each for key, each in self._failed.items() if each[1] > now}
        self._failed[name] = problem, now + HEALS_AFTER


def _name(image: KnownImage, size: Size) -> str:
    return f"{image.sha256}-{size}.jpg"


def _without(known: KnownImage, size: Size, problem: str) -> Thumbnail:
    width, height = shrinking.fitted(known.width, known.height, BOXES[size])
    return Thumbnail(known, placeholder(width, height, problem), problem)


def _after(first: Future[Thumbnail], then: Callable[[], Future[Thumbnail]]) -> Future[Thumbnail]:
    """Return a future for work that starts when `first` has ended."""
    outer: Future[Thumbnail] = Future()

    def end(inner: Future[Thumbnail]) -> None:
        if error := inner.exception():
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())

    first.add_done_callback(lambda _: then().add_done_callback(end))
    return outer
