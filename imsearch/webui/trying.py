"""Tagging pictures that are not in the library: models that stay warm for a while, one picture at a time.

Nothing is kept: what is sent stays in memory, and is gone with the answer.
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
    """files: in one upload.  waiting: uploads at a time, the one under way too.  seconds: for an answer.

    idle: seconds after which models that nobody uses are dropped; the libraries that run them stay loaded.
    """

    files: int = 16
    waiting: int = 4
    seconds: float = 60.0
    idle: float = 600.0


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was sent: what its sender calls it, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """An annotator that can be chosen; `chosen` when none is named, `warm` while its model is in memory.

    error: why it cannot be used, as far as that is known; None when nothing is wrong.
    """

    spec: AnnotatorSpec
    chosen: bool
    warm: bool
    error: str | None


@dataclass(slots=True)
class _Job:
    """What the thread of the models is to do; `given_up` when nobody waits for it any more."""

    uploads: Sequence[Upload]
    names: Sequence[str]
    done: Future[list[Item]] = field(default_factory=Future)
    given_up: bool = False


class Trying:
    """The annotators of a server.  Any thread may ask; a thread of its own builds them, runs them and drops them."""

    def __init__(self, library: Library, decoding: Decoding, limits: Limits | None = None) -> None:
        self.library, self.limits, self._decoding = library, limits or Limits(), decoding
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._crew: Crew | None = None
        self._uploads = 0

    def choices(self) -> list[Choice]:
        """All annotators that are offered, by name."""
        crew = self._crew
        offered = {spec.name: spec for spec in self.library.plugins.offered()}
        try:
            chosen = set(self.choose(()))
        except PluginError:  # names in the settings of what is not installed
            chosen = set()
        broken = crew.broken if crew else {}
        ready = crew.ready if crew else {}
        return [Choice(spec, name in chosen, name in ready, broken.get(name)) for name, spec in sorted(offered.items())]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Held while an upload comes in and is worked on; raises a 503 when too many are under way."""
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
        """What annotators say of pictures, in their order; `Item.reason` and `failures` tell what failed.

        names: of annotators, see `choose`.  Raises a 504 when it takes too long.
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
        """The names of the annotators to use: these, or those of the settings, or those that run by default.

        Raises PluginError when one is not installed.
        """
        return [spec.name for spec in self._specs(names)]

    def close(self) -> None:
        """Let the models go; waits a moment for the one at work."""
        with self._lock:
            thread = self._thread
            self._jobs.put(None)
        if thread is not None:
            thread.join(5)

    def _specs(self, names: Sequence[str]) -> tuple[AnnotatorSpec, ...]:
        return self.library.plugins.choose(names or self.library.settings.annotators)

    def _work(self) -> None:
        """The thread: jobs one after another, until there is none for a while."""
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
        with self._lock:  # somebody may have come at this very moment
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
