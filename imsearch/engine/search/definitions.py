"""Tags that the user defines by a phrase: scored over the whole library by the pictures' space, without a model run.

What is scored is stored as the tags of an annotator called ``defined``, so that queries, facets, completion and reviews
need not know of it.  A definition keeps what its phrase was compared with when it was made, so that a picture that
comes later is judged as those before it were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, func, insert, select, update

from imsearch.engine.search.text_space import TextSpace
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.catalog_base import CatalogBase, pieces
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.engine.stores.sql.thresholds import store_limits
from imsearch.errors import ImsearchError
from imsearch.records import DEFINED

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

    from imsearch.engine.search.fusion import Encoder

    Likely = tuple[NDArray[int64], NDArray[float32]]

SHOWN = 0.5
"""From this probability on a defined tag is shown."""
LEAST = 0.02
"""Less likely ones are not kept."""
PRIOR = 0.03
"""How likely a picture is taken to show a phrase before it is compared; `benchmarks.defined_tags` chose it."""
_D, _A = s.definitions.c, s.annotators.c
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Definition:
    """A tag that the user defined.

    text: the phrase it stands for.  space: the annotator and version whose vectors it was compared with.  shown: how
    many pictures show it.  perhaps: of how many more it is not unlikely.
    """

    name: str
    text: str
    space: str
    shown: int
    perhaps: int


def definitions(catalog: CatalogBase, tag: int | None = None) -> tuple[Definition, ...]:
    """All of a library, by the names they go by; or that of the tag of this id."""
    said = s.annotation_tags.c
    live = select(s.files.c.image_id)
    counts = (
        select(said.tag_id, func.count(), func.count().filter(said.shown))
        .join(s.annotators, _A.id == said.annotator_id)
        .where(_A.name == DEFINED, said.image_id.in_(live))
        .group_by(said.tag_id)
    )
    rows = select(_D.tag_id, s.tags.c.name, _D.text, _D.space)
    rows = rows.join_from(s.definitions, s.tags, s.tags.c.id == named(_D.tag_id))
    if tag is not None:
        rows = rows.where(_D.tag_id == tag)
    with catalog.reading() as connection:
        found = {each: (number, shown) for each, number, shown in connection.execute(counts)}
        return tuple(
            Definition(name, text, space, shown, number - shown)
            for each, name, text, space in connection.execute(rows.order_by(s.tags.c.name))
            for number, shown in [found.get(each, (0, 0))]
        )


class Definitions:
    """Defines tags and keeps them up to date; for engines opened for reading, too, as corrections are."""

    def __init__(
        self,
        catalog: CatalogBase,
        recorder: Recorder,
        texts: TextSpace,
        preferred: Sequence[str],
        follow: Callable[[], None],
    ) -> None:
        """preferred: the annotators whose space is asked first.  follow: brings the text index up to date."""
        self._catalog = catalog
        self._recorder = recorder
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
        with self._recorder.writing() as connection:
            tag = self._recorder.tag_ids(connection, [name])[name]
            changed = self._score(connection, tag, text, *space)
            if changed is None:
                raise ImsearchError(
                    f"Nothing is known of {text!r}. Say it in other words: "
                    f'imsearch tags define "{name}" --as "OTHER WORDS". Nothing was changed.'
                )
            self._recorder.mark_changed(connection, changed, always=True)
        self._follow()
        return definitions(self._catalog, tag)[0]

    def undefine(self, name: str) -> int:
        """Forget a definition; returns how many pictures showed it.  What the user said of the tag stays.

        Raises `ImsearchError` for a tag that is not defined.
        """
        with self._recorder.writing() as connection:
            # A tag may have been renamed since.
            names = s.tags.c.id.in_((_D.tag_id, named(_D.tag_id)))
            found = select(_D.tag_id).join_from(s.definitions, s.tags, names)
            tag = connection.execute(found.where(s.tags.c.name == name)).scalar()
            if tag is None:
                raise ImsearchError(f'{name!r} is not defined. "imsearch tags define" lists what is.')
            shown = _shown(connection, tag)
            changed = _clear(connection, tag)
            connection.execute(delete(s.definitions).where(_D.tag_id == tag))
            if not connection.execute(select(func.count()).select_from(s.definitions)).scalar_one():
                connection.execute(delete(s.annotators).where(_A.name == DEFINED))
            self._recorder.mark_changed(connection, changed, always=True)
        self._follow()
        return shown

    def refresh(self) -> int:
        """Judge the pictures that came since; all, where the space is another one.  Returns how many changed.

        Without an annotator that takes text, what was judged stays as it is.
        """
        with self._catalog.reading() as connection:
            known = connection.execute(select(s.definitions)).all()
        space = self._space() if known else None
        if space is None:
            return 0
        changed: set[int] = set()
        with self._recorder.writing() as connection:
            for row in known:
                if row.space == self._told(*space, row.text):
                    changed |= self._add(connection, row.tag_id, row.text, row.base, row.generation, space[0])
                else:
                    changed |= self._score(connection, row.tag_id, row.text, *space) or set()
            self._recorder.mark_changed(connection, changed)
        return len(changed)

    def _space(self) -> tuple[str, str] | None:
        """The annotator that is asked, and its version."""
        name = self._texts.choose(self._preferred)
        return None if name is None else (name, self._texts.spaces()[name][0])

    def _told(self, name: str, version: str, text: str) -> str:
        """The annotator, its version, and the way in which its text encoder reads texts now."""
        reader = self._texts.direction(name, text)[1].reader  # which is known when a text was read
        return " ".join(each for each in (name, version, reader) if each)

    def _score(self, connection: Connection, tag: int, text: str, name: str, version: str) -> set[int] | None:
        """Judge every picture, and note the definition; returns the images that changed, None for unknown words."""
        from imsearch.engine.search.fusion import baseline

        direction, encoder = self._texts.direction(name, text)
        if direction is None:
            return None
        compared = self._texts.table(name).compare(direction)
        base = baseline(compared.usual, encoder.scale) if len(compared.usual) else None
        likely = _likely(encoder, compared.ids, compared.cosines, base)
        changed = _clear(connection, tag) | _write(connection, tag, likely)
        connection.execute(delete(s.definitions).where(_D.tag_id == tag))
        connection.execute(
            insert(s.definitions).values(
                tag_id=tag,
                text=text,
                space=self._told(name, version, text),
                base=base,
                generation=_generation(connection),
            )
        )
        return changed

    def _add(self, connection: Connection, tag: int, text: str, base: float | None, since: int, name: str) -> set[int]:
        """Judge the pictures that the annotator has seen since a generation; returns those that changed."""
        new = self._texts.seen_since(name, since)
        direction, encoder = self._texts.direction(name, text)
        if direction is None or not new:
            return set()
        ids, cosines = self._texts.table(name).among(sorted(new), direction)
        changed = _clear(connection, tag, new) | _write(connection, tag, _likely(encoder, ids, cosines, base))
        connection.execute(update(s.definitions).where(_D.tag_id == tag).values(generation=_generation(connection)))
        return changed


def _likely(encoder: Encoder, ids: NDArray[int64], cosines: NDArray[float32], base: float | None) -> Likely:
    from imsearch.engine.search.fusion import probabilities

    chances = probabilities(encoder, cosines, math.inf if base is None else base, PRIOR)
    kept = chances >= LEAST
    return ids[kept], chances[kept]


def _generation(connection: Connection) -> int:
    return int(connection.execute(select(s.library.c.generation)).scalar_one())


def _annotator(connection: Connection) -> int:
    """The id of the annotator that definitions speak as, written down if it is new."""
    found: int | None = connection.execute(select(_A.id).where(_A.name == DEFINED)).scalar()
    if found is None:
        connection.execute(insert(s.annotators).values(name=DEFINED, version=_VERSION, current=True))
        found = connection.execute(select(_A.id).where(_A.name == DEFINED)).scalar_one()
        store_limits(connection, found, Limits(SHOWN, {}))
    return found


def _shown(connection: Connection, tag: int) -> int:
    said = s.annotation_tags.c
    number = select(func.count()).where(said.tag_id == tag, said.annotator_id == _annotator(connection), said.shown)
    return int(connection.execute(number).scalar_one())


def _clear(connection: Connection, tag: int, images: set[int] | None = None) -> set[int]:
    """Remove a defined tag from these images, or from all; returns those that had it."""
    said = s.annotation_tags.c
    its = (said.tag_id == tag) & (said.annotator_id == _annotator(connection))
    had = set(connection.execute(select(said.image_id).where(its)).scalars())
    gone = had if images is None else had & images
    for piece in pieces(sorted(gone)):
        connection.execute(delete(s.annotation_tags).where(its, said.image_id.in_(piece)))
    return gone


def _write(connection: Connection, tag: int, likely: Likely) -> set[int]:
    """Write a defined tag down on these images; returns them."""
    annotator = _annotator(connection)
    ids, chances = likely[0].tolist(), likely[1].tolist()
    rows = [
        {"image_id": image, "annotator_id": annotator, "tag_id": tag, "probability": chance, "shown": chance >= SHOWN}
        for image, chance in zip(ids, chances, strict=True)
    ]
    if rows:
        connection.execute(insert(s.annotation_tags), rows)
    return set(ids)
