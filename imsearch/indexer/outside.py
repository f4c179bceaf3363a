"""Annotate files that need not belong to any library."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

from imsearch.errors import PictureError, PluginError
from imsearch.indexer.annotator_pool import Crew
from imsearch.indexer.item import Item
from imsearch.indexer.options import default_workers
from imsearch.indexer.read import decode, read_bytes
from imsearch.pictures import decoders
from imsearch.pictures.decoders import InProcess
from imsearch.specs import AnnotatorSpec
from imsearch.system.doing import Doing

_Result = TypeVar("_Result")
_TURN = 0.2
"""Polling interval in seconds."""


def annotate_outside(
    paths: Sequence[Path],
    annotators: Sequence[AnnotatorSpec],
    *,
    device: str = "cpu",
    batch_size: int | None = None,
    workers: int | None = None,
    decode_seconds: float = decoders.SECONDS,
    note: Callable[[str], None] = lambda text: None,
    doing: Doing | None = None,
) -> Iterator[Item]:
    """Read and annotate files; yield an item for each in the order given, with failures in its `reason` and `failures`.

    Raises PluginError when none of the annotators can be built.
    """
    workers = workers or default_workers()
    decoding = decoders.Decoders(workers, seconds=decode_seconds)
    threading.Thread(target=decoding.warm_up, daemon=True).start()  # while the models are built
    crew = Crew(annotators, device, batch_size, note, doing)
    # Annotators run on other threads than the caller's, so that Ctrl-C neither waits for them nor is mistaken for
    # theirs.
    pool = ThreadPoolExecutor(workers)
    start, unfinished = 0, True
    try:
        names = _result(pool.submit(lambda: tuple(filter(crew.has, crew.names))))
        if not names:
            raise PluginError(
                ". ".join(f"The annotator {name} cannot be used: {why}" for name, why in crew.broken.items())
            )
        while share := paths[start : start + crew.batch_size]:
            start += len(share)
            items = [Item(path, 0, 0, decode=True, wanted=names) for path in share]
            look = crew.noted(lambda item: decode(read_bytes(item, decoding), crew.ready, decoding))
            batch = [_result(each) for each in [pool.submit(look, item) for item in items]]
            _result(pool.submit(crew.annotate, batch))
            yield from batch
        unfinished = False
    finally:
        pool.shutdown(wait=not unfinished, cancel_futures=True)  # a thread may hang after Ctrl-C
        crew.close()
        decoding.close()


def _result(future: Future[_Result]) -> _Result:
    """Wait for the result of work on another thread, in short intervals.

    A Ctrl-C that arrives just before the main thread blocks on a lock is only handled when that wait ends.
    """
    while not wait([future], timeout=_TURN).done:
        pass
    return future.result()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.  Raises PictureError when they cannot be read."""
    item = read_bytes(Item(path, 0, 0), InProcess())  # it is not decoded
    if item.reason:
        raise PictureError(f"{path}: {item.reason}")
    return item.sha256
