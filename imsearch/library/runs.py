"""Indexing: bringing the library up to date, which folders it covers, how far a run is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.errors import ImsearchError
from imsearch.records import Folder

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine
    from imsearch.indexer.exclusions import Exclusions
    from imsearch.indexer.options import IndexOptions
    from imsearch.indexer.report import Observer, Report
    from imsearch.indexer.run import Run
    from imsearch.indexer.runs import LastRun, Progress
    from imsearch.library.installed import Installed
    from imsearch.settings import Settings


class Runs:
    """Indexes, and tells of runs, those of other processes included."""

    def __init__(self, engine: Engine, settings: Settings, installed: Installed) -> None:
        self._engine = engine
        self._settings = settings
        self._installed = installed

    def index(
        self,
        paths: Sequence[Path] = (),
        annotators: Sequence[str] = (),
        *,
        observer: Observer | None = None,
        forget_missing: bool = False,
        exclude: Sequence[str] = (),
        cluster: Callable[..., Run] | None = None,
    ) -> Report:
        """Bring the library up to date with these files and folders; by default with those of `folders`.

        annotators: by name; by default those of the settings, or all.  forget_missing: remove pictures of folders that
        are missing or empty.  exclude: globs, as in a .gitignore file, of what is left out beside what the settings
        leave out.  cluster: makes a run whose files are read and annotated elsewhere; see `imsearch.indexer.ray`.
        Raises PluginError when an annotator is not installed, ImsearchError for a path that neither exists
        nor is known and for a glob that cannot be used.
        """
        from imsearch.indexer.annotating import usable_annotators
        from imsearch.indexer.announcer import Announcer
        from imsearch.indexer.exclusions import Exclusions
        from imsearch.indexer.pipeline import index
        from imsearch.indexer.plan import refuse_unknown
        from imsearch.indexer.progress_file import Beacon
        from imsearch.indexer.report import SilentObserver
        from imsearch.indexer.run import Run
        from imsearch.indexer.scan import absolute

        observer = observer or SilentObserver()
        exclusions = Exclusions(self._settings.exclude, exclude)
        plugins, names = self._installed.plugins, annotators or self._settings.annotators
        specs = usable_annotators(plugins, names, observer.note)
        paths = absolute(paths) or self._usual_paths(observer)
        refuse_unknown(paths, self._engine.catalog)
        self._begin(paths)
        beacon = Beacon(observer, self._engine.scratch, paths, [spec.name for spec in specs])
        with beacon:
            report = index(
                paths,
                self._engine,
                specs,
                self._options(exclusions, forget_missing, names or [spec.name for spec in specs]),
                observer=Announcer(beacon, self._engine.catalog, plugins) if plugins.listens else beacon,
                make_run=cluster or Run,
            )
            self._engine.definitions.refresh()
            beacon.finish(report)
            self._engine.save()
        self._remember(paths, report, forget_missing)
        return report

    def _begin(self, paths: Sequence[Path]) -> None:
        """Prepare a run before any file is read."""
        self._engine.recorder.remember_folders([path for path in paths if path.is_dir()])
        self._engine.locate()
        self._engine.keep_up()

    def _options(self, exclusions: Exclusions, forget_missing: bool, names: Sequence[str]) -> IndexOptions:
        """The options of a run; names: of the annotators, to try pictures alone."""
        from imsearch.indexer.annotating import pick_device
        from imsearch.indexer.in_hand import InHand
        from imsearch.indexer.options import IndexOptions
        from imsearch.indexer.trial import try_alone

        settings = self._settings
        device = pick_device(settings.device)
        return IndexOptions(
            device=device,
            batch_size=settings.batch_size,
            workers=settings.workers,
            forget_missing=forget_missing,
            exclusions=exclusions,
            known_folders=[folder.path for folder in self._engine.catalog.folders()],
            ctimes=settings.compare_ctime,
            decode_seconds=settings.decode_seconds,
            in_hand=InHand(self._engine.scratch),
            try_alone=partial(try_alone, annotators=names, device=device),
        )

    def _remember(self, paths: Sequence[Path], report: Report, forget_missing: bool) -> None:
        """Note which folders a run that came to its end has covered."""
        recorder = self._engine.recorder
        recorder.complete_folders(path for path in paths if path not in report.missing)
        if forget_missing:
            recorder.drop_folders(path for path in paths if not path.exists())

    def _usual_paths(self, observer: Observer) -> list[Path]:
        """Return the default paths to index; missing and unknown ones are reported and left out."""
        usual = [folder.path for folder in self.folders()]
        if not usual:
            raise ImsearchError(
                "No folder of pictures is known yet. Name one: imsearch index FOLDER. From then on it is remembered."
            )
        there = [path for path in usual if os.path.lexists(path) or self._engine.catalog.known_files(path)]
        for path in usual:
            if path not in there:
                observer.note(f"{path} does not exist and was left out")
        if not there:
            raise ImsearchError("None of the folders exists; nothing was indexed. Is a disk not plugged in?")
        return there

    def folders(self) -> tuple[Folder, ...]:
        """The folders that are kept up to date: those of the settings, or else all that were ever indexed.

        One inside another is left out.
        """
        from imsearch.indexer.scan import outermost

        known = {folder.path: folder for folder in self._engine.catalog.folders()}
        paths = list(dict.fromkeys(self._settings.folders)) or list(known)
        return tuple(known.get(path, Folder(path)) for path in outermost(paths))

    def progress(self) -> Progress | None:
        """Return the progress of the current run, whichever process does it; None if there is none."""
        from imsearch.indexer.progress_file import bury, read_progress

        found = read_progress(self._engine.scratch)
        if found is None or self._engine.running() == found.pid:
            return found
        self._engine.while_free(lambda: bury(self._engine.scratch))  # it was killed
        return None

    def writing(self) -> int | None:
        """The process that holds the library for a run, maybe this one; None when nobody does."""
        return self._engine.running()

    def last_run(self) -> LastRun | None:
        """Return the result of the last run; None before the first one, and if it is unknown."""
        from imsearch.indexer.progress_file import read_last_run

        return read_last_run(self._engine.scratch)
