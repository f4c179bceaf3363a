"""Reading images: what they are, who has looked at them, which have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, exists, func, select

from imsearch.engine.stores.living import preferred
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.read_files import files_of
from imsearch.records import Facts, Image

if TYPE_CHECKING:
    from numpy import int64, uint64
    from numpy.typing import NDArray

_I = s.images.c
_FACTS = tuple(each.name for each in fields(Facts))
# Made once: making a statement takes longer than running it.
_IMAGES = select(
    *(_I[name] for name in ("id", "sha256", "width", "height", "format", "bytes", "taken_at", "metadata", *_FACTS))
).where(_I.id.in_(bindparam("ids", expanding=True)))


def images(connection: Connection, ids: Iterable[int]) -> dict[int, Image]:
    """The images of these ids that still have files in the catalog.

    Of several files those come first that are there as they were indexed; only then they are looked at.
    """
    found: dict[int, Image] = {}
    for piece in pieces(ids):
        seen = files_of(connection, piece)
        for row in connection.execute(_IMAGES, {"ids": list(seen)}).all():
            image, sha256, width, height, format_, size, taken_at, metadata, *facts = row
            own = [file for file in seen[image] if file.size == size]
            if not own:
                continue
            files = tuple(preferred(own, size))
            beside = tuple(file.path for file in seen[image] if file.size != size)
            found[image] = Image(
                image, sha256, width, height, format_, size, files, taken_at, metadata, Facts(*facts), beside
            )
    return found


def images_by_sha256(connection: Connection, hashes: Iterable[str]) -> dict[str, int]:
    """The ids of those of these bytes that the catalog knows, whether or not a file still holds them."""
    found: dict[str, int] = {}
    for piece in pieces(hashes):
        known = select(s.images.c.sha256, s.images.c.id).where(s.images.c.sha256.in_(piece))
        found.update((sha256, image) for sha256, image in connection.execute(known))
    return found


def hashes(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    """The hashes of the bytes of images."""
    found: dict[int, str] = {}
    for piece in pieces(ids):
        rows = connection.execute(select(s.images.c.id, s.images.c.sha256).where(s.images.c.id.in_(piece)))
        found.update((image, sha256) for image, sha256 in rows)
    return found


def lacking(connection: Connection, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The images that the current version of some of these annotators has not seen, and which those are."""
    lacks: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
    for name in annotators:
        current = select(s.annotators.c.id).where(s.annotators.c.name == name, s.annotators.c.current)
        seen = exists().where(
            s.annotations.c.image_id == s.images.c.id,
            s.annotations.c.annotator_id == current.scalar_subquery(),
        )
        for image in connection.execute(select(s.images.c.id).where(~seen)).scalars():
            lacks[image] += (name,)
    return dict(lacks)


def read_before(connection: Connection, version: int) -> set[int]:
    """The images whose facts were read by a lower version of the program than this one."""
    older = connection.execute(select(s.images.c.id).where(s.images.c.facts_version < version))
    return set(older.scalars())


def perceptual_hashes(connection: Connection) -> tuple[NDArray[int64], NDArray[uint64]]:
    """The images with files, in order of id, and their perceptual hashes; 0 where there is none or it is empty."""
    import numpy as np

    filed = exists().where(s.files.c.image_id == s.images.c.id)
    held = select(s.images.c.id, func.coalesce(s.images.c.phash, 0)).where(filed).order_by(s.images.c.id)
    rows = np.array(connection.execute(held).all(), np.int64).reshape(-1, 2)
    return rows[:, 0].copy(), rows[:, 1].copy().view(np.uint64)


def changed_since(connection: Connection, generation: int) -> list[int]:
    """The images changed after that generation, in order of id; 0 asks for all."""
    changed = select(s.changes.c.image_id).where(s.changes.c.generation > generation)
    return list(connection.execute(changed.order_by(s.changes.c.image_id)).scalars())
