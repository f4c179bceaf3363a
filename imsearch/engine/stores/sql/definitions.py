"""The statements behind defined tags; see `imsearch.engine.stores.definitions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, delete, func, insert, select, update

from imsearch.engine.stores.definitions import SHOWN, Definition, Phrase
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotation_writer import AnnotationWriter
from imsearch.engine.stores.sql.thresholds import store_limits
from imsearch.records import DEFINED

_D, _A, _S = s.definitions.c, s.annotators.c, s.annotation_tags.c
_VERSION = "1"


def definitions(connection: Connection, tag: int | None = None) -> tuple[Definition, ...]:
    """All of a library, by the names they go by; or that of the tag of this id."""
    live = select(s.files.c.image_id)
    counts = (
        select(_S.tag_id, func.count(), func.count().filter(_S.shown))
        .join(s.annotators, _A.id == _S.annotator_id)
        .where(_A.name == DEFINED, _S.image_id.in_(live))
        .group_by(_S.tag_id)
    )
    rows = select(_D.tag_id, s.tags.c.name, _D.text, _D.space)
    rows = rows.join_from(s.definitions, s.tags, s.tags.c.id == named(_D.tag_id))
    if tag is not None:
        rows = rows.where(_D.tag_id == tag)
    found = {each: (number, shown) for each, number, shown in connection.execute(counts)}
    return tuple(
        Definition(name, text, space, shown, number - shown)
        for each, name, text, space in connection.execute(rows.order_by(s.tags.c.name))
        for number, shown in [found.get(each, (0, 0))]
    )


def phrases(connection: Connection) -> list[Phrase]:
    """Return the phrases of defined tags."""
    rows = select(_D.tag_id, _D.text, _D.space, _D.base, _D.generation)
    return [Phrase(*row) for row in connection.execute(rows)]


class SqlDefining:
    """Reads and writes on the connection of one transaction."""

    def __init__(self, connection: Connection, writer: AnnotationWriter, mark: Callable[..., None]) -> None:
        """mark: lets the indexes follow what happened to these images; takes `always`, too."""
        self._connection = connection
        self._writer = writer
        self._mark = mark

    def tag(self, name: str) -> int:
        return self._writer.ids_of_tags(self._connection, {name})[name]

    def defined(self, name: str) -> int | None:
        # A tag may have been renamed since.
        names = s.tags.c.id.in_((_D.tag_id, named(_D.tag_id)))
        found = select(_D.tag_id).join_from(s.definitions, s.tags, names)
        tag: int | None = self._connection.execute(found.where(s.tags.c.name == name)).scalar()
        return tag

    def put(self, phrase: Phrase) -> None:
        self._connection.execute(delete(s.definitions).where(_D.tag_id == phrase.tag))
        self._connection.execute(
            insert(s.definitions).values(
                tag_id=phrase.tag,
                text=phrase.text,
                space=phrase.space,
                base=phrase.base,
                generation=self._generation(),
            )
        )

    def judged(self, tag: int) -> None:
        now = update(s.definitions).where(_D.tag_id == tag).values(generation=self._generation())
        self._connection.execute(now)

    def remove(self, tag: int) -> None:
        self._connection.execute(delete(s.definitions).where(_D.tag_id == tag))
        if not self._connection.execute(select(func.count()).select_from(s.definitions)).scalar_one():
            self._connection.execute(delete(s.annotators).where(_A.name == DEFINED))

    def shown(self, tag: int) -> int:
        number = select(func.count()).where(_S.tag_id == tag, _S.annotator_id == self._annotator(), _S.shown)
        return int(self._connection.execute(number).scalar_one())

    def write(self, tag: int, likely: Sequence[tuple[int, float]], among: Iterable[int] | None = None) -> set[int]:
        annotator = self._annotator()
        its = (_S.tag_id == tag) & (_S.annotator_id == annotator)
        had = set(self._connection.execute(select(_S.image_id).where(its)).scalars())
        gone = had if among is None else had.intersection(among)
        for piece in pieces(sorted(gone)):
            self._connection.execute(delete(s.annotation_tags).where(its, _S.image_id.in_(piece)))
        rows = [
            {
                "image_id": image,
                "annotator_id": annotator,
                "tag_id": tag,
                "probability": chance,
                "shown": chance >= SHOWN,
            }
            for image, chance in likely
        ]
        if rows:
            self._connection.execute(insert(s.annotation_tags), rows)
        return gone.union(image for image, _ in likely)

    def mark_changed(self, images: Iterable[int], *, always: bool = False) -> None:
        self._mark(self._connection, images, always=always)

    def _generation(self) -> int:
        return int(self._connection.execute(select(s.library.c.generation)).scalar_one())

    def _annotator(self) -> int:
        """The id of the annotator that definitions speak as, written down if it is new."""
        own = select(_A.id).where(_A.name == DEFINED)
        found: int | None = self._connection.execute(own).scalar()
        if found is None:
            self._connection.execute(insert(s.annotators).values(name=DEFINED, version=_VERSION, current=True))
            found = self._connection.execute(own).scalar_one()
            store_limits(self._connection, found, Limits(SHOWN, {}))
        return found
