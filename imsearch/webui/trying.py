"""Tag pictures that are not in the library: models stay loaded for a while, one picture at a time.

Nothing is stored: uploads stay in memory, and are dropped with the response.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from imsearch.errors import PluginError
from imsearch.indexer.annotating import annotate_bytes, pick_device
from imsearch.webui.guard.memory import give_back
from imsearch.webui.problem import Problem

if TYPE_CHECKING:
    from imsearch.indexer.annotator_pool import Crew
    from imsearch.indexer.item import Item
    from imsearch.library import Library
    from imsearch.pictures.decoders import Decoding
    from imsearch.specs import AnnotatorSpec

log = logging.getLogger("imsearch.webui")


@dataclass(frozen=True, slots=True)
class Limits:
    """files: in one upload.  waiting: uploads at a time, including the current one.  seconds: timeout of a response.

    idle: seconds after which unused models are dropped; the libraries that run them stay loaded.
    """

    files: int = 16
    waiting: int = 4
    seconds: float = 60.0
    idle: float = 600.0


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded picture: its name as sent, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """An annotator on offer; `chosen` if used by default, `warm` while its model is in memory.

    error: why it cannot be used, as far as known; None if nothing is wrong.
    """

    spec: AnnotatorSpec
    chosen: bool
    warm: bool
    error: str | None


@dataclass(slots=True)
class _Job:
    """A job for the model thread; `given_up` when nobody waits for it any more."""

    uploads: Sequence[Upload]
    names: Sequence[str]
    done: Future[list[Item]] = field(default_factory=Future)
    given_up: bool = False


class Trying:
    """The annotators of a server.  Any thread may call; a thread of its own builds, runs and drops them."""

    def __init__(self, library: Library, decoding: Decoding, limits: Limits | None = None) -> None:
        self.library, self.limits, self._decoding = library, limits or Limits(), decoding
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._crew: Crew | None = None
        self._uploads = 0

    def choices(self) -> list[Choice]:
        """Return all annotators on offer, by name."""
        crew = self._crew
        offered = {spec.name: spec for spec in self.library.plugins.offered()}
        try:
            chosen = set(self.choose(()))
        except PluginError:  # the settings name one that is not installed
            chosen = set()
        broken = crew.broken if crew else {}
        ready = crew.ready if crew else {}
        return [Choice(spec, name in chosen, name in ready, broken.get(name)) for name, spec in sorted(offered.items())]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold a place in the queue while an upload is received and processed; raises a 503 when there are too many."""
        with self._lock:
            if self._uploads >= self.limits.waiting:
                raise Problem(
                    503, "Too many pictures are being tried at the same time. Try again.", {"Retry-After": "5"}
                )
            self._uploads += 1
        try:
            yield
        finally:
            with self._lock:
                self._uploads -= 1

    def annotate(self, uploads: Sequence[Upload], names: Sequence[str]) -> list[Item]:
        """Annotate pictures, in order; failures are in `Item.reason` and `failures`.

        names: of annotators, see `choose`.  Raises a 504 on timeout.
        """
        job = _Job(uploads, names)
        with self._lock:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="trying", daemon=True)
                self._thread.start()
        try:
            return job.done.result(self.limits.seconds)
        except TimeoutError:
            job.given_up = True
            raise Problem(
                504,
                f"This took more than {self.limits.seconds:,.0f} seconds. Models are loaded when they are first used, "
                "and that goes on: try again in a moment, or choose fewer annotators.",
                {"Retry-After": "10"},
            ) from None

    def choose(self, names: Sequence[str]) -> list[str]:
        """Return the names of the annotators to use: these, or those of the settings, or those that run by default.

        Raises PluginError when one is not installed.
        """
        return [spec.name for spec in self._specs(names)]

    def close(self) -> None:
        """Drop the models, waiting briefly for the one that is running."""
        with self._lock:
            thread = self._thread
            self._jobs.put(None)
        if thread is not None:
            thread.join(5)

    def _specs(self, names: Sequence[str]) -> tuple[AnnotatorSpec, ...]:
        return self.library.plugins.choose(names or self.library.settings.annotators)

    def _work(self) -> None:
        """Thread: run jobs one after another, until there is none for a while."""
        try:
            while job := self._next():
                self._do(job)
        finally:
            if self._crew is not None:
                self._crew.close()
            self._crew = None
            give_back(collect=True)

    def _next(self) -> _Job | None:
        try:
            return self._jobs.get(timeout=self.limits.idle)
        except Empty:
            pass
        with self._lock:  # a job may have arrived at this very moment
            if not self._jobs.empty():
                return self._jobs.get()
            self._thread = None
            return None

    def _make_crew(self) -> Crew:
        from imsearch.indexer.annotator_pool import Crew

        specs = {spec.name: spec for spec in self.library.plugins.offered()}
        return Crew(list(specs.values()), pick_device(self.library.settings.device), note=log.warning)

    def _do(self, job: _Job) -> None:
        items: list[Item] = []
        try:
            crew = self._crew = self._crew or self._make_crew()
            for upload in job.uploads:
                if job.given_up:
                    return
                items.append(annotate_bytes(crew, upload.data, Path(upload.name), job.names, self._decoding))
        except BaseException as error:  # noqa: BLE001 - told to who waits for it
            job.done.set_exception(error)
        else:
            job.done.set_result(items)
