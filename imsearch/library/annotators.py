"""The annotators of a library: those whose tags it holds, those that could run, those that are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine
    from imsearch.engine.stores.annotator_status import AnnotatorStatus
    from imsearch.library.installed import Installed
    from imsearch.library.runs import Runs


class Annotators:
    """Lists annotators, and leaves out what some of them said."""

    def __init__(self, engine: Engine, installed: Installed, runs: Runs) -> None:
        self._engine = engine
        self._installed = installed
        self._runs = runs

    def held(self) -> tuple[AnnotatorStatus, ...]:
        """The annotators whose tags or vectors the library holds, forgotten ones too."""
        return self._engine.catalog.annotators()

    def installed(self) -> frozenset[str]:
        """The names of the annotators that could run."""
        return frozenset(spec.name for spec in self._installed.plugins.offered())

    def forget(self, name: str) -> int:
        """Leave out all that an annotator said, until the next run removes it; returns how many pictures it tagged.

        Raises ImsearchError for one that the library does not hold, or that is running now.
        """
        running = self._runs.progress()
        if running is not None and name in running.annotators:
            raise ImsearchError(
                f"{name} is tagging pictures now (process {running.pid}). Forget it when that has ended."
            )
        return self._engine.forget_annotator(name)

    def restore(self, name: str) -> int:
        """Take back that an annotator was forgotten; returns how many pictures it tagged."""
        return self._engine.restore_annotator(name)
