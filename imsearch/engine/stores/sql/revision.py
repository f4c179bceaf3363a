"""One transaction of the user's changes to tags; see `imsearch.engine.stores.journal.Revision`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from imsearch.engine.stores.journal import Edit, Known
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import journal, tag_names
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.aliases import named
from imsearch.engine.stores.sql.annotation_writer import AnnotationWriter
from imsearch.engine.stores.sql.annotators import HEARD
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.stores.tagging import Word


class SqlRevision:
    """Reads and writes on the connection of one transaction."""

    def __init__(
        self, connection: Connection, writer: AnnotationWriter, mark: Callable[[Connection, Iterable[int]], None]
    ) -> None:
        """mark: lets the indexes follow what happened to these images."""
        self._connection = connection
        self._writer = writer
        self._mark = mark

    def tag_names(self) -> TagNames:
        return tag_names.tag_names(self._connection)

    def tag_ids(self, names: Iterable[str]) -> Mapping[str, int]:
        return self._writer.ids_of_tags(self._connection, set(names))

    def unknown(self, images: Iterable[int]) -> set[int]:
        left = set(images)
        for piece in pieces(sorted(left)):
            left.difference_update(
                self._connection.execute(select(s.images.c.id).where(s.images.c.id.in_(piece))).scalars()
            )
        return left

    def known(self, images: Iterable[int], tags: Mapping[int, str]) -> Known:
        known = Known()
        said, user = s.annotation_tags.c, s.corrections.c
        by_machine = select(said.image_id, said.tag_id, s.annotators.c.name).join_from(s.annotation_tags, s.annotators)
        by_user = select(user.image_id, user.tag_id, named(user.tag_id), user.verdict)
        for piece in pieces(images):
            here = by_machine.where(said.image_id.in_(piece), said.tag_id.in_(tags), HEARD).order_by(said.probability)
            rows = self._connection.execute(here)
            known.said.update(((image, tags[tag]), source) for image, tag, source in rows)
            words = by_user.where(user.image_id.in_(piece), user.tag_id.in_(tags))
            for image, tag, name_id, verdict in self._connection.execute(words):
                known.words[image, tags[tag]].append(Word(tag, name_id, tags[tag], verdict))
        return known

    def is_given(self, tag: int) -> bool:
        return tag_names.is_given(self._connection, tag)

    def is_in_use(self, tags: Sequence[int]) -> bool:
        return tag_names.is_in_use(self._connection, tags)

    def carriers(self, tags: Iterable[int]) -> list[int]:
        return journal.carriers(self._connection, tags)

    def set_verdicts(self, edits: Iterable[Edit]) -> None:
        table = s.corrections
        rows = [{"image_id": edit.image_id, "tag_id": edit.tag_id, "verdict": edit.after} for edit in edits]
        if rows:
            this = delete(table).where(table.c.image_id == bindparam("image"), table.c.tag_id == bindparam("tag"))
            self._connection.execute(this, [{"image": row["image_id"], "tag": row["tag_id"]} for row in rows])
        if kept := [row for row in rows if row["verdict"] is not None]:
            self._connection.execute(insert(table), kept)

    def set_names(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            self._connection.execute(delete(s.aliases).where(s.aliases.c.tag_id == edit.tag_id))
            if edit.after is not None:
                self._connection.execute(insert(s.aliases).values(tag_id=edit.tag_id, name_id=edit.after))

    def mark_changed(self, images: Iterable[int]) -> None:
        self._mark(self._connection, images)

    def note(self, action: str, edits: Iterable[Edit]) -> int:
        return journal.write(self._connection, action, edits)

    def last(self) -> tuple[int, list[Edit]] | None:
        return journal.last(self._connection)

    def is_undone(self, number: int) -> bool | None:
        return journal.is_undone(self._connection, number)

    def mark_undone(self, number: int) -> None:
        journal.mark_undone(self._connection, number)
