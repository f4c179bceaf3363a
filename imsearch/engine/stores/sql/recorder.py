"""Writing to the catalog.  Every public method is one transaction that also notes which images it changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.home import TAIL
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.sql import folders, forgetting
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.annotation_writer import AnnotationWriter
from imsearch.engine.stores.sql.annotators import hear_again, remove_forgotten
from imsearch.engine.stores.sql.companions import drop_widows, join
from imsearch.engine.stores.sql.database import Writable
from imsearch.engine.stores.sql.definitions import SqlDefining
from imsearch.engine.stores.sql.facts_writer import write_facts
from imsearch.engine.stores.sql.locating import PIECE, Locator
from imsearch.engine.stores.sql.name_dates import follow_names
from imsearch.engine.stores.sql.revision import SqlRevision
from imsearch.records import Failure, FileState
from imsearch.specs import AnnotatorSpec

_STAMPED_AT_ONCE = 10_000
"""Files in one transaction of `Recorder.stamp`, so that corrections by other processes need not wait for long."""


class Recorder:
    """Writes what the indexer read; `revising` and `defining` what the user says.

    Several processes may each have one, and several threads may use one: a transaction waits for the one before it.
    """

    def __init__(self, catalog: Writable, tail: int = TAIL) -> None:
        self._catalog = catalog
        self._turn = Lock()
        self._annotations = AnnotationWriter(tail)
        self._locator = Locator()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn:
            try:
                with self._catalog.writing() as connection:
                    yield connection
            except BaseException:
                self._annotations.forget_ids()
                raise

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> list[str]:
        """Register these annotators; their versions become the current ones of their names.

        Forgotten ones among them are heard again; the others that were forgotten are removed for good, and their names
        returned.
        """
        with self._writing() as connection:
            changed = hear_again(connection, [spec.name for spec in specs]) or set()
            gone = remove_forgotten(connection)
            for spec in specs:
                changed |= self._annotations.register(connection, spec)
            _mark_changed(connection, changed, _next_generation(connection))
        return gone

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
        """Write down a batch of files that were read, and of files that could not be."""
        with self._writing() as connection:
            generation = _next_generation(connection)
            ids = _image_ids(connection, readings)
            write_facts(connection, readings, ids)
            lost = _point_files(connection, readings, failures, ids, generation)
            follow_names(connection, lost.union(ids.values()))
            self._locator.locate(connection, {ids[each.sha256] for each in readings if each.facts is not None})
            for name in sorted({name for reading in readings for name in reading.annotations}):
                said = {ids[each.sha256]: each.annotations[name] for each in readings if name in each.annotations}
                self._annotations.replace(connection, name, said, generation)
            _write_failures(connection, readings, failures)
            _mark_changed(connection, lost.union(ids.values()), generation)

    def forget(self, paths: Iterable[bytes]) -> int:
        """Remove files; their images stay, in case the bytes come back.  Returns how many were known."""
        files, failures = s.files, s.failures
        changed: set[int] = set()
        count = 0
        with self._writing() as connection:
            for piece in pieces(paths):
                failed = select(func.count()).where(failures.c.path.in_(piece), failures.c.annotator == "")
                count += connection.execute(failed).scalar_one()
                connection.execute(delete(failures).where(failures.c.path.in_(piece)))
                changed.update(connection.execute(select(files.c.image_id).where(files.c.path.in_(piece))).scalars())
                count += connection.execute(delete(files).where(files.c.path.in_(piece))).rowcount
            drop_widows(connection, changed)
            follow_names(connection, changed)
            _mark_changed(connection, changed, _next_generation(connection))
        return count

    def stamp(self, files: Iterable[tuple[str, int, int]]) -> None:
        """Note the `beside` and `ctime_ns` of known files that need not be read: ``(path, beside, ctime_ns)``."""
        stamped = (
            update(s.files)
            .where(s.files.c.path == bindparam("file"))
            .values(beside=bindparam("now_beside"), ctime_ns=bindparam("now_ctime"))
        )
        for piece in pieces(files, _STAMPED_AT_ONCE):
            rows = [
                {"file": os.fsencode(path), "now_beside": beside, "now_ctime": time} for path, beside, time in piece
            ]
            with self._writing() as connection:
                connection.execute(stamped, rows)

    def locate(self, images: Iterable[int]) -> None:
        """Write down where these images were taken, by the coordinates that the catalog holds."""
        for piece in pieces(images, PIECE):
            with self._writing() as connection:
                self._locator.locate(connection, piece)
                _mark_changed(connection, piece, _next_generation(connection))

    def join(self, pairs: Sequence[tuple[FileSeen, Path]], gone: Iterable[bytes]) -> None:
        """Let raw files belong to the images of the files they are paired with; those that are gone to none."""
        with self._writing() as connection:
            generation = _next_generation(connection)
            changed = join(connection, pairs, generation)
            for piece in pieces(gone):
                changed.update(
                    connection.execute(select(s.files.c.image_id).where(s.files.c.path.in_(piece))).scalars()
                )
                connection.execute(delete(s.files).where(s.files.c.path.in_(piece)))
            _mark_changed(connection, changed, generation)

    def remember_folders(self, paths: Sequence[Path]) -> None:
        folders.remember(self, paths)

    def complete_folders(self, paths: Iterable[Path]) -> None:
        folders.completed(self, paths)

    def drop_folders(self, paths: Iterable[Path]) -> None:
        folders.drop(self, paths)

    def forget_annotator(self, name: str) -> int:
        return forgetting.forget(self, name)

    def restore_annotator(self, name: str) -> int:
        return forgetting.restore(self, name)

    # -- what the user changes

    @contextmanager
    def revising(self) -> Iterator[SqlRevision]:
        """One transaction of the user's; nothing of it is kept when the block raises."""
        with self._writing() as connection:
            yield SqlRevision(connection, self._annotations, self.mark_changed)

    @contextmanager
    def defining(self) -> Iterator[SqlDefining]:
        """One transaction in which definitions change; nothing of it is kept when the block raises."""
        with self._writing() as connection:
            yield SqlDefining(connection, self._annotations, self.mark_changed)

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction; nothing of it is kept when the block raises."""
        return self._writing()

    def mark_changed(self, connection: Connection, images: Iterable[int], *, always: bool = False) -> None:
        """Let the indexes follow what this transaction did to these images.

        always: count it as a change of the library even where no image changed.
        """
        generation = _next_generation(connection)
        _mark_changed(connection, images, generation)
        if always:
            connection.execute(update(s.library).values(generation=generation))


def _next_generation(connection: Connection) -> int:
    """The generation this transaction makes, if it changes images."""
    return int(connection.execute(select(s.library.c.generation)).scalar_one()) + 1


def _image_ids(connection: Connection, readings: Sequence[Reading]) -> dict[str, int]:
    """The ids of the images these files hold, new images written first."""
    hashes = {reading.sha256 for reading in readings}
    known = select(s.images.c.sha256, s.images.c.id).where(s.images.c.sha256.in_(hashes))
    ids = {sha256: image for sha256, image in connection.execute(known)}  # noqa: C416 - rows are no pairs to mypy
    new = {each.sha256: _image_row(each, each.facts) for each in reversed(readings) if each.facts is not None}
    for sha256 in ids:
        new.pop(sha256, None)
    if missing := hashes - ids.keys() - new.keys():
        raise ValueError(f"bytes the catalog does not know come without facts: {sorted(missing)}")
    if new:
        rows = [new[sha256] for sha256 in dict.fromkeys(each.sha256 for each in readings) if sha256 in new]
        connection.execute(insert(s.images), rows)
        ids.update((sha256, image) for sha256, image in connection.execute(known))
    return ids


def _image_row(reading: Reading, facts: ImageFacts) -> dict[str, object]:
    return {
        "sha256": reading.sha256,
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "bytes": reading.file.size,
        "metadata": {},  # filled by `write_facts`
    }


def _point_files(
    connection: Connection,
    readings: Sequence[Reading],
    failures: Sequence[Failure],
    ids: Mapping[str, int],
    generation: int,
) -> set[int]:
    """Point the paths to their images; unreadable ones point nowhere.  Returns the images that lost a path."""
    rows = {}
    for reading in readings:
        path, file = os.fsencode(reading.file.path), reading.file
        rows[path] = {
            "path": path,
            "image_id": ids[reading.sha256],
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "seen": generation,
            "beside": file.beside,
            "ctime_ns": file.ctime_ns,
        }
    unread = {os.fsencode(failure.path) for failure in failures if not failure.annotator}
    touched = s.files.c.path.in_([*rows, *unread])
    lost = set(connection.execute(select(s.files.c.image_id).where(touched)).scalars())
    connection.execute(delete(s.files).where(touched))
    if rows:
        connection.execute(insert(s.files), list(rows.values()))
    drop_widows(connection, lost)
    return lost


def _write_failures(connection: Connection, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
    """Replace what failed on these files by what fails now; annotators that were not asked keep their failures."""
    table = s.failures
    reasons = {(os.fsencode(failure.path), failure.annotator): failure.reason for failure in failures}
    states = {os.fsencode(failure.path): failure.state._asdict() for failure in failures if failure.state}
    unknown = dict.fromkeys(FileState._fields)
    asked = {""} | {name for _, name in reasons}
    for reading in readings:
        asked |= reading.annotations.keys() | reading.failures.keys()
        path = os.fsencode(reading.file.path)
        reasons.update({(path, name): reason for name, reason in reading.failures.items()})
    paths = {os.fsencode(reading.file.path) for reading in readings} | {path for path, _ in reasons}
    connection.execute(delete(table).where(table.c.path.in_(paths), table.c.annotator.in_(asked)))
    rows = [
        {"path": path, "annotator": name, "reason": reason} | (unknown if name else states.get(path, unknown))
        for (path, name), reason in reasons.items()
    ]
    if rows:
        connection.execute(insert(table), rows)


def _mark_changed(connection: Connection, images: Iterable[int], generation: int) -> None:
    """Let the indexes know; without a changed image there is nothing for them to do, and no new generation."""
    for piece in pieces(sorted(images)):
        connection.execute(update(s.library).values(generation=generation))
        connection.execute(delete(s.changes).where(s.changes.c.image_id.in_(piece)))
        connection.execute(insert(s.changes), [{"image_id": image, "generation": generation} for image in piece])
