"""Reading what the catalog knows of files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotators import failure_heard
from imsearch.engine.stores.sql.companions import companions_among, is_own
from imsearch.records import Failure

_I, _F = s.images.c, s.files.c
# Made once: making a statement takes longer than running it.
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


def known_files(connection: Connection, folder: Path) -> dict[str, KnownFile]:
    """Return the entries of the files under a folder, or of one file, by absolute path as `os.scandir` gives it.

    `KnownFile.image_id` is None for a file whose last reading failed.
    """
    decode = os.fsdecode
    table = s.files.c
    files = select(table.path, table.image_id, table.size, table.mtime_ns, table.beside, table.ctime_ns)
    files = files.where(under(table.path, folder))
    gone = s.failures.c
    failed = select(gone.path, gone.reason, gone.size, gone.mtime_ns, gone.ctime_ns)
    failed = failed.where(under(gone.path, folder), gone.annotator == "")
    known = {}
    for path, reason, size, mtime_ns, ctime_ns in connection.execute(failed):
        lasts = size is not None
        known[decode(path)] = KnownFile(None, size or 0, mtime_ns or 0, 0, ctime_ns or 0, reason if lasts else "")
    for path, *facts in connection.execute(files):
        known[decode(path)] = KnownFile(*facts)
    return known


def images_by_path(connection: Connection, paths: Iterable[Path]) -> dict[Path, int]:
    """The ids of the images that these files hold; files that are not known are left out."""
    keys = {path: _key(path) for path in paths}
    found: dict[bytes, int] = {}
    for piece in pieces(dict.fromkeys(keys.values())):
        known = select(s.files.c.path, s.files.c.image_id).where(s.files.c.path.in_(piece))
        found.update((path, image) for path, image in connection.execute(known))
    return {path: found[key] for path, key in keys.items() if key in found}


def paths_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[Path]]:
    """The files of images, by path; images without any are left out."""
    found: dict[int, list[Path]] = {}
    for piece in pieces(ids):
        files = select(s.files.c.image_id, s.files.c.path).where(s.files.c.image_id.in_(piece))
        for image, path in connection.execute(files.order_by(s.files.c.path)):
            found.setdefault(image, []).append(Path(os.fsdecode(path)))
    return found


def live(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Those of these images that still have a file."""
    found: set[int] = set()
    for piece in pieces(ids):
        found.update(connection.execute(select(s.files.c.image_id).where(s.files.c.image_id.in_(piece))).scalars())
    return found


def files_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
    """The files of images as they were when they were read, the last recorded first; none for one without."""
    found: dict[int, list[FileSeen]] = {}
    for piece in pieces(ids):
        for image, path, size, mtime_ns in connection.execute(_FILES, {"ids": piece}).all():
            found.setdefault(image, []).append(FileSeen(Path(os.fsdecode(path)), size, mtime_ns))
    return found


def known_image(connection: Connection, image: int) -> KnownImage | None:
    """Return what is needed to open an image, with one statement; None when it is unknown or has no file any more."""
    found = connection.execute(_KNOWN, {"image": image}).all()
    if not found:
        return None
    files = (FileSeen(Path(os.fsdecode(row.path)), row.size, row.mtime_ns, ctime_ns=row.ctime_ns) for row in found)
    return KnownImage(*found[0][:5], files=tuple(files))


def companions(connection: Connection, paths: Iterable[str]) -> set[str]:
    """Those of these files that belong to a picture without holding its bytes: raw files beside a JPEG."""
    return set(map(os.fsdecode, companions_among(connection, map(os.fsencode, paths))))


def images_with_copies(connection: Connection) -> list[int]:
    """The images whose bytes several files hold, in order of id."""
    several = select(s.files.c.image_id).join_from(s.files, s.images).where(is_own())
    several = several.group_by(s.files.c.image_id).having(func.count() > 1)
    return list(connection.execute(several.order_by(s.files.c.image_id)).scalars())


def failures(connection: Connection, folder: Path | None = None) -> tuple[Failure, ...]:
    """The files that could not be read and the annotators that failed, under a folder or all, by path."""
    table = s.failures.c
    failed = select(table.path, table.reason, table.annotator).where(failure_heard(table.annotator))
    failed = failed.order_by(table.path, table.annotator)
    if folder is not None:
        failed = failed.where(under(table.path, folder))
    return tuple(
        Failure(Path(os.fsdecode(path)), reason, annotator) for path, reason, annotator in connection.execute(failed)
    )


def _key(path: Path) -> bytes:
    """A path as the catalog holds it: absolute and without "..", links not followed; see `imsearch.indexer.scan`."""
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links


def under(column: ColumnElement[bytes], folder: Path) -> ColumnElement[bool]:
    """Paths inside a folder, or that very path: a range of bytes, so that the index of the column serves."""
    path = _key(folder)
    separator = os.fsencode(os.sep)
    inside = path if path.endswith(separator) else path + separator
    return or_(column == path, and_(column >= inside, column < inside[:-1] + bytes([inside[-1] + 1])))
