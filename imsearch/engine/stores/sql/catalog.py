"""The catalog as its readers see it.

The catalog is the only truth; the indexes are made from it.  Writing is in `imsearch.engine.stores.sql.recorder`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, select

from imsearch.engine.stores.annotator_status import AnnotatorStatus
from imsearch.engine.stores.batch import FileSeen, KnownFile, KnownImage
from imsearch.engine.stores.changes import Change
from imsearch.engine.stores.definitions import Definition, Phrase
from imsearch.engine.stores.derived import State
from imsearch.engine.stores.holdings import Holdings
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.querying import Pairs
from imsearch.engine.stores.remembered import Remembered
from imsearch.engine.stores.sql import (
    annotators,
    definitions,
    folders,
    holdings,
    journal,
    locating,
    read_files,
    read_images,
    read_tags,
    read_vectors,
    said,
    tag_counts,
    tag_names,
    thresholds,
)
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.stores.sql.database import Database
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.stores.tag_names import Judgement
from imsearch.keys import predicate as predicates
from imsearch.keys.key import Facet
from imsearch.keys.predicate import Number, Predicate
from imsearch.records import Failure, Folder, Image, Tag, Text

if TYPE_CHECKING:
    from numpy import float16, float32, float64, int64, uint64
    from numpy.typing import NDArray

T = TypeVar("T")
_STATE = select(s.library.c.uid, s.library.c.generation)


class Catalog:
    """An open catalog; every call sees the newest committed state, from any thread.

    A call is one snapshot of the database; the statements are in the modules of this folder, one for each subject.
    """

    def __init__(self, database: Database) -> None:
        """Read and write through this database, which is closed with the catalog."""
        self.database = database
        self._memory = Remembered(self.state)

    # -- the database

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine."""
        return self.database.engine

    def close(self) -> None:
        self.database.close()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection whose statements all see one state."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction of a catalog that was opened for writing; one at a time, whatever the process."""
        return self.database.writing()

    def check_place(self) -> None:
        self.database.check_place()

    def damages(self) -> list[str]:
        return self.database.damages()

    # -- its state

    def state(self) -> State:
        with self.reading() as connection:
            uid, generation = connection.execute(_STATE).one()
        return uid, generation

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        return self._memory.get(key, make)

    def changed_since(self, generation: int) -> list[int]:
        with self.reading() as connection:
            return read_images.changed_since(connection, generation)

    def holdings(self) -> Holdings:
        with self.reading() as connection:
            return holdings.holdings(connection)

    # -- what queries ask: imported by those that do

    def select(self, predicate: Predicate) -> NDArray[int64]:
        from imsearch.engine.stores.sql.conditions import Selector

        return Selector(self).ids(predicate)

    def distinct(self, field: predicates.Text) -> list[str]:
        with self.reading() as connection:
            return distinct(connection, s.images.c[field])

    def numbers(self, field: Number, ids: NDArray[int64]) -> dict[int, Any]:
        from imsearch.engine.stores.sql.sort_values import numbers_of

        with self.reading() as connection:
            return numbers_of(connection, ids, field)

    def file_names(self, ids: NDArray[int64]) -> dict[int, str]:
        from imsearch.engine.stores.sql.sort_values import names_of

        with self.reading() as connection:
            return names_of(connection, ids)

    def facet_values(self, facets: Sequence[Facet], ids: Sequence[int] | None = None) -> dict[str, Pairs]:
        from imsearch.engine.stores.sql.facet_values import read_pairs

        with self.reading() as connection:
            return read_pairs(connection, facets, ids)

    def said_by(
        self, source: str, tags: Iterable[str], images: NDArray[int64]
    ) -> dict[str, dict[int, tuple[float, bool]]]:
        from imsearch.engine.stores.sql.sources import said_by

        with self.reading() as connection:
            return said_by(connection, source, tags, images)

    # -- files

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        with self.reading() as connection:
            return read_files.known_files(connection, folder)

    def images_by_path(self, paths: Iterable[Path]) -> dict[Path, int]:
        with self.reading() as connection:
            return read_files.images_by_path(connection, paths)

    def paths_of(self, ids: Iterable[int]) -> dict[int, list[Path]]:
        with self.reading() as connection:
            return read_files.paths_of(connection, ids)

    def live(self, ids: Iterable[int]) -> set[int]:
        with self.reading() as connection:
            return read_files.live(connection, ids)

    def files_of(self, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
        with self.reading() as connection:
            return read_files.files_of(connection, ids)

    def known_image(self, image: int) -> KnownImage | None:
        with self.reading() as connection:
            return read_files.known_image(connection, image)

    def companions(self, paths: Iterable[str]) -> set[str]:
        with self.reading() as connection:
            return read_files.companions(connection, paths)

    def images_with_copies(self) -> list[int]:
        with self.reading() as connection:
            return read_files.images_with_copies(connection)

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        with self.reading() as connection:
            return read_files.failures(connection, folder)

    def folders(self) -> list[Folder]:
        return folders.folders(self)

    # -- images

    def image(self, path_or_id: Path | int) -> Image | None:
        with self.reading() as connection:
            if not isinstance(path_or_id, int):
                found = read_files.images_by_path(connection, [path_or_id]).get(path_or_id)
                if found is None:
                    return None
                path_or_id = found
            return read_images.images(connection, [path_or_id]).get(path_or_id)

    def images(self, ids: Iterable[int]) -> dict[int, Image]:
        with self.reading() as connection:
            return read_images.images(connection, ids)

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        with self.reading() as connection:
            return read_images.images_by_sha256(connection, hashes)

    def hashes(self, ids: Iterable[int]) -> dict[int, str]:
        with self.reading() as connection:
            return read_images.hashes(connection, ids)

    def perceptual_hashes(self) -> tuple[NDArray[int64], NDArray[uint64]]:
        with self.reading() as connection:
            return read_images.perceptual_hashes(connection)

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        with self.reading() as connection:
            return read_images.lacking(connection, annotators)

    def read_before(self, version: int) -> set[int]:
        with self.reading() as connection:
            return read_images.read_before(connection, version)

    def unlocated(self) -> list[int]:
        return locating.unlocated(self)

    # -- tags and texts

    def tags_of(self, ids: Iterable[int], tail: Collection[str] | None = None) -> dict[int, tuple[Tag, ...]]:
        with self.reading() as connection:
            return read_tags.tags_of(connection, ids, tail)

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        with self.reading() as connection:
            return read_tags.verdicts_of(connection, ids)

    def with_verdicts(self) -> list[int]:
        with self.reading() as connection:
            return read_tags.with_verdicts(connection)

    def written(self, ids: Iterable[int]) -> dict[int, list[Text]]:
        with self.reading() as connection:
            return read_tags.written(connection, ids)

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        return {image: [(text.source, text.text) for text in texts] for image, texts in self.written(ids).items()}

    def tag_names(self) -> list[str]:
        with self.reading() as connection:
            return read_tags.used_names(connection)

    def rejected_names(self) -> set[str]:
        with self.reading() as connection:
            return read_tags.judged_names(connection, added=False)

    def given_names(self) -> set[str]:
        with self.reading() as connection:
            return read_tags.judged_names(connection, added=True)

    def renamed(self) -> dict[str, str]:
        with self.reading() as connection:
            return read_tags.renamed(connection)

    def sources(self) -> list[str]:
        with self.reading() as connection:
            return read_tags.sources(connection)

    def tag_counts(self, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
        with self.reading() as connection:
            return tag_counts.tag_counts(connection, prefix, source)

    # -- annotators and their vectors

    def annotators(self) -> tuple[AnnotatorStatus, ...]:
        return annotators.annotators(self)

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        with self.reading() as connection:
            return read_vectors.vectors(connection, annotator, ids)

    def annotated_since(self, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
        with self.reading() as connection:
            return read_vectors.annotated_since(connection, annotator, generation, ids)

    def count_vectors(self, annotator: str) -> int:
        with self.reading() as connection:
            return read_vectors.count_vectors(connection, annotator)

    def all_vectors(self, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
        with self.reading() as connection:
            return read_vectors.all_vectors(connection, annotator)

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        with self.reading() as connection:
            return read_vectors.vector_spaces(connection)

    # -- what the user said

    def history(self, limit: int | None = None, number: int | None = None) -> list[Change]:
        return journal.history(self, limit, number)

    def definitions(self, tag: int | None = None) -> tuple[Definition, ...]:
        with self.reading() as connection:
            return definitions.definitions(connection, tag)

    def phrases(self) -> list[Phrase]:
        with self.reading() as connection:
            return definitions.phrases(connection)

    def judgement(self) -> Judgement:
        with self.reading() as connection:
            return tag_names.judgement(connection)

    def limits(self) -> dict[int, Limits]:
        with self.reading() as connection:
            return thresholds.stored_limits(connection)

    def said_of(self, images: Iterable[int]) -> NDArray[float64]:
        with self.reading() as connection:
            return said.said_of(connection, images)

    def spelled(self, tags: Iterable[int]) -> dict[int, str]:
        with self.reading() as connection:
            return said.spelled(connection, tags)
