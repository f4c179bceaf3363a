"""Reading the vectors of annotators, and which of them make any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, and_, exists, func, join, select

from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import HEARD

if TYPE_CHECKING:
    from numpy import float16, float32, int64
    from numpy.typing import NDArray


def vectors(connection: Connection, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
    """The vectors that the current version of an annotator made of these images."""
    import numpy as np

    made = (
        select(s.vectors.c.image_id, s.vectors.c.vector)
        .join_from(s.vectors, s.annotators)
        .where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)
    )
    found: dict[int, NDArray[float32]] = {}
    for piece in pieces(ids):
        for image, vector in connection.execute(made.where(s.vectors.c.image_id.in_(piece))):
            found[image] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
    return found


def annotated_since(connection: Connection, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
    """Those of these images that the current version of an annotator has looked at after that generation."""
    newer = (
        select(s.annotations.c.image_id)
        .join_from(s.annotations, s.annotators)
        .where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)
        .where(s.annotations.c.generation > generation)
    )
    found: set[int] = set()
    for piece in pieces(ids):
        found.update(connection.execute(newer.where(s.annotations.c.image_id.in_(piece))).scalars())
    return found


def count_vectors(connection: Connection, annotator: str) -> int:
    """Return the number of images, with files or without, that have vectors of an annotator's current version."""
    made = select(func.count()).select_from(join(s.vectors, s.annotators))
    return connection.execute(made.where(s.annotators.c.name == annotator, s.annotators.c.current, HEARD)).scalar_one()


def all_vectors(connection: Connection, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
    """The images with files that the current version of an annotator made vectors of, by id, and the vectors."""
    import numpy as np

    filed = exists().where(s.files.c.image_id == s.vectors.c.image_id)
    current = and_(s.annotators.c.name == annotator, s.annotators.c.current, HEARD, filed)
    source = join(s.vectors, s.annotators)
    length = vector_spaces(connection).get(annotator, ("", 0))[1]
    count = connection.execute(select(func.count()).select_from(source).where(current)).scalar_one()
    ids, vectors = np.empty(count, np.int64), np.empty((count, length), np.float16)
    columns = select(s.vectors.c.image_id, s.vectors.c.vector).select_from(source)
    rows = connection.execution_options(yield_per=1000).execute(columns.where(current).order_by("image_id"))
    for number, (image, vector) in enumerate(rows):
        ids[number], vectors[number] = image, np.frombuffer(vector, "<f2")
    return ids, vectors


def vector_spaces(connection: Connection) -> dict[str, tuple[str, int]]:
    """The current version and vector length of every annotator that makes vectors, by name."""
    columns = s.annotators.c
    makers = select(columns.name, columns.version, columns.vector_length).where(
        columns.current, columns.vector_length.is_not(None), HEARD
    )
    return {name: (version, length) for name, version, length in connection.execute(makers)}
