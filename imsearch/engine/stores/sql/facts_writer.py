"""Writing down what is said of images: the columns that cameras fill, and the texts of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from imsearch.engine.stores.batch import ImageFacts, Reading
from imsearch.engine.stores.sql import schema as s


def write_facts(connection: Connection, readings: Sequence[Reading], ids: Mapping[str, int]) -> None:
    """Replace what is said of the images of these readings, where they have facts.

    Works inside the recorder's transaction, before it points the files to their images.  Of several copies of an
    image, one without files beside it does not take away what was read beside another one.
    """
    said: dict[int, tuple[int, ImageFacts]] = {}
    for reading in readings:
        if reading.facts is not None:
            image, beside = ids[reading.sha256], reading.file.beside
            if image not in said or beside or not said[image][0]:
                said[image] = beside, reading.facts
    poorer = {image: facts.version for image, (beside, facts) in said.items() if not beside}
    for image in _better_described(connection, poorer, readings):
        del said[image]
    if not said:
        return
    rows = [{"key": image, **_columns(facts)} for image, (_, facts) in said.items()]
    connection.execute(update(s.images).where(s.images.c.id == bindparam("key")), rows)
    hashed = [{"key": image, "phash": facts.phash} for image, (_, facts) in said.items() if facts.phash is not None]
    if hashed:  # reading headers again must not take away what the pixels gave
        connection.execute(update(s.images).where(s.images.c.id == bindparam("key")), hashed)
    connection.execute(delete(s.texts).where(s.texts.c.image_id.in_(list(said))))
    texts = [{"image_id": image, **asdict(text)} for image, (_, facts) in said.items() for text in facts.texts]
    if texts:
        connection.execute(insert(s.texts), texts)


def _better_described(connection: Connection, poorer: Mapping[int, int], readings: Sequence[Reading]) -> list[int]:
    """Of images and versions, those that another file, with files beside it, has already described as well."""
    bare = {bytes(reading.file.path) for reading in readings if not reading.file.beside}
    described = (
        select(s.files.c.path, s.images.c.id, s.images.c.facts_version)
        .join_from(s.files, s.images)
        .where(s.files.c.image_id.in_(list(poorer)), s.files.c.beside != 0)
    )
    rows = connection.execute(described) if poorer else ()
    return sorted({image for path, image, version in rows if path not in bare and version >= poorer[image]})


def _columns(facts: ImageFacts) -> dict[str, object]:
    return {
        "taken_at": facts.taken_at,
        "metadata": dict(facts.metadata),
        "facts_version": facts.version,
        **asdict(facts.facts),
    }
