"""The catalog as its readers see it: files, images, tags, failures, and what changed since when.

The catalog is the only truth; the indexes are made from it.  Writing is in `imsearch.engine.recorder`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, or_, select

from imsearch.engine import schema as s
from imsearch.engine.batch import KnownFile
from imsearch.engine.database import check_file, connect, translated
from imsearch.engine.tagging import merge
from imsearch.records import Failure, Image, Tag

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

FILE_NAME = "catalog.sqlite3"
_MOST_AT_ONCE = 1000
"""Values in one ``IN (...)``; SQLite takes 32,766, statements of this length are still quick to make."""


def pieces(values: Iterable[int], size: int = _MOST_AT_ONCE) -> Iterator[list[int]]:
    """Cut into lists of at most `size`."""
    iterator = iter(values)
    while piece := list(islice(iterator, size)):
        yield piece


class Catalog:
    """Reads the catalog; every call sees the newest committed state."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Open an existing catalog; raises `LibraryError` when it is damaged or cannot be read."""
        check_file(path)
        self.path = path
        self.engine: Engine = connect(path, write=write)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements all see one state."""
        with translated(self.path), self.engine.connect() as connection:
            yield connection

    def identity(self) -> tuple[str, int]:
        """The library's own id and its generation, which grows with every change."""
        with self.reading() as connection:
            row = connection.execute(select(s.library.c.uid, s.library.c.generation)).one()
        return row.uid, row.generation

    # -- files and images

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        """What is known of the files under a folder, or of that one file, by absolute path as `os.scandir` gives it.

        `KnownFile.image_id` is None for a file whose last reading failed.
        """
        decode = os.fsdecode
        with self.reading() as connection:
            rows = connection.execute(
                select(s.files.c.path, s.files.c.image_id, s.files.c.size, s.files.c.mtime_ns).where(
                    _under(s.files.c.path, folder)
                )
            ).all()
            failed = connection.execute(
                select(s.failures.c.path).where(_under(s.failures.c.path, folder), s.failures.c.annotator == "")
            ).scalars()
            known = {decode(path): KnownFile(None, 0, 0) for path in failed}
        known.update((decode(path), KnownFile(image, size, mtime)) for path, image, size, mtime in rows)
        return known

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        """The ids of those of these bytes that the catalog knows, whether or not a file still holds them."""
        wanted = list(hashes)
        found: dict[str, int] = {}
        with self.reading() as connection:
            for start in range(0, len(wanted), _MOST_AT_ONCE):
                piece = wanted[start : start + _MOST_AT_ONCE]
                rows = connection.execute(
                    select(s.images.c.sha256, s.images.c.id).where(s.images.c.sha256.in_(piece))
                ).all()
                found.update((sha256, image) for sha256, image in rows)
        return found

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """The images that the current version of some of these annotators has not seen, and which those are."""
        lacks: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        current = select(s.annotators.c.id).where(s.annotators.c.current)
        with self.reading() as connection:
            for name in annotators:
                annotator = current.where(s.annotators.c.name == name).scalar_subquery()
                seen = exists().where(
                    s.annotations.c.image_id == s.images.c.id, s.annotations.c.annotator_id == annotator
                )
                for image in connection.execute(select(s.images.c.id).where(~seen)).scalars():
                    lacks[image] += (name,)
        return dict(lacks)

    def image(self, path_or_id: Path | int) -> Image | None:
        """One image by its id or by one of its files; None when it is unknown or has no file any more."""
        if isinstance(path_or_id, int):
            return self.images([path_or_id]).get(path_or_id)
        with self.reading() as connection:
            path = os.fsencode(path_or_id.absolute())
            found = connection.execute(select(s.files.c.image_id).where(s.files.c.path == path)).scalar()
        return None if found is None else self.images([found]).get(found)

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        """The images of these ids that still have files."""
        found: dict[int, Image] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                paths: defaultdict[int, list[Path]] = defaultdict(list)
                for image, path in connection.execute(
                    select(s.files.c.image_id, s.files.c.path)
                    .where(s.files.c.image_id.in_(piece))
                    .order_by(s.files.c.seen.desc(), s.files.c.path)
                ):
                    paths[image].append(Path(os.fsdecode(path)))
                for row in connection.execute(select(s.images).where(s.images.c.id.in_(list(paths)))):
                    found[row.id] = Image(
                        row.id, row.sha256, row.width, row.height, row.format, row.bytes,
                        tuple(paths[row.id]), row.taken_at, row.metadata,
                    )  # fmt: skip
        return found

    # -- tags

    def tags_of(self, ids: Iterable[int]) -> dict[int, tuple[Tag, ...]]:
        """The tags of images, the long tail too, the likeliest first; () for an image without any."""
        found: dict[int, tuple[Tag, ...]] = {}
        said, table = select(
            s.annotation_tags.c.image_id, s.tags.c.name, s.annotation_tags.c.probability,
            s.annotators.c.name, s.annotation_tags.c.shown,
        ), s.annotation_tags  # fmt: skip
        said = said.join_from(table, s.tags).join(s.annotators, table.c.annotator_id == s.annotators.c.id)
        with self.reading() as connection:
            for piece in pieces(ids):
                tags: dict[int, list[Tag]] = {image: [] for image in piece}
                for image, name, probability, source, shown in connection.execute(
                    said.where(table.c.image_id.in_(piece))
                ):
                    tags[image].append(Tag(name, probability, source, shown))
                verdicts = self._verdicts(connection, piece)
                found.update((image, merge(tags[image], verdicts.get(image, {}))) for image in piece)
        return found

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        """What the user added (1) and rejected (-1), by image and tag; images without verdicts are left out."""
        found: dict[int, dict[str, int]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                found.update(self._verdicts(connection, piece))
        return found

    @staticmethod
    def _verdicts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, int]]:
        verdicts: defaultdict[int, dict[str, int]] = defaultdict(dict)
        for image, name, verdict in connection.execute(
            select(s.corrections.c.image_id, s.tags.c.name, s.corrections.c.verdict)
            .join_from(s.corrections, s.tags)
            .where(s.corrections.c.image_id.in_(ids))
        ):
            verdicts[image][name] = verdict
        return dict(verdicts)

    def tag_names(self) -> list[str]:
        """Every tag any image has, shown or not."""
        with self.reading() as connection:
            return list(connection.execute(select(s.tags.c.name)).scalars())

    # -- failures, vectors, changes

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        """The files that could not be read and the annotators that failed, under a folder or all, by path."""
        statement = select(s.failures.c.path, s.failures.c.reason, s.failures.c.annotator).order_by(
            s.failures.c.path, s.failures.c.annotator
        )
        if folder is not None:
            statement = statement.where(_under(s.failures.c.path, folder))
        with self.reading() as connection:
            return tuple(
                Failure(Path(os.fsdecode(path)), reason, annotator)
                for path, reason, annotator in connection.execute(statement)
            )

    def changed_since(self, generation: int) -> list[int]:
        """The images changed after that generation, in order of id; 0 asks for all."""
        with self.reading() as connection:
            return list(
                connection.execute(
                    select(s.changes.c.image_id)
                    .where(s.changes.c.generation > generation)
                    .order_by(s.changes.c.image_id)
                ).scalars()
            )

    def live(self, ids: Iterable[int]) -> set[int]:
        """Those of these images that still have a file."""
        found: set[int] = set()
        with self.reading() as connection:
            for piece in pieces(ids):
                found.update(
                    connection.execute(
                        select(s.files.c.image_id).where(s.files.c.image_id.in_(piece)).distinct()
                    ).scalars()
                )
        return found

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        """The vector that the current version of an annotator made of an image."""
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        """The vectors that the current version of an annotator made of these images."""
        import numpy as np

        found: dict[int, NDArray[float32]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                for image, vector in connection.execute(
                    select(s.vectors.c.image_id, s.vectors.c.vector)
                    .join_from(s.vectors, s.annotators)
                    .where(s.annotators.c.name == annotator, s.annotators.c.current, s.vectors.c.image_id.in_(piece))
                ):
                    found[image] = np.frombuffer(vector, dtype="<f2").astype(np.float32)
        return found

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        """The current version and vector length of every annotator that makes vectors, by name."""
        with self.reading() as connection:
            rows = connection.execute(
                select(s.annotators.c.name, s.annotators.c.version, s.annotators.c.vector_length).where(
                    s.annotators.c.current, s.annotators.c.vector_length.is_not(None)
                )
            ).all()
        return {name: (version, length) for name, version, length in rows}

    def tag_counts(self, prefix: str = "") -> list[tuple[str, int]]:
        """The shown tags that start with `prefix` and the number of images that show each, most frequent first."""
        table = s.annotation_tags
        live = exists().where(s.files.c.image_id == table.c.image_id)
        said = (
            select(table.c.tag_id, table.c.image_id)
            .where(table.c.shown, live)
            .union(
                select(s.corrections.c.tag_id, s.corrections.c.image_id).where(
                    s.corrections.c.verdict > 0, exists().where(s.files.c.image_id == s.corrections.c.image_id)
                )
            )
            .except_(select(s.corrections.c.tag_id, s.corrections.c.image_id).where(s.corrections.c.verdict < 0))
            .subquery()
        )
        count = func.count()
        statement = (
            select(s.tags.c.name, count)
            .join_from(said, s.tags, s.tags.c.id == said.c.tag_id)
            .where(s.tags.c.name.startswith(prefix, autoescape=True))
            .group_by(s.tags.c.name)
            .order_by(count.desc(), s.tags.c.name)
        )
        with self.reading() as connection:
            return [(name, number) for name, number in connection.execute(statement)]


def _under(column: ColumnElement[bytes], folder: Path) -> ColumnElement[bool]:
    """Paths inside a folder, or that very path: a range of bytes, so that the index of the column serves."""
    path = os.fsencode(folder.absolute())
    separator = os.fsencode(os.sep)
    inside = path if path.endswith(separator) else path + separator
    return or_(column == path, and_(column >= inside, column < inside[:-1] + bytes([inside[-1] + 1])))
