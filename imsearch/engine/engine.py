"""The engine: one catalog and the indexes derived from it, kept in step."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from imsearch.engine.batch import Reading
from imsearch.engine.catalog import Catalog
from imsearch.engine.changes import Doubt, Verdict
from imsearch.engine.corrections import Corrections
from imsearch.engine.finder import Finder
from imsearch.engine.health import Status, status, verify
from imsearch.engine.home import Home
from imsearch.engine.indexes import Indexes
from imsearch.engine.recorder import TAIL, Recorder
from imsearch.engine.words import Lexicon, Meanings
from imsearch.errors import LibraryError
from imsearch.records import AnnotatorSpec, Failure

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    Ranked = tuple[NDArray[int64], NDArray[float32]]

_CATCH_UP_SECONDS = 2.0


class Engine(Finder):
    """A library that is open, for reading or for reading and writing.

    Use it as a context manager, or call `close`.  Readers may use one engine from several threads; writing is for one
    thread.
    """

    def __init__(self, home: Home, catalog: Catalog, lexicon: Lexicon, tail: int, meanings: Meanings | None) -> None:
        """See `open`."""
        super().__init__(catalog, Indexes(home, catalog), lexicon, meanings)
        self.notes: list[str] = home.notes
        self._home = home
        self._recorder = Recorder(catalog, tail) if home.writing else None
        self._caught_up = time.monotonic()

    @classmethod
    def open(
        cls,
        folder: Path,
        lexicon: Lexicon,
        *,
        write: bool = False,
        create: bool = False,
        tail: int = TAIL,
        meanings: Meanings | None = None,
    ) -> Engine:
        """Open the library in `folder`.

        write: take the right to write, or raise `LibraryLocked`.  create: make a new library where there is none
        (implies write).  tail: tags kept for an image and annotator.  meanings: says what unknown words are near to.
        Raises `LibraryError` when the folder holds no library, a newer one, or a damaged one.  `notes` says what had
        to be repaired.
        """
        home = Home.open(folder, write=write, create=create)
        try:
            catalog = home.open_catalog()
            engine = cls(home, catalog, lexicon, tail, meanings)
            engine._indexes.heal()
        except BaseException:
            home.close()
            raise
        return engine

    # -- writing

    @property
    def _writer(self) -> Recorder:
        if self._recorder is None:
            raise LibraryError(f"The library {self._home.folder} was opened for reading only.")
        return self._recorder

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> None:
        """Say which annotators this run uses, before asking what images lack and before recording."""
        self._writer.use_annotators(specs)

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure] = ()) -> None:
        """Write a batch down, in one transaction; the indexes follow within seconds, and at `close` at the latest.

        failures: those without an annotator name files that could not be read; they lose what they held.
        """
        self._writer.record(readings, failures)
        if time.monotonic() - self._caught_up >= _CATCH_UP_SECONDS:
            self.catch_up()

    def forget(self, paths: Iterable[Path]) -> int:
        """Remove files that are gone; returns how many of them were known.

        An image without files is no longer found, but keeps its tags and corrections in case the bytes come back.
        """
        count = self._writer.forget(os.fsencode(path) for path in paths)
        self.catch_up()
        return count

    def correct(self, image: int, tag: str, verdict: int) -> None:
        """Set what the user says of a tag: 1 it is there, -1 it is not, 0 nothing any more."""
        self.corrections.correct([image], [tag], {1: Verdict.ADD, 0: Verdict.CLEAR, -1: Verdict.REJECT}[verdict])

    @property
    def corrections(self) -> Corrections:
        """Writes what the user says of tags, and renames them; the text index follows at once."""
        return Corrections(self.catalog, self._writer, self._lexicon, self.catch_up)

    def catch_up(self) -> None:
        """Bring the text index up to date with the catalog now, so that readers find what was recorded."""
        self._writer  # noqa: B018 - refuses a reader
        self._indexes.catch_up_text()
        self._caught_up = time.monotonic()

    def rebuild(self) -> None:
        """Make all indexes anew from the catalog."""
        self._writer  # noqa: B018 - refuses a reader
        self._indexes.rebuild()

    def status(self) -> Status:
        """How much the library holds."""
        return status(self._home, self.catalog)

    def verify(self) -> list[str]:
        """What is wrong with the library, in sentences; reads everything.  Empty when all is well."""
        return verify(self.catalog, self._indexes)

    def close(self) -> None:
        """Bring the indexes up to date, save them, and give the library back."""
        try:
            if "completer" in vars(self):
                self.completer.close()
            if self._home.writing:
                self._indexes.catch_up_text()
                self._indexes.save_vectors()
        finally:
            self._indexes.close()
            self.catalog.close()
            self._home.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def review(self, word: str = "", limit: int = 20) -> list[Doubt]:
        """The tags that annotators are most in doubt about; see `imsearch.engine.review`."""
        from imsearch.engine.review import review

        return review(self.catalog, self._lexicon, word, limit)
