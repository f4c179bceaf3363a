"""Monitor, start and stop indexing runs from the pages.

A run is a process of its own, ``imsearch index``, the same as when started by hand: pages stay responsive, and a crash
of one does not affect the other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from imsearch.settings import PREFIX, command_line
from imsearch.webui.problem import Problem
from imsearch.webui.texts import readable

if TYPE_CHECKING:
    from imsearch.indexer.runs import LastRun, Progress
    from imsearch.library import Library
    from imsearch.records import Folder

_LOG = 4000
"""Bytes from the end of a failed run's output that are shown."""
_PATIENCE = 20.0
"""Seconds that a run has to store its work in progress before it is told to exit at once."""
_LAST_PATIENCE = 5.0
"""Seconds that it then has to exit before it is killed.

The library survives both; unfinished pictures are redone.
"""
_ENDS_WELL = {0, 1, 130, -signal.SIGTERM, -signal.SIGINT}
"""Done, done with failures, stopped; and stopped before it had begun."""


@dataclass(frozen=True, slots=True)
class State:
    """The state of indexing, and the actions available.

    progress: of the current run, whoever started it; None if there is none, or it has not started scanning.
    running: True if there is one.  stopping: it was told to stop.  can_stop: this server started it.
    refusal: why no run can be started now; None when one can.
    failed: output of the last run that was started here, if it could not do its work.
    """

    progress: Progress | None
    running: bool
    stopping: bool
    can_stop: bool
    refusal: str | None
    failed: str | None
    last_run: LastRun | None
    folders: tuple[Folder, ...]


