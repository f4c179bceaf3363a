"""The threads of a run and the queues between them.

Five kinds of threads work at the same time.  A pool reads, hashes and decodes; one thread drives it and gathers
batches; one runs the models, so that the next batch is ready when a forward pass ends; one makes annotations of what
they computed, so that a device goes on meanwhile; one writes, so that no other waits for a commit.  The calling thread
only waits, so that Ctrl-C never lands in the middle of a commit.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from imsearch.engine.stores.batch import KnownFile
from imsearch.indexer.annotator_pool import Begun, Crew
from imsearch.indexer.found import FoundFile
from imsearch.indexer.in_hand import InHand
from imsearch.indexer.interrupt import ctrl_c_sets, wait_for
from imsearch.indexer.item import Item, Outcome
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.plan import Plan, same_bytes
from imsearch.indexer.profile import DECODE, Profile
from imsearch.indexer.read import decode, ordered, read_bytes
from imsearch.indexer.report import Observer, Tally
from imsearch.indexer.resolve import CHUNK, Resolver
from imsearch.indexer.timing import Timing
from imsearch.pictures.decoders import Decoding
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine

BATCHES_READY = 1
"""Maximum number of decoded batches waiting for the models, besides the current one."""

BATCHES_BEGUN = 1
"""Maximum number of batches that the models are done with and that wait to be finished, besides the current one."""

BATCHES_WAITING = 4
"""Maximum number of annotated batches waiting for the writer."""

ITEMS_IN_A_BATCH = 256
"""Files that need no model do not fill a batch, but this many are passed on at once."""

Message = list[Item] | str
"""Input of the writer: annotated files, or a note for the user."""


class Run:
    """One run over the files of a plan.  source: the line of work that makes pictures ready."""

    source: ClassVar[str] = DECODE

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        annotators: Sequence[AnnotatorSpec],
        options: IndexOptions,
        workers: int,
        observer: Observer,
        decoding: Decoding,
        in_hand: InHand,
        started: float,
    ) -> None:
        """started: when the run began to look for pictures, by `time.perf_counter`."""
        self.tally = Tally(plan.unchanged)
        self._timing = Timing(workers, options.device, started, self.source)
        self._ready: queue.Queue[list[Item] | None] = queue.Queue(BATCHES_READY)
        self._begun: queue.Queue[tuple[list[Item], list[Begun]] | None] = queue.Queue(BATCHES_BEGUN)
        self._waiting: queue.Queue[Message | None] = queue.Queue(BATCHES_WAITING)
        self.crew = Crew(annotators, options.device, options.batch_size, self._waiting.put)
        self._engine, self._plan, self._workers, self._observer = engine, plan, workers, observer
        self._decoding, self._in_hand = decoding, in_hand
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._skipped = 0
        self._reread: set[int] = set()

    def to_the_end(self) -> None:
        """Run until everything is done, a stage fails, or Ctrl-C; annotated files are stored in every case.

        Raises KeyboardInterrupt after Ctrl-C, LeftAtOnce after the second one.
        """
        stages = (self._read, self._begin, self._finish, self._write)
        # Daemon threads do not block exit: after the second Ctrl-C one of them may hang.
        threads = [threading.Thread(target=stage, name=stage.__name__, daemon=True) for stage in stages]
        with ctrl_c_sets(self._stop) as pressed:
            try:
                for thread in threads:
                    thread.start()
                wait_for(threads, pressed, self._observer.note, self.crew.doing)
            finally:  # should a handler of the host raise, the current batch is finished all the same
                self._stop.set()
                for thread in threads if not pressed.at_once else ():
                    thread.join()
        self.tally.outcomes[Outcome.UNCHANGED] += self._skipped
        if self._errors:
            raise self._errors[0]
        if pressed.is_set():
            raise KeyboardInterrupt

    def profile(self) -> Profile:
        """Return where the time went so far."""
        return self._timing.profile(self.crew.seconds_building, self.crew.seconds_waiting)

    def _read(self) -> None:
        """Thread: read ahead and pass batches to the models."""
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="read")
        try:
            items = self._decoded(pool)
            while not self._stop.is_set():
                with self._timing.making_ready():
                    batch = self._batch(items)
                if not batch:
                    break
                self._ready.put(batch)
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            self._fail(error)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self._ready.put(None)

    def _begin(self) -> None:
        """Thread: run the models on incoming batches; once the run is to stop, discard them."""
        while (batch := self._ready.get()) is not None:
            try:
                if not self._stop.is_set():
                    with self._timing.busy("model"):
                        begun = self.crew.begin(batch)
                    self._begun.put((batch, begun))
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                self._fail(error)
        self._begun.put(None)

    def _finish(self) -> None:
        """Thread: make annotations of what the models computed, also once the run is to stop."""
        while (arrival := self._begun.get()) is not None:
            batch, begun = arrival
            try:
                with self._timing.busy("post"):
                    self.crew.finish(batch, begun)
                self._waiting.put(batch)
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                self._fail(error)
        self.crew.close()
        self._waiting.put(None)

    def _decoded(self, pool: ThreadPoolExecutor) -> Iterator[Item]:
        resolver = Resolver(self._plan, self._engine.catalog, self.crew)
        # Enough for what the next stage takes at once, and some more to keep each worker busy meanwhile.
        window = lambda: CHUNK + 2 * self._workers  # noqa: E731
        read_one = self.crew.noted(partial(read_bytes, decoding=self._decoding))
        read = ordered(pool, read_one, self._items(), window, lambda item: item.size)
        decoded = ordered(
            pool,
            self.crew.noted(self._decode),
            resolver.resolve(read),
            lambda: 2 * (self.crew.batch_size + self._workers),
            lambda item: len(item.data),
        )
        return resolver.settle(decoded)

    def _decode(self, item: Item) -> Item:
        if item.decode and not item.reason:
            self._in_hand.take(item.path)
        return decode(item, self.crew.ready, self._decoding)

    def _items(self) -> Iterator[Item]:
        for found, known in self._plan.work:
            item = Item(Path(found.path), found.size, found.mtime_ns, known, found.beside, found.ctime_ns)
            if found.reason:
                yield item.fail(found.reason)
            elif known is None or known.image_id is None or self._needs_all(found, known, known.image_id):
                yield item
            elif found.beside != known.beside or self._is_outdated(known.image_id, found.beside):
                item.only_facts = True
                yield item
            else:
                self._skipped += 1  # its annotators cannot be built, or a copy of it was read

    def _needs_all(self, found: FoundFile, known: KnownFile, image: int) -> bool:
        """Return True if a known file may hold other bytes, or an annotator has not seen it."""
        if not same_bytes(found, known):
            return True
        described = found.beside != known.beside and any(map(self.crew.reads_social_tags, self.crew.names))
        return described or any(map(self.crew.has, self._plan.lacking.get(image, ())))

    def _is_outdated(self, image: int, beside: int) -> bool:
        """Return True if the facts of an image should be read: once for all copies, and for each copy with sidecars."""
        if image not in self._plan.outdated or (image in self._reread and not beside):
            return False
        self._reread.add(image)
        return True

    def _batch(self, items: Iterator[Item]) -> list[Item]:
        batch: list[Item] = []
        pictures = 0
        for item in islice(items, ITEMS_IN_A_BATCH):
            batch.append(item)
            pictures += bool(item.prepared or item.annotations)
            if pictures >= self.crew.batch_size or self._stop.is_set():
                break
        return batch

    def _write(self) -> None:
        """Thread: store incoming items until there are no more; after an error, discard them."""
        for failure in self._plan.left_alone:
            self.tally.leave_alone(failure)
            self._observer.failed(failure)
        for messages in self._arrivals():
            try:
                if not self._errors:
                    with self._timing.busy("write"), self.crew.doing.at("pictures are being written to the library"):
                        self._store([item for message in messages if not isinstance(message, str) for item in message])
                for note in messages:
                    if isinstance(note, str):
                        self._observer.note(note)
            except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
                self._fail(error)
        try:
            with self._timing.busy("write"), self.crew.doing.at("the index is being brought up to date"):
                if not self._errors and not self._stop.is_set():
                    self.tally.removed = max(0, self._engine.forget(self._plan.gone) - self._plan.moved)
                self._engine.catch_up()
            self._observer.profiled(self.profile())
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            self._fail(error)

    def _arrivals(self) -> Iterator[list[Message]]:
        """Yield everything queued at once: a writer that falls behind stores several batches in one transaction."""
        while True:
            messages = [self._waiting.get()]
            while len(messages) <= BATCHES_WAITING and not self._waiting.empty():
                messages.append(self._waiting.get())
            yield [message for message in messages if message is not None]
            if None in messages:
                return

    def _store(self, items: Sequence[Item]) -> None:
        if not items:
            return
        failed = [failure for item in items for failure in item.all_failures()]
        readings = [item.reading() for item in items if item.file and not item.reason]
        unreadable = [failure for item in items if item.reason and not item.is_away for failure in item.all_failures()]
        self._engine.record(readings, unreadable)
        self._in_hand.let_go(item.path for item in items)
        for item in items:
            self.tally.add(item)
        self._timing.add(items)
        self._observer.profiled(self.profile())
        for failure in failed:
            self._observer.failed(failure)
        self._observer.indexed([item.path for item in items if item.annotations])
        self._observer.done(len(items), sum(item.size for item in items))

    def _fail(self, error: BaseException) -> None:
        self._errors.append(error)
        self._stop.set()
