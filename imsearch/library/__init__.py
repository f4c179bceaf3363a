"""A library opened together with its plugins and settings: the one object the command line and the web pages hold.

This is the only file that knows all parts; it decides nothing that one of them could decide.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imsearch.engine.engine import Engine
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.errors import ImsearchError, PictureError
from imsearch.indexer.annotating import annotate, error_of
from imsearch.languages.lexicon import Lexicon
from imsearch.library.languages import choose_languages
from imsearch.library.runs import IndexLibrary
from imsearch.library.search import SearchLibrary
from imsearch.records import Image, Tag, Text
from imsearch.settings import Settings, load_settings

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.engine.review.health import Status
    from imsearch.engine.search.duplicates import Group
    from imsearch.engine.stores.sql.annotators import AnnotatorStatus
    from imsearch.keys import Key
    from imsearch.plugins.manager import PluginManager
    from imsearch.records import Failure
    from imsearch.specs import LanguageSpec


class Library(IndexLibrary, SearchLibrary):
    """An opened library.  Use it as a context manager, or call `close`."""

    def __init__(self, engine: Engine, settings: Settings, plugins: PluginManager | None = None) -> None:
        super().__init__(engine, settings, plugins)
        engine.annotators = settings.annotators
        engine.look = self._look
        engine.numbers.heads = self._count_heads
        engine.texts.encoders = self.text_encoders
        if settings.visual_evidence:
            from imsearch.engine.search.feedback import Feedback
            from imsearch.engine.search.ranking import Ranking

            engine.ranking = Ranking(feedback=Feedback())

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        settings: Settings | None = None,
        *,
        write: bool = False,
        create: bool = False,
        plugins: PluginManager | None = None,
    ) -> Self:
        """Open the library in `folder`, or the one of the settings.

        write: take the lock for indexing.  create: make the library when there is none.
        Raises LibraryError when it cannot be used, LibraryLocked when another process writes to it.
        """
        settings = settings or load_settings()
        if folder is not None:
            settings = replace(settings, library=folder.absolute())
        languages = choose_languages(settings.languages, os.environ, partial(_offered, plugins))
        keys = KEYS.beside(partial(_query_keys, plugins))
        engine = Engine.open(settings.library, Lexicon.load(languages=languages), write=write, create=create, keys=keys)
        return cls(engine, settings, plugins)

    def close(self) -> None:
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def duplicates(
        self, paths: Sequence[Path] = (), *, threshold: float | None = None, exact: bool = False
    ) -> tuple[Group, ...]:
        """Groups of pictures that are copies of one another, those that waste the most bytes first.

        paths: only groups with a copy in these folders.  threshold: the similarity from which pictures are taken for
        copies, in 0 to 1.  exact: only files with the very same bytes.
        """
        from imsearch.engine.search.duplicates import find_groups
        from imsearch.engine.search.neighbours import THRESHOLD

        least = None if exact else THRESHOLD if threshold is None else threshold
        folders = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - resolve() follows links
        return find_groups(self.engine.catalog, least, folders)

    def show(self, image: str) -> tuple[Image, tuple[Tag, ...]]:
        """A picture of the library, by path or by id, and all its tags."""
        catalog = self.engine.catalog
        found = catalog.image(Path(image))
        if found is None and image.isdecimal():
            found = catalog.image(int(image))
        if found is None:
            raise ImsearchError(
                f'{image} is not in the library. Index it with "imsearch index", or tag it without: '
                '"imsearch annotate".'
            )
        return found, catalog.tags_of([found.id]).get(found.id, ())

    def texts(self, image: Image) -> tuple[Text, ...]:
        """What people wrote of a picture: title, description, keywords."""
        return tuple(self.engine.catalog.written([image.id]).get(image.id, ()))

    def failures(self) -> tuple[Failure, ...]:
        """The files, and annotators on files, that failed when they were last tried."""
        return self.engine.catalog.failures()

    def status(self) -> Status:
        return self.engine.status()

    def verify(self) -> list[str]:
        """Everything that is not as it should be; empty when all is well.

        Raises `LibraryLocked` when a run writes too fast for the indexes to be compared with the catalog.
        """
        return self.engine.verify()

    def annotators(self) -> tuple[AnnotatorStatus, ...]:
        """The annotators whose tags or vectors the library holds, forgotten ones too."""
        from imsearch.engine.stores.sql.annotators import annotators

        return annotators(self.engine.catalog)

    def installed(self) -> frozenset[str]:
        """The names of the annotators that could run."""
        return frozenset(spec.name for spec in self.plugins.offered())

    def text_space(self) -> str:
        """In whose space the plain words of a query are compared, or why in none, in a few words."""
        from imsearch.plugins.text_encoders import tell_space

        return tell_space(
            self.engine.texts.choose(self.settings.annotators), self.engine.catalog.vector_spaces(), self.text_encoders
        )

    def forget_annotator(self, name: str) -> int:
        """Leave out all that an annotator said, until the next run removes it; returns how many pictures it tagged.

        Raises ImsearchError for one that the library does not hold, or that is running now.
        """
        running = self.progress()
        if running is not None and name in running.annotators:
            raise ImsearchError(
                f"{name} is tagging pictures now (process {running.pid}). Forget it when that has ended."
            )
        return self.engine.forget_annotator(name)

    def restore_annotator(self, name: str) -> int:
        """Take back that an annotator was forgotten; returns how many pictures it tagged."""
        return self.engine.restore_annotator(name)

    def rebuild(self) -> None:
        """Make the indexes anew from the catalog; needs a library opened for writing."""
        self.engine.rebuild()

    def _look(self, path: Path, name: str) -> NDArray[float32]:
        """The vector of any file: known bytes need no model."""
        from imsearch.indexer.outside import sha256_of

        path = path.absolute()
        for image in self.engine.catalog.images_by_sha256([sha256_of(path)]).values():
            vector = self.engine.catalog.vector(image, name)
            if vector is not None:
                return vector
        return self._vector_of(path, name)

    def _vector_of(self, path: Path, name: str) -> NDArray[float32]:
        """What an annotator makes of a file that the library does not know."""
        (item,) = annotate([path], self.plugins.choose([name]), self.settings)
        annotation = item.annotations.get(name)
        if annotation is None or annotation.vector is None:
            raise PictureError(f"{path}: {error_of(item) or 'the annotator made no vector'}")
        return annotation.vector


def _offered(plugins: PluginManager | None) -> tuple[LanguageSpec, ...]:
    """The languages that plugins bring; quick where none is installed beside imsearch's own, which bring none."""
    found = plugins or _others()
    return () if found is None else found.languages()


def _query_keys(plugins: PluginManager | None, own: Keys) -> tuple[Key, ...]:
    """The query keys that plugins bring; as quick where there are none."""
    found = plugins or _others()
    return () if found is None else found.query_keys(own.names)


def _others() -> PluginManager | None:
    """The plugins, or None where none is installed beside imsearch's own."""
    from importlib.metadata import entry_points

    if all(entry.value.startswith("imsearch.") for entry in entry_points(group="imsearch")):
        return None
    from imsearch.plugins.manager import make_manager

    return make_manager()