class Indexing:
    """The runs of one server, one at a time.  Safe for any thread."""

    def __init__(self, library: Library, patience: tuple[float, float] = (_PATIENCE, _LAST_PATIENCE)) -> None:
        """patience: seconds that a stopped run gets to store its work in progress, then those to exit."""
        self.library, self._patience = library, patience
        self._turn = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._stopping = False

    def state(self) -> State:
        """Return the current state."""
        with self._turn:
            own, progress, folders = self._is_running(), self.library.runs.progress(), self.library.runs.folders()
            return State(
                progress=progress,
                running=own or progress is not None,
                stopping=own and self._stopping,
                can_stop=own,
                refusal=self._refusal(own, progress, folders),
                failed=self._failure(),
                last_run=self.library.runs.last_run(),
                folders=folders,
            )

    def start(self, folders: Sequence[str] | None = None, annotators: Sequence[str] = ()) -> State:
        """Start a run over these folders, which must be among those of `state`; by default over all that exist.

        annotators: by name; by default those of the settings.  Raises a `Problem` when a run is active or there is
        nothing to index, PluginError for an annotator that is not installed.
        """
        with self._turn:
            known = self.library.runs.folders()
            self._refuse(self._refusal(self._is_running(), self.library.runs.progress(), known))
            paths = self._chosen(known, folders)
            self.library.plugins.choose(annotators)
            self._spawn(paths, annotators or self.library.settings.annotators)
            return self.state()

    def add(self, folder: Path) -> State:
        """Start a run over a folder that may be new; afterwards it is among those of `state`.

        Raises a `Problem` when a run is active, or when the settings define the folders.
        """
        with self._turn:
            if self.library.settings.folders:
                raise Problem(
                    409, "The configuration file says which folders are indexed (folders). Add this one there."
                )
            self._refuse(self._busy(self._is_running(), self.library.runs.progress()))
            self._spawn([folder], self.library.settings.annotators)
            return self.state()

    def stop(self) -> State:
        """Make the run store its work in progress and exit, as on Ctrl-C; raises a `Problem` if it is not ours."""
        with self._turn:
            if self._is_running():
                self._interrupt()
                return self.state()
            progress = self.library.runs.progress()
            if progress is None:
                raise Problem(409, "No indexing run is in progress.")
            raise Problem(
                409,
                f"Process {progress.pid} is indexing, and was not started here. Stop it where it was started, with "
                "Ctrl-C.",
            )

    def close(self) -> None:
        """Stop a run that was started here; what is indexed stays, and the next run continues from there."""
        with self._turn:
            if self._child is not None and self._is_running():
                self._interrupt()
                _see_off(self._child, self._patience)
            if self._log is not None:
                self._log.close()
                self._log = None

    def _is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _interrupt(self) -> None:
        if self._child is not None and not self._stopping:
            self._stopping = True
            self._child.terminate()  # "imsearch index" treats it as Ctrl-C
            threading.Thread(target=_see_off, args=(self._child, self._patience), daemon=True).start()

    def _refuse(self, reason: str | None) -> None:
        """Raise a `Problem` for this reason, or because another program is writing."""
        if reason is None and (pid := self.library.runs.writing()):
            reason = f"Process {pid} is writing to the library. Wait until that is done."
        if reason is not None:
            raise Problem(409, reason)

    def _refusal(self, own: bool, progress: Progress | None, folders: Sequence[Folder]) -> str | None:
        if busy := self._busy(own, progress):
            return busy
        if not folders:
            return (
                f'No folder of pictures is known yet. Run "{self._command} FOLDER" once where imsearch serve runs, or '
                "name folders in the configuration file."
            )
        return None

    def _busy(self, own: bool, progress: Progress | None) -> str | None:
        """Return why nothing at all can be indexed now."""
        if own or progress is not None:
            return "An indexing run is already in progress."
        if not os.access(self.library.scratch, os.W_OK):
            return "The library is read-only here, so nothing can be indexed."
        return None

    def _chosen(self, known: Sequence[Folder], names: Sequence[str] | None) -> list[Path]:
        """Return the folders of these names: only those that the owner of the library has indexed or configured."""
        paths = {readable(str(folder.path)): folder.path for folder in known}
        for name in names or ():
            if name not in paths:
                raise Problem(
                    422,
                    f"{name} is not among the folders of this library. New ones are added with: {self._command} FOLDER",
                )
        wanted = [paths[name] for name in dict.fromkeys(names or paths)]
        there = [path for path in wanted if path.exists()]
        if not there:
            raise Problem(409, "None of these folders exists now. Is a disk not connected?")
        return there

    @property
    def _command(self) -> str:
        return str(readable(command_line("index", self.library.settings)))

    def _failure(self) -> str | None:
        """Return the output of a run that could not do its work."""
        if self._child is None or self._log is None or self._child.poll() in (None, *_ENDS_WELL):
            return None
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG))
        said = self._log.read().decode(errors="replace").strip().removeprefix("imsearch: ")
        return said or f"It ended with exit code {self._child.returncode} and without a message."

    def _spawn(self, paths: Sequence[Path], annotators: Sequence[str]) -> None:
        settings = self.library.settings
        command = [sys.executable, *_isolation(), "-m", "imsearch", "index"]
        command += ["--library", str(settings.library)] if isinstance(settings.library, Path) else []
        command += ["--device", settings.device]
        command += ["--batch-size", str(settings.batch_size)] if settings.batch_size else []
        command += ["--workers", str(settings.workers)] if settings.workers else []
        command += [f"--annotator={name}" for name in annotators]
        if self._log is not None:
            self._log.close()
        # A file rather than a pipe: should this server be killed, the run can still write to it.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open while the run is
        self._stopping = False
        self._child = subprocess.Popen(
            [*command, "--", *map(os.fspath, paths)],
            # A URL may hold a password, and everybody can read the arguments of a process.
            env={**os.environ, PREFIX + "LIBRARY": str(settings.library)},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the server's terminal is for the server, which passes it on
        )


def _see_off(child: subprocess.Popen[bytes], patience: tuple[float, float]) -> None:
    """Wait for a stopped run; one that hangs is told to exit at once, and then killed."""
    for seconds, harder in zip(patience, (child.terminate, child.kill), strict=True):
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            harder()
    child.wait()


def _isolation() -> list[str]:
    """Make the run import the same program as this process: from the current folder only if this one does."""
    here = {"", os.getcwd()}  # noqa: PTH109 - as it stands in sys.path
    return [] if here.intersection(sys.path) else ["-P"]
