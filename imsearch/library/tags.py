"""Tags: which there are, and what the user says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from imsearch.engine.stores.changes import Change, Correction, Doubt, Renaming, Verdict
from imsearch.errors import ImsearchError
from imsearch.languages.letters import without_invisible
from imsearch.records import USER, Verdicts

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine
    from imsearch.engine.search.definitions import Definition
    from imsearch.library.installed import Installed
    from imsearch.records import Tag
    from imsearch.settings import Settings


class Tags:
    """Reads and corrects tags.

    `correct`, `rename`, `merge` and `undo` never wait for an indexing run and need no library opened for writing; each
    is one transaction, and one `undo` takes it back.  Several threads may use one library for them.
    """

    def __init__(self, engine: Engine, settings: Settings, installed: Installed) -> None:
        self._engine = engine
        self._settings = settings
        self._installed = installed
        self._numbers = count(1)
        self._last_change = 0

    @property
    def last_change(self) -> int:
        """The number of the last change that was made by this object; 0 before the first."""
        return self._last_change

    def counts(self, prefix: str = "", by: str = "") -> list[tuple[str, int]]:
        """The tags that are shown, and on how many pictures, the most frequent first.

        by: only those of the user or of this annotator.
        """
        sources = [USER, *self.sources()]
        if by and by not in sources:
            raise ImsearchError(f"Nobody called {by!r} has tagged pictures of this library, but: {', '.join(sources)}.")
        catalog = self._engine.catalog
        # Counting takes some tenths of a second where there are many pictures, and pages ask again and again.
        counted = catalog.remembered(("tag counts", by), lambda: catalog.tag_counts("", by))
        start = without_invisible(prefix).casefold()
        return [(name, count) for name, count in counted if name.casefold().startswith(start)]

    def sources(self) -> list[str]:
        """The annotators that were ever used and not forgotten, by name."""
        return self._engine.catalog.sources()

    def of(self, image: int) -> tuple[Tag, ...]:
        """The tags of a picture, the long tail too, the likeliest first; () where there are none."""
        return self._engine.catalog.tags_of([image]).get(image, ())

    def rejected(self, image: int) -> tuple[str, ...]:
        """Return the tags that the user rejected for a picture."""
        verdicts = self._engine.catalog.verdicts_of([image]).get(image, {})
        return tuple(sorted(name for name, verdict in verdicts.items() if verdict < 0))

    def verdicts(self) -> list[Verdicts]:
        """Return the user's verdicts on each picture that has any, and the other tags that annotators show there."""
        catalog = self._engine.catalog
        verdicts = catalog.verdicts_of(catalog.with_verdicts())
        images, tags = catalog.images(verdicts), catalog.tags_of(verdicts, tail=())
        return [
            Verdicts(
                image.path,
                frozenset(name for name, verdict in verdicts[number].items() if verdict > 0),
                frozenset(name for name, verdict in verdicts[number].items() if verdict < 0),
                frozenset(tag.name for tag in tags[number] if tag.shown and tag.source != USER),
            )
            for number, image in images.items()
        ]

    def correct(
        self, images: Sequence[int], tags: Sequence[str], verdict: Verdict, *, exact: bool = False
    ) -> Correction:
        """Set what the user says of all these tags on all these pictures.

        exact: take the tags as they are typed, without looking for the words that the lexicon has for them.
        """
        with self._changing():
            return self._engine.corrections.correct(images, tags, verdict, exact=exact)

    def rename(self, old: str, new: str) -> Renaming:
        """Let a tag go by another name in the whole library."""
        with self._changing():
            return self._engine.corrections.rename(old, new)

    def merge(self, old: Sequence[str], into: str) -> Renaming:
        """Let several tags go by one name."""
        with self._changing():
            return self._engine.corrections.merge(old, into)

    def undo(self, number: int | None = None) -> Change:
        """Undo the last change that was not undone yet.

        number: only that one; raises `UndoConflict` when other changes came after it, or it was undone already.
        """
        with self._changing():
            return self._engine.corrections.undo(number)

    def define(self, name: str, text: str = "") -> Definition:
        """Let a tag stand for a phrase, on every picture, now and whatever is indexed later; without one, for itself.

        The text is compared with the pictures in the space of an annotator that takes text; nothing is annotated anew.
        """
        tag = self._engine.corrections.normal(name)
        with self._changing():
            return self._engine.definitions.define(tag, " ".join(text.split()) or tag)

    def undefine(self, name: str) -> int:
        """Forget what a tag was defined as; returns how many pictures showed it."""
        with self._changing():
            return self._engine.definitions.undefine(self._engine.corrections.normal(name))

    def definitions(self) -> tuple[Definition, ...]:
        """The tags that stand for phrases, by name."""
        from imsearch.engine.search.definitions import definitions

        return definitions(self._engine.catalog)

    def history(self, limit: int | None = None) -> list[Change]:
        """The changes of the user, the newest first."""
        return self._engine.catalog.history(limit)

    def review(self, word: str = "", *, limit: int | None = None, patience: float | None = None) -> list[Doubt]:
        """The tags that annotators are most in doubt about, or the pictures on which they doubt this one.

        patience: seconds after which those are told that were found so far; each call finds more.
        """
        most = self._settings.limit if limit is None else limit
        return self._engine.reviewing.doubts(word, most, patience, self._installed.thresholds())

    def judged_doubts(self, word: str = "") -> int:
        """Return how many of the doubtful tags, or of this one, the user has judged already."""
        return self._engine.reviewing.judged(word, self._installed.thresholds())

    def never_asked(self, word: str) -> bool:
        """Return True if no annotator ever shows this tag, so that there is nothing to review."""
        return self._engine.reviewing.never_asked(word, self._installed.thresholds())

    def doubtful_tags(self, limit: int, *, patience: float | None = None) -> list[str]:
        """The tags that are in doubt on most pictures."""
        return self._engine.reviewing.names(limit, patience, self._installed.thresholds())

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._last_change = next(self._numbers)
