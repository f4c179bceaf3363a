"""The catalog as its readers see it: files, images, tags, failures.

The catalog is the only truth; the indexes are made from it.  Writing is in `imsearch.engine.stores.sql.recorder`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, or_, select

from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage
from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.definitions import Definition, Phrase
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.living import preferred
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import failure_heard
from imsearch.engine.stores.sql.catalog_base import pieces
from imsearch.engine.stores.sql.catalog_tags import CatalogTags
from imsearch.engine.stores.sql.companions import companions_among, is_own
from imsearch.engine.stores.sql.definitions import definitions, phrases
from imsearch.engine.stores.sql.journal import history
from imsearch.engine.stores.sql.said import said_of, spelled
from imsearch.engine.stores.sql.tag_names import judgement
from imsearch.engine.stores.sql.thresholds import stored_limits
from imsearch.engine.stores.tag_names import Judgement
from imsearch.records import Facts, Failure, Image

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_I, _F = s.images.c, s.files.c
_FACTS = tuple(each.name for each in fields(Facts))
# Made once: making a statement takes longer than running it.
_IMAGES = select(
    *(_I[name] for name in ("id", "sha256", "width", "height", "format", "bytes", "taken_at", "metadata", *_FACTS))
).where(_I.id.in_(bindparam("ids", expanding=True)))
_FILES = (
    select(_F.image_id, _F.path, _F.size, _F.mtime_ns)
    .where(_F.image_id.in_(bindparam("ids", expanding=True)))
    .order_by(_F.seen.desc(), _F.path)
)
_KNOWN = (
    select(_I.sha256, _I.width, _I.height, _I.format, _I.bytes, _F.path, _F.size, _F.mtime_ns, _F.ctime_ns)
    .join_from(s.images, s.files)
    .where(_I.id == bindparam("image"), is_own())
    .order_by(_F.seen.desc(), _F.path)
)


class Catalog(CatalogTags):
    """Reads everything the catalog knows."""

    def history(self, limit: int | None = None, number: int | None = None) -> list[Change]:
        """The changes of the user, the newest first, or the one of this number.

        A renaming concerns the images that hold the tags now; how many may differ from when it was made.
        """
        return history(self, limit, number)

    def definitions(self, tag: int | None = None) -> tuple[Definition, ...]:
        """The tags that the user defined, by the names they go by; or that of the tag of this id."""
        with self.reading() as connection:
            return definitions(connection, tag)

    def phrases(self) -> list[Phrase]:
        """What the defined tags stand for."""
        with self.reading() as connection:
            return phrases(connection)

    def limits(self) -> dict[int, Limits]:
        """The thresholds of annotators by their ids; without those that no run has used since thresholds are kept."""
        with self.reading() as connection:
            return stored_limits(connection)

    def said_of(self, images: Iterable[int]) -> NDArray[float64]:
        """What annotators said of these images: image, annotator, tag, probability, shown, shape (n, 5)."""
        with self.reading() as connection:
            return said_of(connection, images)

    def spelled(self, tags: Iterable[int]) -> dict[int, str]:
        """The tags of these ids, as annotators say them."""
        with self.reading() as connection:
            return spelled(connection, tags)

    def judgement(self) -> Judgement:
        """All tags, what the user has judged, and whose tags count, in one state."""
        with self.reading() as connection:
            return judgement(connection)

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        """What is known of the files under a folder, or of that one file, by absolute path as `os.scandir` gives it.

        `KnownFile.image_id` is None for a file whose last reading failed.
        """
        decode = os.fsdecode
        table = s.files.c
        files = select(table.path, table.image_id, table.size, table.mtime_ns, table.beside, table.ctime_ns)
        files = files.where(under(table.path, folder))
        gone = s.failures.c
        failed = select(gone.path, gone.reason, gone.size, gone.mtime_ns, gone.ctime_ns)
        failed = failed.where(under(gone.path, folder), gone.annotator == "")
        with self.reading() as connection:
            known = {}
            for path, reason, size, mtime_ns, ctime_ns in connection.execute(failed):
                lasts = size is not None
                known[decode(path)] = KnownFile(
                    None, size or 0, mtime_ns or 0, 0, ctime_ns or 0, reason if lasts else ""
                )
            for path, *facts in connection.execute(files):
                known[decode(path)] = KnownFile(*facts)
        return known

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        """The ids of those of these bytes that the catalog knows, whether or not a file still holds them."""
        found: dict[str, int] = {}
        with self.reading() as connection:
            for piece in pieces(hashes):
                known = select(s.images.c.sha256, s.images.c.id).where(s.images.c.sha256.in_(piece))
                found.update((sha256, image) for sha256, image in connection.execute(known))
        return found

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """The images that the current version of some of these annotators has not seen, and which those are."""
        lacks: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        with self.reading() as connection:
            for name in annotators:
                current = select(s.annotators.c.id).where(s.annotators.c.name == name, s.annotators.c.current)
                seen = exists().where(
                    s.annotations.c.image_id == s.images.c.id,
                    s.annotations.c.annotator_id == current.scalar_subquery(),
                )
                for image in connection.execute(select(s.images.c.id).where(~seen)).scalars():
                    lacks[image] += (name,)
        return dict(lacks)

    def read_before(self, version: int) -> set[int]:
        """The images whose facts were read by a lower version of the program than this one."""
        with self.reading() as connection:
            older = connection.execute(select(s.images.c.id).where(s.images.c.facts_version < version))
            return set(older.scalars())

    def hashes(self, ids: Iterable[int]) -> dict[int, str]:
        """The hashes of the bytes of images."""
        found: dict[int, str] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                rows = connection.execute(select(s.images.c.id, s.images.c.sha256).where(s.images.c.id.in_(piece)))
                found.update((image, sha256) for image, sha256 in rows)
        return found

    def image(self, path_or_id: Path | int) -> Image | None:
        """One image by its id or by one of its files; None when it is unknown or has no file any more."""
        if isinstance(path_or_id, int):
            return self.images([path_or_id]).get(path_or_id)
        path = _key(path_or_id)
        with self.reading() as connection:
            found = connection.execute(select(s.files.c.image_id).where(s.files.c.path == path)).scalar()
        return None if found is None else self.image(found)

    def images_by_path(self, paths: Iterable[Path]) -> dict[Path, int]:
        """The ids of the images that these files hold; files that are not known are left out."""
        keys = {path: _key(path) for path in paths}
        found: dict[bytes, int] = {}
        with self.reading() as connection:
            for piece in pieces(dict.fromkeys(keys.values())):
                known = select(s.files.c.path, s.files.c.image_id).where(s.files.c.path.in_(piece))
                found.update((path, image) for path, image in connection.execute(known))
        return {path: found[key] for path, key in keys.items() if key in found}

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        """The images of these ids that still have files in the catalog.

        Of several files those come first that are there as they were indexed; only then they are looked at.
        """
        found: dict[int, Image] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                seen = _files_of(connection, piece)
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

    def files_of(self, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
        """The files of images as they were when they were read, the last recorded first; none for one without."""
        found: dict[int, list[FileSeen]] = {}
        with self.reading() as connection:
            for piece in pieces(ids):
                found |= _files_of(connection, piece)
        return found

    def known_image(self, image: int) -> KnownImage | None:
        """What is needed to open an image, with one statement; None when it is unknown or has no file any more."""
        with self.reading() as connection:
            found = connection.execute(_KNOWN, {"image": image}).all()
        if not found:
            return None
        files = (FileSeen(Path(os.fsdecode(row.path)), row.size, row.mtime_ns, ctime_ns=row.ctime_ns) for row in found)
        return KnownImage(*found[0][:5], files=tuple(files))

    def companions(self, paths: Iterable[str]) -> set[str]:
        """Those of these files that belong to a picture without holding its bytes: raw files beside a JPEG."""
        with self.reading() as connection:
            return set(map(os.fsdecode, companions_among(connection, map(os.fsencode, paths))))

    def images_with_copies(self) -> list[int]:
        """The images whose bytes several files hold, in order of id."""
        several = select(s.files.c.image_id).join_from(s.files, s.images).where(is_own())
        several = several.group_by(s.files.c.image_id).having(func.count() > 1)
        with self.reading() as connection:
            return list(connection.execute(several.order_by(s.files.c.image_id)).scalars())

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        """The files that could not be read and the annotators that failed, under a folder or all, by path."""
        table = s.failures.c
        failed = select(table.path, table.reason, table.annotator).where(failure_heard(table.annotator))
        failed = failed.order_by(table.path, table.annotator)
        if folder is not None:
            failed = failed.where(under(table.path, folder))
        with self.reading() as connection:
            return tuple(
                Failure(Path(os.fsdecode(path)), reason, annotator)
                for path, reason, annotator in connection.execute(failed)
            )


def _files_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[FileSeen]]:
    found: defaultdict[int, list[FileSeen]] = defaultdict(list)
    for image, path, size, mtime_ns in connection.execute(_FILES, {"ids": ids}).all():
        found[image].append(FileSeen(Path(os.fsdecode(path)), size, mtime_ns))
    return dict(found)


def _key(path: Path) -> bytes:
    """A path as the catalog holds it: absolute and without "..", links not followed; see `imsearch.indexer.scan`."""
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links


def under(column: ColumnElement[bytes], folder: Path) -> ColumnElement[bool]:
    """Paths inside a folder, or that very path: a range of bytes, so that the index of the column serves."""
    path = _key(folder)
    separator = os.fsencode(os.sep)
    inside = path if path.endswith(separator) else path + separator
    return or_(column == path, and_(column >= inside, column < inside[:-1] + bytes([inside[-1] + 1])))
