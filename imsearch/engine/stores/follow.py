"""The indexes of a library: opening them, letting those that are derived follow the catalog, healing.

Catching up applies what the catalog changed since an index's own generation; applied twice it does no harm.  That one
step serves after a batch, after a crash between the commits of catalog and index, and, starting from nothing, for
an index that is missing or damaged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import RLock
from typing import TypeVar

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import IndexDamagedError, State
from imsearch.engine.stores.follow_vectors import VectorIndexes
from imsearch.engine.stores.home import Home
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.words.postings import REJECTED, weight_of
from imsearch.engine.words.texts import evidence, key
from imsearch.errors import LibraryError, WriteRefused

T = TypeVar("T")
_PIECE = 5000
"""Images applied in one commit of the text index."""
_LOOK_SECONDS = 1.0
"""A reader looks so often whether the text index is behind."""
_PATIENCE = 5.0
"""Seconds that a reader with something to write waits for another one."""
_PAUSES = (0.02, 0.05, 0.1)
"""Seconds between the attempts to read an index that looks damaged."""


class Indexes:
    """The text index and the vector indexes of one library."""

    def __init__(self, home: Home, catalog: CatalogReading) -> None:
        self._home = home
        self._catalog = catalog
        self._text: TextIndex | None = None
        self._no_text = False  # there is none in the library, and none can be made there
        self._spare: tuple[TextIndex, TemporaryDirectory[str]] | None = None
        self._turn = RLock()
        self._looked = time.monotonic()
        self.vectors = VectorIndexes(home, catalog)

    @property
    def scratch(self) -> Path:
        """See `imsearch.engine.stores.home.Home.scratch`."""
        return self._home.scratch

    def heal(self, patience: float = 0) -> None:
        """Bring the text index up to date if it is behind; whoever opens the library first does it.

        A reader that finds a run writing leaves it to that one, and waits `patience` seconds for another reader; one
        that may not write now tells so in a note, and goes on with what there is.  Who opens the library for writing
        looks at the files' checksums, too; others do when they first use them.  Vector indexes need no healing here:
        every process brings its own copy up to date when it is first used.
        """
        with self._turn:
            if not self.text_index.derived:
                return
            if self._home.writing:
                self._check_text()
            if self.text_index.state != self._catalog.state():
                try:
                    done = self._home.as_writer(self.catch_up_text, patience)
                except WriteRefused as error:
                    if self._home.writing:
                        raise
                    self._no_text = self.text_index.state is None
                    if not self._no_text:
                        told = "The text index could not be brought up to date, so what is new is not found"
                        self._home.tell(f"{told}: {error}")
                    return
                if not done and self.text_index.state is None and self._home.is_full():
                    self._no_text = True  # there is no room even for the lock
                    return
            self._back_home()

    def _elsewhere(self) -> TextIndex:
        """A text index in the system's folder for temporary files, for a reader that can make none in the library.

        It takes as long as making it there, each time; but "nothing found" would be a wrong answer.
        """
        with self._turn:
            if self._spare is None:
                place = TemporaryDirectory(prefix="imsearch-")
                index = self._home.text(Path(place.name))
                try:
                    index.clear()
                    self._apply_text(index, 0, self._catalog.state())
                except BaseException:
                    place.cleanup()
                    raise
                self._home.tell("The library has no room for a text index, so one was made elsewhere for the moment.")
                self._spare = index, place
            return self._spare[0]

    def _back_home(self) -> None:
        """There is an index in the library again."""
        self._no_text = False
        if self._spare is not None:
            index, place = self._spare
            self._spare = None
            index.close()
            place.cleanup()

    def _check_text(self) -> None:
        index = self.text_index
        try:
            if index.state is not None:
                index.check()
        except IndexDamagedError as error:
            self._remake_text(index, error)

    def heal_soon(self) -> None:
        """`heal`, at most once a second and never waiting: for what a run that has ended left behind."""
        if time.monotonic() - self._looked < _LOOK_SECONDS or self._home.writing:
            return
        if not self._turn.acquire(blocking=False):
            return  # another thread is at it
        try:
            self._looked = time.monotonic()
            self.heal()
        except LibraryError as error:
            self._home.tell(str(error))  # what the index has can be found all the same
        finally:
            self._turn.release()

    def catch_up_text(self) -> None:
        """Bring the text index up to date with the catalog; only for who may write."""
        with self._turn:
            if not self.text_index.derived:
                return
            if self._home.writing:
                self._catch_up_text(self.text_index)
                return
            index = self._home.text()  # another one, so that searches by other threads need not wait
            try:
                self._catch_up_text(index)
            finally:
                index.close()

    def rebuild(self) -> None:
        """Make all indexes anew."""
        if self.text_index.derived:
            self.text_index.clear()
        self.vectors.clear()
        self.catch_up_text()
        self.vectors.save()

    def close(self) -> None:
        """Close the files."""
        self._back_home()
        if self._text is not None:
            self._text.close()

    # -- text

    @property
    def text_index(self) -> TextIndex:
        if self._text is None:
            self._text = self._home.text()
        return self._text

    def with_text(self, use: Callable[[TextIndex], T]) -> T:
        """Use the text index as it is on disk by now; when it turns out to be damaged, make it anew and try again."""
        for pause in _PAUSES:
            index = self._elsewhere() if self._no_text else self.text_index
            try:
                index.refresh()
                return use(index)
            except IndexDamagedError as error:
                found = error
                index.close()
                time.sleep(pause)  # a writer may have replaced files between two of our steps
        answers: list[T] = []

        def mend() -> None:
            try:
                index.refresh()
                answers.append(use(index))  # nobody else writes now, and somebody may have mended it
            except IndexDamagedError as error:
                self._remake_text(index, error)
                answers.append(use(index))

        with self._turn:
            if not self._home.as_writer(mend, _PATIENCE):
                raise LibraryError(
                    f"The text index of {self._home.place} is damaged ({found}) and another run is writing to the "
                    "library. Try again when that is done: the index is then made anew."
                ) from found
        return answers[0]

    def _catch_up_text(self, index: TextIndex) -> None:
        own = index.state
        state = self._catalog.state()  # after the index's own, which is never ahead of it then
        if own == state:
            return
        if own is None or own[0] != state[0] or own[1] > state[1]:
            if state[1]:
                self._home.notes.append("The text index was missing or of another catalog and has been made anew.")
            index.clear()
            self._apply_text(index, 0, state)
            return
        try:
            self._apply_text(index, own[1], state)
        except IndexDamagedError as error:
            self._remake_text(index, error)

    def _remake_text(self, index: TextIndex, error: IndexDamagedError) -> None:
        self._home.notes.append(f"The text index was damaged and has been made anew ({error}).")
        try:
            index.clear()
            self._apply_text(index, 0, self._catalog.state())
        except IndexDamagedError as again:
            raise LibraryError(
                f"The text index of {self._home.place} is damaged ({error}) and cannot be made anew: {again}. Check "
                'the disk, then run "imsearch rebuild". Your pictures, tags and corrections are not concerned.'
            ) from again

    def _apply_text(self, index: TextIndex, since: int, state: State) -> None:
        changed = self._catalog.changed_since(since)
        for start in range(0, max(1, len(changed)), _PIECE):
            last = start + _PIECE >= len(changed)
            index.apply(self.documents(changed[start : start + _PIECE]), state if last else None)

    def documents(self, ids: list[int]) -> dict[int, dict[str, float] | None]:
        """Tags and written words of these images, and their weights; None for those without files."""
        paths = self._catalog.paths_of(ids)
        documents: dict[int, dict[str, float] | None] = dict.fromkeys(ids)
        verdicts, texts = self._catalog.verdicts_of(paths), self._catalog.texts_of(paths)
        for image, tags in self._catalog.tags_of(paths).items():
            written = evidence(paths[image], texts.get(image, ()))
            document = {key(word): weight_of(each.probability, each.shown) for word, each in written.items()}
            document |= {tag.name: weight_of(tag.probability, tag.shown) for tag in tags}
            document.update({name: REJECTED for name, verdict in verdicts.get(image, {}).items() if verdict < 0})
            documents[image] = document
        return documents
