"""What images show: the tags and vectors of the annotators, and the verdicts of the user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, exists, func, join, select, union

from imsearch.engine import schema as s
from imsearch.engine.catalog_base import CatalogBase, pieces
from imsearch.engine.tagging import merge
from imsearch.records import Tag

if TYPE_CHECKING:
    from numpy import float16, float32, int64, uint64
    from numpy.typing import NDArray


class CatalogTags(CatalogBase):
    """Reads tags and vectors."""

    def tags_of(self, ids: Iterable[int]) -> dict[int, tuple[Tag, ...]]:
        """The tags of images, the long tail too, the likeliest first; () for an image without any."""
        found: dict[int, tuple[Tag, ...]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                said = _said(connection, piece)
                verdicts = _verdicts(connection, piece)
                found.update((image, merge(said.get(image, ()), verdicts.get(image, {}))) for image in piece)
        return found

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        """What the user added (1) and rejected (-1), by image and tag; images without verdicts are left out."""
        found: dict[int, dict[str, int]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                found.update(_verdicts(connection, piece))
        return found

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        """What people wrote of images, as (source, text): "title", "description" or "keyword"; none where nothing."""
        table = s.texts.c
        found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        with self.reading() as connection:
            for piece in pieces(ids):
                written = select(table.image_id, table.source, table.text).where(table.image_id.in_(piece))
                for image, source, text in connection.execute(written.order_by(table.id)):
                    found[image].append((source, text))
        return dict(found)

    def tag_names(self) -> list[str]:
        """Every tag an image ever had, shown or not."""
        with self.reading() as connection:
            return list(connection.execute(select(s.tags.c.name)).scalars())

    def tag_counts(self, prefix: str = "") -> list[tuple[str, int]]:
        """The shown tags that start with `prefix` and the number of images that show each, most frequent first."""
        said, user = s.annotation_tags.c, s.corrections.c
        rejected = exists().where(user.image_id == said.image_id, user.tag_id == said.tag_id, user.verdict < 0)
        showing = union(
            select(said.tag_id, said.image_id).where(said.shown, ~rejected),
            select(user.tag_id, user.image_id).where(user.verdict > 0),
        ).subquery()
        counted = (
            select(s.tags.c.name, func.count())
            .join_from(showing, s.tags, s.tags.c.id == showing.c.tag_id)
            .where(exists().where(s.files.c.image_id == showing.c.image_id))
            .where(s.tags.c.name.startswith(prefix, autoescape=True))
            .group_by(s.tags.c.name)
            .order_by(func.count().desc(), s.tags.c.name)
        )
        with self.reading() as connection:
            return [(name, count) for name, count in connection.execute(counted)]

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        """The vector that the current version of an annotator made of an image."""
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        """The vectors that the current version of an annotator made of these images."""
        import numpy as np

        made = (
            select(s.vectors.c.image_id, s.vectors.c.vector)
            .join_from(s.vectors, s.annotators)
            .where(s.annotators.c.name == annotator, s.annotators.c.current)
        )
        found: dict[int, NDArray[float32]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                for image, vector in connection.execute(made.where(s.vectors.c.image_id.in_(piece))):
                    found[image] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
        return found

    def hashes(self) -> tuple[NDArray[int64], NDArray[uint64]]:
        """The images with files, in order of id, and their perceptual hashes; 0 where there is none or it is empty."""
        import numpy as np

        filed = exists().where(s.files.c.image_id == s.images.c.id)
        held = select(s.images.c.id, func.coalesce(s.images.c.phash, 0)).where(filed).order_by(s.images.c.id)
        with self.reading() as connection:
            rows = np.array(connection.execute(held).all(), np.int64).reshape(-1, 2)
        return rows[:, 0].copy(), rows[:, 1].copy().view(np.uint64)

    def all_vectors(self, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
        """The images with files that the current version of an annotator made vectors of, by id, and the vectors."""
        import numpy as np

        filed = exists().where(s.files.c.image_id == s.vectors.c.image_id)
        current = and_(s.annotators.c.name == annotator, s.annotators.c.current, filed)
        source = join(s.vectors, s.annotators)
        length = self.vector_spaces().get(annotator, ("", 0))[1]
        with self.reading() as connection:
            count = connection.execute(select(func.count()).select_from(source).where(current)).scalar_one()
            ids, vectors = np.empty(count, np.int64), np.empty((count, length), np.float16)
            columns = select(s.vectors.c.image_id, s.vectors.c.vector).select_from(source)
            rows = connection.execution_options(yield_per=1000).execute(columns.where(current).order_by("image_id"))
            for number, (image, vector) in enumerate(rows):
                ids[number], vectors[number] = image, np.frombuffer(vector, "<f2")
        return ids, vectors

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""
        columns = s.annotators.c
        makers = select(columns.name, columns.version, columns.vector_length).where(
            columns.current, columns.vector_length.is_not(None)
        )
        with self.reading() as connection:
            return {name: (version, length) for name, version, length in connection.execute(makers)}


def _said(connection: Connection, ids: Sequence[int]) -> dict[int, list[Tag]]:
    """What the annotators said of these images."""
    table = s.annotation_tags
    statement = (
        select(table.c.image_id, s.tags.c.name, table.c.probability, s.annotators.c.name, table.c.shown)
        .join_from(table, s.tags)
        .join(s.annotators, table.c.annotator_id == s.annotators.c.id)
        .where(table.c.image_id.in_(ids))
    )
    said: defaultdict[int, list[Tag]] = defaultdict(list)
    for image, name, probability, source, shown in connection.execute(statement):
        said[image].append(Tag(name, probability, source, shown))
    return said


def _verdicts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    statement = (
        select(s.corrections.c.image_id, s.tags.c.name, s.corrections.c.verdict)
        .join_from(s.corrections, s.tags)
        .where(s.corrections.c.image_id.in_(ids))
    )
    verdicts: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for image, name, verdict in connection.execute(statement):
        verdicts[image][name] = verdict
    return verdicts
