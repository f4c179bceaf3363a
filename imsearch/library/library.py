"""A library opened together with its plugins and settings, made of named parts."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from imsearch.library.opened import Parts, open_parts

if TYPE_CHECKING:
    from imsearch.locations import Location
    from imsearch.plugins.manager import PluginManager
    from imsearch.settings import Settings


class Library:
    """An opened library.  Use it as a context manager, or call `close`.

    search: finds pictures.  tags: reads and corrects tags.  facts: what is known of a picture.  runs: indexes.
    annotators: whose tags it holds.  health: counts and checks.  engine: the stores, for tests and benchmarks.
    """

    def __init__(self, parts: Parts) -> None:
        self.settings = parts.settings
        self.search = parts.search
        self.tags = parts.tags
        self.facts = parts.facts
        self.runs = parts.runs
        self.annotators = parts.annotators
        self.health = parts.health
        self.engine = parts.engine
        self._installed = parts.installed

    @classmethod
    def open(
        cls,
        where: Location | None = None,
        settings: Settings | None = None,
        *,
        write: bool = False,
        create: bool = False,
        look: bool = False,
        plugins: PluginManager | None = None,
    ) -> Self:
        """Open the library at a path or URL, or the one of the settings.

        write: take the lock for indexing.  create: make the library when there is none.  look: whether queries may open
        files, by ``like:PATH``; closed by default, since who asks from elsewhere would learn which files there are.
        plugins: by default those that are installed.
        Raises LibraryError when it cannot be used, LibraryLocked when another process writes to it.
        """
        return cls(open_parts(where, settings, write=write, create=create, look=look, plugins=plugins))

    @property
    def plugins(self) -> PluginManager:
        """The plugins, loaded when first asked for: a query needs none."""
        return self._installed.plugins

    @property
    def place(self) -> str:
        """The library's path, or its URL without a password: its name in messages."""
        return self.engine.place

    @property
    def scratch(self) -> Path:
        """The folder on this machine for what belongs to the library and may be lost: thumbnails, progress, tokens."""
        return self.engine.scratch

    def close(self) -> None:
        """Bring the indexes up to date, save them, and give the library back."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
