"""Writing down what annotators say: tags with probabilities and the shown flag, and vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.thresholds import store_limits
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec


class AnnotationWriter:
    """Knows the annotators of this run and the ids of tags; works inside the recorder's transactions."""

    def __init__(self, tail: int) -> None:
        self._tail = tail
        self._annotators: dict[str, tuple[int, AnnotatorSpec]] = {}
        self._tag_ids: dict[str, int] = {}

    def register(self, connection: Connection, spec: AnnotatorSpec) -> set[int]:
        """Make this version the current one of its name, with its thresholds, writing it down if it is new.

        Returns the images on which it shows other tags than before, because its thresholds are others.
        """
        table = s.annotators
        which = (table.c.name == spec.name) & (table.c.version == spec.version)
        values = {"current": True, "vector_length": spec.vector_length}
        connection.execute(update(table).where(table.c.name == spec.name).values(current=False))
        if not connection.execute(update(table).where(which).values(values)).rowcount:
            connection.execute(insert(table).values(name=spec.name, version=spec.version, **values))
        annotator = connection.execute(select(table.c.id).where(which)).scalar_one()
        self._annotators[spec.name] = annotator, spec
        return store_limits(connection, annotator, Limits.of(spec))

    def forget_ids(self) -> None:
        """Drop the ids of tags learned so far: the transaction that wrote some of them has failed."""
        self._tag_ids.clear()

    def replace(self, connection: Connection, name: str, said: Mapping[int, Annotation], generation: int) -> None:
        """Write annotations, by image, in place of what any version of this annotator said of these images."""
        annotator, spec = self._annotators[name]
        versions = select(s.annotators.c.id).where(s.annotators.c.name == name)
        for table in (s.annotation_tags, s.vectors, s.annotations):
            connection.execute(
                delete(table).where(table.c.image_id.in_(list(said)), table.c.annotator_id.in_(versions))
            )
        keys = {image: {"image_id": image, "annotator_id": annotator} for image in said}
        connection.execute(insert(s.annotations), [{**key, "generation": generation} for key in keys.values()])
        kept = {image: _likeliest(annotation.tags, spec, self._tail) for image, annotation in said.items()}
        tag_ids = self.ids_of_tags(connection, {tag.name for tags in kept.values() for tag in tags})
        tags = [
            {**keys[image], "tag_id": tag_ids[tag.name], "probability": tag.probability, "shown": tag.shown}
            for image, tags in kept.items()
            for tag in tags
        ]
        if tags:
            connection.execute(insert(s.annotation_tags), tags)
        vectors = [
            {**keys[image], "vector": annotation.vector.astype("<f2").tobytes()}
            for image, annotation in said.items()
            if annotation.vector is not None
        ]
        if vectors:
            connection.execute(insert(s.vectors), vectors)

    def ids_of_tags(self, connection: Connection, names: set[str]) -> Mapping[str, int]:
        """The ids of tags; new ones are written first."""
        known = self._tag_ids
        if not known:
            known.update((name, tag) for tag, name in connection.execute(select(s.tags.c.id, s.tags.c.name)))
        _learn(connection, known, names - known.keys())  # another process may have written some meanwhile
        if new := sorted(names - known.keys()):
            connection.execute(insert(s.tags), [{"name": name} for name in new])
            _learn(connection, known, new)
        return known


def _learn(connection: Connection, known: dict[str, int], names: Iterable[str]) -> None:
    """Note the ids of those of these tags that are written down."""
    for piece in pieces(sorted(names)):
        written = select(s.tags.c.name, s.tags.c.id).where(s.tags.c.name.in_(piece))
        known.update((name, tag) for name, tag in connection.execute(written))


def _likeliest(tags: Sequence[Tag], spec: AnnotatorSpec, tail: int) -> list[Tag]:
    """The tags worth keeping: the shown ones, then the likeliest up to `tail` in all."""
    marked = sorted(spec.marked(tags), key=lambda tag: (not tag.shown, -tag.probability, tag.name))
    shown = sum(tag.shown for tag in marked)
    return [tag for tag in marked[: max(tail, shown)] if tag.probability > 0]
