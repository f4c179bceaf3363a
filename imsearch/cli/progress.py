"""Progress on stderr: a bar with rate and remaining time on a terminal, elsewhere only messages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from imsearch.cli.output import printable, tell_failure
from imsearch.records import Failure

if TYPE_CHECKING:
    from imsearch.indexer.profile import Profile


class _Rate(ProgressColumn):
    """Recent pictures, or rows, per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "", style="cyan")


class _Drawn:
    """A progress bar, drawn for the duration of the context."""

    def __init__(self, description: str) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bars.add_task(description, total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        self._console.print(printable(text), soft_wrap=True)


class IndexingProgress(_Drawn):
    """An observer of `imsearch.indexer`."""

    def __init__(self) -> None:
        super().__init__("Looking for pictures")
        self.profile: Profile | None = None

    def scanned(self, files: int) -> None:
        self._bars.update(self._task, description=f"Looking for pictures: {files:,}")

    def planned(self, files: int, size: int) -> None:
        self._bars.reset(self._task, total=files, description="Indexing")

    def done(self, files: int, size: int) -> None:
        self._bars.advance(self._task, files)

    def indexed(self, paths: Sequence[Path]) -> None:
        """Do nothing: `done` has counted them."""

    def profiled(self, profile: Profile) -> None:
        """Keep it for the end."""
        self.profile = profile

    @property
    def tells_failures(self) -> bool:
        """True if failures are printed during the run, above a terminal's progress bar."""
        return self._console.is_terminal

    def failed(self, failure: Failure) -> None:
        if self.tells_failures:
            self._console.print(tell_failure(failure), style="yellow", soft_wrap=True)


class TrainingProgress(_Drawn):
    """A reporter of `imsearch.training`."""

    def __init__(self) -> None:
        super().__init__("Starting")

    def stage(self, title: str, total: int) -> None:
        self._title = title
        self._bars.reset(self._task, total=total, description=title)

    def advance(self, steps: int, **figures: float) -> None:
        told = "".join(f", {name} {value:.4g}" for name, value in figures.items())
        self._bars.update(self._task, advance=steps, description=self._title + told)


class CopyingProgress(_Drawn):
    """An observer of `imsearch.library.copying`."""

    def __init__(self) -> None:
        super().__init__("Copying")

    def stage(self, title: str, total: int, done: int) -> None:
        self._bars.reset(self._task, total=total or None, completed=done, description=title)

    def advance(self, rows: int) -> None:
        self._bars.advance(self._task, rows)
