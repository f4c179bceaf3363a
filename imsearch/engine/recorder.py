"""Writing to the catalog.  Every public method is one transaction that also notes which images it changed."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from imsearch.engine import schema as s
from imsearch.engine.batch import Reading
from imsearch.engine.catalog import Catalog
from imsearch.engine.database import translated
from imsearch.errors import LibraryError
from imsearch.records import AnnotatorSpec, Failure, Tag

TAIL = 32
"""Tags kept for an image and annotator; all shown ones are kept even when they are more."""


class Recorder:
    """Writes what the indexer read and what the user corrects."""

    def __init__(self, catalog: Catalog, tail: int = TAIL) -> None:
        self._catalog = catalog
        self._tail = tail
        self._specs: dict[str, AnnotatorSpec] = {}
        self._annotator_ids: dict[str, int] = {}
        self._tag_ids: dict[str, int] = {}

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction.  Should it fail, the ids learned in it are forgotten with it."""
        try:
            with translated(self._catalog.path), self._catalog.engine.begin() as connection:
                yield connection
        except BaseException:
            self._tag_ids.clear()
            raise

    def use_annotators(self, specs: Sequence[AnnotatorSpec]) -> None:
        """Register these annotators; their versions become the current ones of their names."""
        table = s.annotators
        with self._writing() as connection:
            for spec in specs:
                which = (table.c.name == spec.name) & (table.c.version == spec.version)
                connection.execute(update(table).where(table.c.name == spec.name).values(current=False))
                values = {"current": True, "vector_length": spec.vector_length}
                if not connection.execute(update(table).where(which).values(values)).rowcount:
                    connection.execute(insert(table).values(name=spec.name, version=spec.version, **values))
                self._annotator_ids[spec.name] = connection.execute(select(table.c.id).where(which)).scalar_one()
                self._specs[spec.name] = spec

    def record(self, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
        """Write down a batch of files that were read, and of files that could not be."""
        with self._writing() as connection:
            generation = _next_generation(connection)
            ids = _image_ids(connection, readings)
            changed = set(ids.values())
            changed |= _point_files(connection, readings, failures, ids, generation)
            self._replace_annotations(connection, readings, ids, generation)
            _write_failures(connection, readings, failures)
            _mark_changed(connection, changed, generation)

    def forget(self, paths: Iterable[bytes]) -> int:
        """Remove files; their images stay, in case the bytes come back.  Returns how many were known."""
        gone = list(paths)
        with self._writing() as connection:
            generation = _next_generation(connection)
            changed: set[int] = set()
            count = 0
            for start in range(0, len(gone), 1000):
                piece = gone[start : start + 1000]
                changed.update(
                    connection.execute(select(s.files.c.image_id).where(s.files.c.path.in_(piece))).scalars()
                )
                files = connection.execute(delete(s.files).where(s.files.c.path.in_(piece))).rowcount
                failed = connection.execute(
                    select(func.count(s.failures.c.path.distinct())).where(
                        s.failures.c.path.in_(piece), s.failures.c.annotator == ""
                    )
                ).scalar_one()
                connection.execute(delete(s.failures).where(s.failures.c.path.in_(piece)))
                count += files + failed
            _mark_changed(connection, changed, generation)
        return count

    def correct(self, image: int, tag: str, verdict: int) -> None:
        """Set what the user says of a tag: 1 it is there, -1 it is not, 0 nothing any more."""
        table = s.corrections
        with self._writing() as connection:
            if connection.execute(select(s.images.c.id).where(s.images.c.id == image)).scalar() is None:
                raise LibraryError(f"There is no image {image} in the library.")
            tag_id = self._ids_of_tags(connection, {tag})[tag]
            connection.execute(delete(table).where(table.c.image_id == image, table.c.tag_id == tag_id))
            if verdict:
                connection.execute(insert(table).values(image_id=image, tag_id=tag_id, verdict=verdict))
            _mark_changed(connection, {image}, _next_generation(connection))

    # -- annotations

    def _replace_annotations(
        self, connection: Connection, readings: Sequence[Reading], ids: Mapping[str, int], generation: int
    ) -> None:
        """Write annotations in place of what any version of the same annotator said of these images before."""
        import numpy as np

        for name in sorted({name for reading in readings for name in reading.annotations}):
            said = {ids[r.sha256]: r.annotations[name] for r in readings if name in r.annotations}
            annotator, spec = self._annotator_ids[name], self._specs[name]
            versions = select(s.annotators.c.id).where(s.annotators.c.name == name)
            for table in (s.annotation_tags, s.vectors, s.annotations):
                connection.execute(
                    delete(table).where(table.c.image_id.in_(list(said)), table.c.annotator_id.in_(versions))
                )
            kept = {image: _likeliest(annotation.tags, spec, self._tail) for image, annotation in said.items()}
            tag_ids = self._ids_of_tags(connection, {tag.name for tags in kept.values() for tag in tags})
            key = {"annotator_id": annotator}
            connection.execute(
                insert(s.annotations), [{**key, "image_id": image, "generation": generation} for image in said]
            )
            rows = [
                {
                    "image_id": image,
                    "annotator_id": annotator,
                    "tag_id": tag_ids[tag.name],
                    "probability": float(tag.probability),
                    "shown": tag.shown,
                }
                for image, tags in kept.items()
                for tag in tags
            ]
            if rows:
                connection.execute(insert(s.annotation_tags), rows)
            vectors = [
                {**key, "image_id": image, "vector": np.asarray(annotation.vector, dtype="<f2").tobytes()}
                for image, annotation in said.items()
                if annotation.vector is not None
            ]
            if vectors:
                connection.execute(insert(s.vectors), vectors)

    def _ids_of_tags(self, connection: Connection, names: set[str]) -> dict[str, int]:
        """The ids of tag names, new ones written first."""
        known = self._tag_ids
        if not known:
            known.update((name, tag) for tag, name in connection.execute(select(s.tags.c.id, s.tags.c.name)).all())
        new = sorted(name for name in names if name not in known)
        for name in new:
            key = connection.execute(insert(s.tags).values(name=name)).inserted_primary_key
            assert key is not None
            known[name] = key[0]
        return known


def _likeliest(tags: Sequence[Tag], spec: AnnotatorSpec, tail: int) -> list[Tag]:
    """The tags worth keeping: the shown ones, then the likeliest up to `tail` in all."""
    marked = [Tag(tag.name, tag.probability, spec.name, spec.shows(tag.name, tag.probability)) for tag in tags]
    marked.sort(key=lambda tag: (not tag.shown, -tag.probability, tag.name))
    shown = sum(tag.shown for tag in marked)
    return [tag for tag in marked[: max(tail, shown)] if tag.probability > 0]


def _next_generation(connection: Connection) -> int:
    connection.execute(update(s.library).values(generation=s.library.c.generation + 1))
    return connection.execute(select(s.library.c.generation)).scalar_one()


def _image_ids(connection: Connection, readings: Sequence[Reading]) -> dict[str, int]:
    """The ids of the images these files hold, new images written first."""
    hashes = {reading.sha256 for reading in readings}
    ids = {
        sha256: image
        for sha256, image in connection.execute(
            select(s.images.c.sha256, s.images.c.id).where(s.images.c.sha256.in_(hashes))
        ).all()
    }
    for reading in readings:
        if reading.sha256 in ids:
            continue
        facts = reading.facts
        if facts is None:
            raise ValueError(f"{reading.file.path} holds bytes the catalog does not know, and comes without facts")
        key = connection.execute(
            insert(s.images).values(
                sha256=reading.sha256,
                width=facts.width,
                height=facts.height,
                format=facts.format,
                bytes=reading.file.size,
                taken_at=facts.taken_at,
                metadata=dict(facts.metadata),
            )
        ).inserted_primary_key
        assert key is not None
        ids[reading.sha256] = key[0]
    return ids


def _point_files(
    connection: Connection,
    readings: Sequence[Reading],
    failures: Sequence[Failure],
    ids: Mapping[str, int],
    generation: int,
) -> set[int]:
    """Point the paths to their images; unreadable ones point nowhere.  Returns the images that lost a path."""
    rows = {
        os.fsencode(reading.file.path): {
            "path": os.fsencode(reading.file.path),
            "image_id": ids[reading.sha256],
            "size": reading.file.size,
            "mtime_ns": reading.file.mtime_ns,
            "seen": generation,
        }
        for reading in readings
    }
    unread = {os.fsencode(failure.path) for failure in failures if not failure.annotator}
    touched = [*rows, *unread]
    before = select(s.files.c.image_id).where(s.files.c.path.in_(touched))
    lost = set(connection.execute(before).scalars())
    connection.execute(delete(s.files).where(s.files.c.path.in_(touched)))
    if rows:
        connection.execute(insert(s.files), list(rows.values()))
    return lost


def _write_failures(connection: Connection, readings: Sequence[Reading], failures: Sequence[Failure]) -> None:
    """Replace the failures of these files by those of this batch."""
    table = s.failures
    rows = {(os.fsencode(failure.path), failure.annotator): failure.reason for failure in failures}
    for reading in readings:
        rows.update({(os.fsencode(reading.file.path), name): reason for name, reason in reading.failures.items()})
    paths = {os.fsencode(reading.file.path) for reading in readings} | {path for path, _ in rows}
    connection.execute(delete(table).where(table.c.path.in_(paths)))
    if rows:
        connection.execute(
            insert(table),
            [{"path": path, "annotator": name, "reason": reason} for (path, name), reason in rows.items()],
        )


def _mark_changed(connection: Connection, images: set[int], generation: int) -> None:
    if images:
        for start in range(0, len(images), 1000):
            piece = sorted(images)[start : start + 1000]
            connection.execute(delete(s.changes).where(s.changes.c.image_id.in_(piece)))
            connection.execute(insert(s.changes), [{"image_id": image, "generation": generation} for image in piece])
