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
from imsearch.engine.health import Status, status, verify
from imsearch.engine.home import Home
from imsearch.engine.indexes import Indexes
from imsearch.engine.query import parse
from imsearch.engine.recorder import TAIL, Recorder
from imsearch.engine.words import Lexicon, Meanings, Words
from imsearch.errors import ImsearchError, LibraryError
from imsearch.records import AnnotatorSpec, Failure, Hit, Results, Tag

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_CATCH_UP_SECONDS = 2.0


class Engine:
    """A library that is open, for reading or for reading and writing.

    Use it as a context manager, or call `close`.  Readers may use one engine from several threads; writing is for one
    thread.
    """

    def __init__(self, home: Home, catalog: Catalog, lexicon: Lexicon, tail: int, meanings: Meanings | None) -> None:
        """See `open`."""
        self.notes: list[str] = home.notes
        self.catalog = catalog
        self._home = home
        self._lexicon = lexicon
        self._meanings = meanings
        self._indexes = Indexes(home, catalog)
        self._recorder = Recorder(catalog, tail) if home.writing else None
        self._caught_up = time.monotonic()
        self._words: tuple[int, Words] | None = None

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
        name = self._lexicon.normalize(tag)
        if not name:
            raise ImsearchError("A tag needs a name.")
        said = {each.name for each in self.catalog.tags_of([image]).get(image, ())}
        if name not in said:
            name = self._lexicon.canonical(name) or name
        self._writer.correct(image, name, verdict)
        self.catch_up()

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

    # -- finding

    def search(self, text: str, *, limit: int = 20, offset: int = 0, min_score: float = 0.1) -> Results:
        """The images that fit a query, best first; raises `QueryError` when it cannot be understood.

        `Results.total` counts all images that score at least `min_score`.
        """
        from imsearch.engine.ranking import rank

        tree = parse(text)
        words = self._current_words()
        query, unknown = words.resolve(tree)
        if query is None:
            return Results(text, 0, (), unknown)
        ids, scores = self._indexes.with_text(lambda index: rank(query, index.postings, index.images(), min_score))
        page = slice(offset, offset + limit)
        hits = self._hits(ids[page].tolist(), scores[page].tolist(), words.why(query))
        return Results(text, len(ids), hits, unknown, words.sense_of(query))

    def similar(
        self, image: int | NDArray[float32], *, annotator: str | None = None, limit: int = 20, offset: int = 0
    ) -> Results:
        """The images most like another, which is given by its id or by the vector an annotator made of it.

        annotator: whose vectors to compare; by default the only annotator that makes any.  The score is the cosine, or
        0 where that is negative.  An image of the library is not similar to itself.
        """
        name, index = self._indexes.vectors(annotator)
        own = image if isinstance(image, int) else -1
        vector = self.catalog.vector(image, name) if isinstance(image, int) else image
        if vector is None:
            raise ImsearchError(f"{name} has not looked at image {image} yet. Index it again first.")
        ids, cosines = index.nearest(vector, offset + limit + 1)
        others = ids != own
        total = len(index) - int((~others).sum())
        ids, cosines = ids[others][offset : offset + limit], cosines[others][offset : offset + limit]
        return Results("", total, self._hits(ids.tolist(), [max(0.0, each) for each in cosines.tolist()], {}))

    def _hits(self, ids: list[int], scores: list[float], why: dict[str, frozenset[str]]) -> tuple[Hit, ...]:
        images, tags = self.catalog.images(ids), self.catalog.tags_of(ids)
        return tuple(
            Hit(images[image], score, tags[image], _reasons(tags[image], why))
            for image, score in zip(ids, scores, strict=True)
            if image in images  # it may have been forgotten since
        )

    def _current_words(self) -> Words:
        """The words of the library; read again when the catalog has changed."""
        _, generation = self.catalog.state()
        if self._words is None or self._words[0] != generation:
            rejected = self.catalog.rejected_names()

            def is_left(tag: str) -> bool:
                return tag not in rejected or self._indexes.with_text(
                    lambda index: not bool(index.postings(tag).rejected.all())
                )

            self._words = generation, Words(self._lexicon, self.catalog.tag_names(), self._meanings, is_left)
        return self._words[1]


def _reasons(tags: Sequence[Tag], why: dict[str, frozenset[str]]) -> dict[str, Tag]:
    """The likeliest tag of an image for each word of the query; tags come likeliest first."""
    reasons = {}
    for word, names in why.items():
        tag = next((tag for tag in tags if tag.name in names), None)
        if tag is not None:
            reasons[word] = tag
    return reasons
