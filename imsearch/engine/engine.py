"""The engine: one catalog and the indexes derived from it, kept in step."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING

from imsearch.engine.review.corrections import Corrections
from imsearch.engine.review.health import Status, status, verify
from imsearch.engine.search.finder import Finder
from imsearch.engine.search.options import DEFAULTS, SearchOptions
from imsearch.engine.stores.batch import FileSeen, Reading
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.home import TAIL, Home, Recorder
from imsearch.engine.stores.keeper import Keeper
from imsearch.engine.stores.registry import open_home
from imsearch.engine.words.knowledge import Lexicon
from imsearch.errors import LibraryError
from imsearch.locations import Location
from imsearch.records import Failure
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.engine.review.review import Review
    from imsearch.engine.search.definitions import Definitions

_CATCH_UP_SECONDS = 2.0
_PATIENCE = 5.0
"""Seconds that somebody who corrects tags waits for another reader to bring the text index up to date."""


class Engine:
    """A library that is open, for reading or for reading and writing.

    catalog: the truth.  indexes: what is derived from it.  finder: answers queries.  notes: what had to be repaired.

    Use it as a context manager, or call `close`.  Several threads may read and correct tags with one engine; to record
    what was read from files is for one thread of the process that opened the library for writing.
    """

    def __init__(self, home: Home, lexicon: Lexicon, tail: int, options: SearchOptions) -> None:
        """See `open`."""
        self.catalog = home.catalog
        self.indexes = Indexes(home, self.catalog)
        self.finder = Finder(self.catalog, self.indexes, lexicon, options)
        self.notes: list[str] = home.notes
        self._lexicon = lexicon
        self._home = home
        self._recorder = home.recorder(tail) if home.writing else None
        self._beside: Recorder | None = None
        self._opening = Lock()
        self._keeper: Keeper | None = None
        self._caught_up = time.monotonic()

    @classmethod
    def open(
        cls,
        where: Location,
        lexicon: Lexicon,
        *,
        write: bool = False,
        create: bool = False,
        tail: int = TAIL,
        options: SearchOptions = DEFAULTS,
    ) -> Engine:
        """Open the library at a path or URL.

        write: take the right to write, or raise `LibraryLocked`.  create: make a new library where there is none
        (implies write).  tail: tags kept for an image and annotator.  options: how it is searched; by default no query
        can open a file, and no plugin is asked.
        Raises `LibraryError` when there is no library, a newer one, or a damaged one.  `notes` says what had to be
        repaired.
        """
        home = open_home(where, write=write, create=create)
        try:
            engine = cls(home, lexicon, tail, options)
            engine.indexes.heal()
        except BaseException:
            home.close()
            raise
        return engine

    @property
    def place(self) -> str:
        """The library's name in messages."""
        return self._home.place

    @property
    def scratch(self) -> Path:
        """See `imsearch.engine.stores.home.Home.scratch`."""
        return self._home.scratch

    # -- writing

    @property
    def recorder(self) -> Recorder:
        """Writes to the catalog of a library that was opened for writing; raises `LibraryError` for others."""
        if self._recorder is None:
            raise LibraryError(f"The library {self.place} was opened for reading only.")
        return self._recorder

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> None:
        """Say which annotators this run uses, before asking what images lack and before recording."""
        for name in self.recorder.use_annotators(specs):
            self.indexes.vectors.drop(name)

    def locate(self) -> int:
        """Tell the places of images that a version without a gazetteer indexed; returns how many those are."""
        images = self.catalog.unlocated()
        self.recorder.locate(images)
        return len(images)

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure] = ()) -> None:
        """Write a batch down, in one transaction; the indexes follow within seconds, and at `close` at the latest.

        failures: those without an annotator name files that could not be read; they lose what they held.
        """
        self.recorder.record(readings, failures)
        if time.monotonic() - self._caught_up >= _CATCH_UP_SECONDS:
            self.catch_up()

    def forget(self, paths: Iterable[Path]) -> int:
        """Remove files that are gone; returns how many of them were known.

        An image without files is no longer found, but keeps its tags and corrections in case the bytes come back.
        """
        count = self.recorder.forget(os.fsencode(path) for path in paths)
        self.catch_up()
        return count

    def join(self, pairs: Sequence[tuple[FileSeen, Path]], gone: Iterable[Path] = ()) -> None:
        """Let raw files belong to the pictures they are paired with, each with that picture's file.

        gone: raw files that belong to a picture and are no longer there.  Files that are unchanged cost a look-up.
        """
        self.recorder.join(pairs, [os.fsencode(path) for path in gone])
        self.catch_up()

    def correct(self, image: int, tag: str, verdict: int) -> None:
        """Set what the user says of a tag: 1 it is there, -1 it is not, 0 nothing any more."""
        self.corrections.correct([image], [tag], {1: Verdict.ADD, 0: Verdict.CLEAR, -1: Verdict.REJECT}[verdict])

    @property
    def corrections(self) -> Corrections:
        """Writes what the user says of tags, and renames them; for engines opened for reading, too.

        The text index follows at once; while another process holds the library, that one lets it follow within
        seconds.  Raises `LibraryError` where the library can only be read.
        """
        return Corrections(self.catalog, self._recorder or self._beside_others(), self._lexicon, self._follow)

    @property
    def definitions(self) -> Definitions:
        """Defines tags by phrases; for engines opened for reading, too, as `corrections`."""
        from imsearch.engine.search.definitions import Definitions

        recorder = self._recorder or self._beside_others()
        return Definitions(self.catalog, recorder, self.finder.texts, self.finder.options.annotators, self._follow)

    def forget_annotator(self, name: str) -> int:
        """See `CatalogRecording.forget_annotator`; the indexes follow as they follow corrections."""
        images = (self._recorder or self._beside_others()).forget_annotator(name)
        self._follow()
        return images

    def restore_annotator(self, name: str) -> int:
        """See `CatalogRecording.restore_annotator`."""
        images = (self._recorder or self._beside_others()).restore_annotator(name)
        self._follow()
        return images

    def _beside_others(self) -> Recorder:
        """A recorder on a connection of its own, made when a reader first corrects something."""
        with self._opening:
            if self._beside is None:
                self._beside = self._home.recorder()
            return self._beside

    def _follow(self) -> None:
        if self._home.writing:
            self.catch_up()
        else:
            self.indexes.heal(_PATIENCE)

    def keep_up(self) -> None:
        """Until this engine is closed, let the text index follow what others correct, whatever this process does."""
        self.recorder  # noqa: B018 - refuses a reader
        if self._keeper is None:
            self._keeper = Keeper(self._catch_up_when_due, _CATCH_UP_SECONDS / 2, self.notes.append)

    def _catch_up_when_due(self) -> None:
        if time.monotonic() - self._caught_up >= _CATCH_UP_SECONDS / 2:
            self.catch_up()

    def catch_up(self) -> None:
        """Bring the text index up to date with the catalog now, so that readers find what was recorded."""
        self.recorder  # noqa: B018 - refuses a reader
        self.indexes.catch_up_text()
        self._caught_up = time.monotonic()

    def running(self) -> int | None:
        """The process that holds the library for a run, maybe this one; None when nobody does."""
        return self._home.running()

    def while_free(self, work: Callable[[], None]) -> bool:
        """Do something short while nobody else may write; returns whether it was done, which is not while one does."""
        return self._home.while_free(work)

    def save(self) -> None:
        """Bring the indexes up to date and write them down, as `close` does."""
        self.recorder  # noqa: B018 - refuses a reader
        self.indexes.catch_up_text()
        self.indexes.vectors.save()
        self.finder.keep_facets()

    def rebuild(self) -> None:
        """Make all indexes anew from the catalog."""
        self.recorder  # noqa: B018 - refuses a reader
        self.indexes.rebuild()

    def status(self) -> Status:
        """Return how much the library holds."""
        return status(self._home, self.catalog, self.finder.known_tags())

    def verify(self) -> list[str]:
        """Return what is wrong with the library, in sentences; reads everything.  Empty if nothing is.

        Raises `LibraryLocked` when a run is writing and the indexes do not agree with the catalog at this moment.
        """
        self.indexes.heal()
        return verify(self._home, self.catalog, self.indexes)

    def close(self) -> None:
        """Bring the indexes up to date, save them, and give the library back."""
        try:
            self.finder.close()
            if self._home.writing:
                self.save()
                self.indexes.catch_up_text()  # what others corrected while vectors were saved
        finally:
            if self._keeper is not None:
                self._keeper.stop()
            self.indexes.close()
            self._home.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def reviewing(self) -> Review:
        """The tags that annotators are in doubt about; read on first access, and cached."""
        from imsearch.engine.review.review import Review

        return Review(self.catalog, self._lexicon)
