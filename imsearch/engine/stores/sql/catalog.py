"""The catalog as its readers see it.

The catalog is the only truth; the indexes are made from it.  Writing is in `imsearch.engine.stores.sql.recorder`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, select

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
P = ParamSpec("P")
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

    def may_hold(self, column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
        """See `imsearch.engine.stores.sql.database.Readable`."""
        return self.database.may_hold(column, text)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction of a catalog that was opened for writing; one at a time, whatever the process."""
        return self.database.writing()

    def _ask(self, read: Callable[Concatenate[Connection, P], T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Read one snapshot."""
        with self.reading() as connection:
            return read(connection, *arguments, **keywords)

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
        return self._ask(read_images.changed_since, generation)

    def holdings(self) -> Holdings:
        return self._ask(holdings.holdings)

    # -- what queries ask: imported by those that do

    def select(self, predicate: Predicate) -> NDArray[int64]:
        from imsearch.engine.stores.sql.conditions import Selector

        return Selector(self).ids(predicate)

    def distinct(self, field: predicates.Text) -> list[str]:
        return self._ask(distinct, s.images.c[field])

    def numbers(self, field: Number, ids: NDArray[int64]) -> dict[int, Any]:
        from imsearch.engine.stores.sql.sort_values import numbers_of

        return self._ask(numbers_of, ids, field)

    def file_names(self, ids: NDArray[int64]) -> dict[int, str]:
        from imsearch.engine.stores.sql.sort_values import names_of

        return self._ask(names_of, ids)

    def facet_values(self, facets: Sequence[Facet], ids: Sequence[int] | None = None) -> dict[str, Pairs]:
        from imsearch.engine.stores.sql.facet_values import read_pairs

        return self._ask(read_pairs, facets, ids)

    def said_by(
        self, source: str, tags: Iterable[str], images: NDArray[int64]
    ) -> dict[str, dict[int, tuple[float, bool]]]:
        from imsearch.engine.stores.sql.sources import said_by

        return self._ask(said_by, source, tags, images)

    # -- files

    def known_files(self, folder: Path) -> dict[str, KnownFile]:
        return self._ask(read_files.known_files, folder)

    def images_by_path(self, paths: Iterable[Path]) -> dict[Path, int]:
        return self._ask(read_files.images_by_path, paths)

    def paths_of(self, ids: Iterable[int]) -> dict[int, list[Path]]:
        return self._ask(read_files.paths_of, ids)

    def live(self, ids: Iterable[int]) -> set[int]:
        return self._ask(read_files.live, ids)

    def files_of(self, ids: Iterable[int]) -> dict[int, list[FileSeen]]:
        return self._ask(read_files.files_of, ids)

    def known_image(self, image: int) -> KnownImage | None:
        return self._ask(read_files.known_image, image)

    def companions(self, paths: Iterable[str]) -> set[str]:
        return self._ask(read_files.companions, paths)

    def images_with_copies(self) -> list[int]:
        return self._ask(read_files.images_with_copies)

    def failures(self, folder: Path | None = None) -> tuple[Failure, ...]:
        return self._ask(read_files.failures, folder)

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
        return self._ask(read_images.images, ids)

    def images_by_sha256(self, hashes: Iterable[str]) -> dict[str, int]:
        return self._ask(read_images.images_by_sha256, hashes)

    def hashes(self, ids: Iterable[int]) -> dict[int, str]:
        return self._ask(read_images.hashes, ids)

    def perceptual_hashes(self) -> tuple[NDArray[int64], NDArray[uint64]]:
        return self._ask(read_images.perceptual_hashes)

    def lacking(self, annotators: Sequence[str]) -> dict[int, tuple[str, ...]]:
        return self._ask(read_images.lacking, annotators)

    def read_before(self, version: int) -> set[int]:
        return self._ask(read_images.read_before, version)

    def unlocated(self) -> list[int]:
        return locating.unlocated(self)

    # -- tags and texts

    def tags_of(self, ids: Iterable[int], tail: Collection[str] | None = None) -> dict[int, tuple[Tag, ...]]:
        return self._ask(read_tags.tags_of, ids, tail)

    def verdicts_of(self, ids: Iterable[int]) -> dict[int, dict[str, int]]:
        return self._ask(read_tags.verdicts_of, ids)

    def with_verdicts(self) -> list[int]:
        return self._ask(read_tags.with_verdicts)

    def written(self, ids: Iterable[int]) -> dict[int, list[Text]]:
        return self._ask(read_tags.written, ids)

    def texts_of(self, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
        return {image: [(text.source, text.text) for text in texts] for image, texts in self.written(ids).items()}

    def tag_names(self) -> list[str]:
        return self._ask(read_tags.used_names)

    def rejected_names(self) -> set[str]:
        return self._ask(read_tags.judged_names, added=False)

    def given_names(self) -> set[str]:
        return self._ask(read_tags.judged_names, added=True)

    def renamed(self) -> dict[str, str]:
        return self._ask(read_tags.renamed)

    def sources(self) -> list[str]:
        return self._ask(read_tags.sources)

    def tag_counts(self, prefix: str = "", source: str = "") -> list[tuple[str, int]]:
        return self._ask(tag_counts.tag_counts, prefix, source)

    # -- annotators and their vectors

    def annotators(self) -> tuple[AnnotatorStatus, ...]:
        return annotators.annotators(self)

    def vector(self, image: int, annotator: str) -> NDArray[float32] | None:
        return self.vectors(annotator, [image]).get(image)

    def vectors(self, annotator: str, ids: Iterable[int]) -> dict[int, NDArray[float32]]:
        return self._ask(read_vectors.vectors, annotator, ids)

    def annotated_since(self, annotator: str, generation: int, ids: Iterable[int]) -> set[int]:
        return self._ask(read_vectors.annotated_since, annotator, generation, ids)

    def count_vectors(self, annotator: str) -> int:
        return self._ask(read_vectors.count_vectors, annotator)

    def all_vectors(self, annotator: str) -> tuple[NDArray[int64], NDArray[float16]]:
        return self._ask(read_vectors.all_vectors, annotator)

    def vector_spaces(self) -> dict[str, tuple[str, int]]:
        return self._ask(read_vectors.vector_spaces)

    # -- what the user said

    def history(self, limit: int | None = None, number: int | None = None) -> list[Change]:
        return journal.history(self, limit, number)

    def definitions(self, tag: int | None = None) -> tuple[Definition, ...]:
        return self._ask(definitions.definitions, tag)

    def phrases(self) -> list[Phrase]:
        return self._ask(definitions.phrases)

    def judgement(self) -> Judgement:
        return self._ask(tag_names.judgement)

    def limits(self) -> dict[int, Limits]:
        return self._ask(thresholds.stored_limits)

    def said_of(self, images: Iterable[int]) -> NDArray[float64]:
        return self._ask(said.said_of, images)

    def spelled(self, tags: Iterable[int]) -> dict[int, str]:
        return self._ask(said.spelled, tags)
