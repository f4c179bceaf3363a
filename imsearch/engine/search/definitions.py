"""Tags that the user defines by a phrase: scored over the whole library by the pictures' space, without a model run.

What is scored is stored as the tags of an annotator called ``defined``, so that queries, facets, completion and reviews
need not know of it.  A definition keeps what its phrase was compared with when it was made, so that a picture that
comes later is judged as those before it were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from imsearch.engine.search.text_space import TextSpace
from imsearch.engine.stores.catalog import CatalogReading, Journal
from imsearch.engine.stores.definitions import Defining, Phrase
from imsearch.engine.stores.definitions import Definition as Definition  # who defines tags asks here
from imsearch.errors import ImsearchError

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.search.fusion import Encoder

    Likely = list[tuple[int, float]]

LEAST = 0.02
"""Less likely ones are not kept."""
PRIOR = 0.03
"""Prior probability that a picture shows a phrase; chosen by `benchmarks.defined_tags`."""


def definitions(catalog: CatalogReading) -> tuple[Definition, ...]:
    """All of a library, by the names they go by."""
    return catalog.definitions()


class Definitions:
    """Defines tags and keeps them up to date; for engines opened for reading, too, as corrections are."""

    def __init__(
        self,
        catalog: CatalogReading,
        journal: Journal,
        texts: TextSpace,
        preferred: Sequence[str],
        follow: Callable[[], None],
    ) -> None:
        """preferred: the annotators whose space is asked first.  follow: brings the text index up to date."""
        self._catalog = catalog
        self._journal = journal
        self._texts = texts
        self._preferred = preferred
        self._follow = follow

    def define(self, name: str, text: str) -> Definition:
        """Let a tag stand for a phrase, on every picture of the library, now and whatever is indexed later.

        name: as tags are spelled.  text: the phrase.  One that is defined already gets the new phrase.  Raises
        `ImsearchError` where no annotator of the library takes text, or nothing is known of this one.
        """
        space = self._space()
        if space is None:
            raise ImsearchError(
                "No annotator of this library takes text, so nothing can be defined by words. "
                '"imsearch status" says why, under "free text".'
            )
        with self._journal.defining() as defining:
            tag = defining.tag(name)
            changed = self._score(defining, tag, text, *space)
            if changed is None:
                raise ImsearchError(
                    f"Nothing is known of {text!r}. Say it in other words: "
                    f'imsearch tags define "{name}" --as "OTHER WORDS". Nothing was changed.'
                )
            defining.mark_changed(changed, always=True)
        self._follow()
        return self._catalog.definitions(tag)[0]

    def undefine(self, name: str) -> int:
        """Forget a definition; returns how many pictures showed it.  What the user said of the tag stays.

        Raises `ImsearchError` for a tag that is not defined.
        """
        with self._journal.defining() as defining:
            tag = defining.defined(name)
            if tag is None:
                raise ImsearchError(f'{name!r} is not defined. "imsearch tags define" lists what is.')
            shown = defining.shown(tag)
            changed = defining.write(tag, [])
            defining.remove(tag)
            defining.mark_changed(changed, always=True)
        self._follow()
        return shown

    def refresh(self) -> int:
        """Judge the pictures that came since; all, where the space is another one.  Returns how many changed.

        Without an annotator that takes text, what was judged stays as it is.
        """
        known = self._catalog.phrases()
        space = self._space() if known else None
        if space is None:
            return 0
        changed: set[int] = set()
        with self._journal.defining() as defining:
            for each in known:
                if each.space == self._told(*space, each.text):
                    changed |= self._add(defining, each, space[0])
                else:
                    changed |= self._score(defining, each.tag, each.text, *space) or set()
            defining.mark_changed(changed)
        return len(changed)

    def _space(self) -> tuple[str, str] | None:
        """The annotator that is asked, and its version."""
        name = self._texts.choose(self._preferred)
        return None if name is None else (name, self._texts.spaces()[name][0])

    def _told(self, name: str, version: str, text: str) -> str:
        """The annotator, its version, and the way in which its text encoder reads texts now."""
        reader = self._texts.direction(name, text)[1].reader  # which is known when a text was read
        return " ".join(each for each in (name, version, reader) if each)

    def _score(self, defining: Defining, tag: int, text: str, name: str, version: str) -> set[int] | None:
        """Judge every picture, and note the definition; returns the images that changed, None for unknown words."""
        from imsearch.engine.search.fusion import baseline

        direction, encoder = self._texts.direction(name, text)
        if direction is None:
            return None
        compared = self._texts.table(name).compare(direction)
        base = baseline(compared.usual, encoder.scale) if len(compared.usual) else None
        changed = defining.write(tag, _likely(encoder, compared.ids, compared.cosines, base))
        defining.put(Phrase(tag, text, self._told(name, version, text), base))
        return changed

    def _add(self, defining: Defining, phrase: Phrase, name: str) -> set[int]:
        """Judge the pictures that the annotator has seen since the phrase was; returns those that changed."""
        new = self._texts.seen_since(name, phrase.generation)
        direction, encoder = self._texts.direction(name, phrase.text)
        if direction is None or not new:
            return set()
        ids, cosines = self._texts.table(name).among(sorted(new), direction)
        changed = defining.write(phrase.tag, _likely(encoder, ids, cosines, phrase.base), new)
        defining.judged(phrase.tag)
        return changed


def _likely(encoder: Encoder, ids: NDArray[int64], cosines: NDArray[float32], base: float | None) -> Likely:
    """The images that may show a phrase, and how likely they do."""
    from imsearch.engine.search.fusion import probabilities

    chances = probabilities(encoder, cosines, math.inf if base is None else base, PRIOR)
    kept = chances >= LEAST
    return list(zip(ids[kept].tolist(), chances[kept].tolist(), strict=True))
