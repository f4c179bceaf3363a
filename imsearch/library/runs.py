"""The part of `imsearch.library.Library` about indexing: bringing it up to date, what it covers, how far it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.stores.sql import folders as remembered
from imsearch.errors import ImsearchError
from imsearch.indexer.annotating import pick_device, usable_annotators
from imsearch.library.tags import TagLibrary
from imsearch.records import Folder

if TYPE_CHECKING:
    from imsearch.annotator import CountHead
    from imsearch.engine.engine import Engine
    from imsearch.engine.review.review import Thresholds
    from imsearch.indexer.report import Observer, Report
    from imsearch.indexer.run import Run
    from imsearch.indexer.runs import LastRun, Progress
    from imsearch.plugins.manager import PluginManager
    from imsearch.plugins.text_encoders import TextEncoders
    from imsearch.settings import Settings


class IndexLibrary(TagLibrary):
    """Indexes, and tells of runs, those of other processes included."""

    def __init__(self, engine: Engine, settings: Settings, plugins: PluginManager | None = None) -> None:
        super().__init__(engine, settings)
        self._plugins = plugins

    @cached_property
    def plugins(self) -> PluginManager:
        """Loaded when first asked for: a query needs none."""
        from imsearch.plugins.manager import make_manager

        return self._plugins or make_manager()

    def _count_heads(self) -> Mapping[str, tuple[str, Mapping[str, CountHead]]]:
        """What the installed annotators count things by, and of which version; plugins are loaded when asked first."""
        from imsearch.plugins.count_heads import count_heads

        return count_heads(self.plugins.offered())

    @cached_property
    def text_encoders(self) -> TextEncoders:
        """What puts words into the spaces of pictures; plugins are loaded when a text is first asked for."""
        from imsearch.plugins.text_encoders import TextEncoders

        return TextEncoders(lambda: self.plugins)

    def _thresholds(self) -> Thresholds:
        from imsearch.engine.review.review import Thresholds

        return Thresholds(self.plugins.offered())

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
        from imsearch.indexer.announcer import Announcer
        from imsearch.indexer.exclusions import Exclusions
        from imsearch.indexer.in_hand import InHand
        from imsearch.indexer.pipeline import index
        from imsearch.indexer.plan import refuse_unknown
        from imsearch.indexer.progress_file import Beacon
        from imsearch.indexer.report import SilentObserver
        from imsearch.indexer.run import Run
        from imsearch.indexer.scan import absolute
        from imsearch.indexer.trial import try_alone

        observer = observer or SilentObserver()
        exclusions = Exclusions(self.settings.exclude, exclude)
        names = annotators or self.settings.annotators
        specs = usable_annotators(self.plugins, names, observer.note)
        paths = absolute(paths) or self._usual_paths(observer)
        refuse_unknown(paths, self.engine.catalog)
        recorder = self.engine.recorder
        remembered.remember(recorder, [path for path in paths if path.is_dir()])
        self.engine.locate()
        self.engine.keep_up()
        device = pick_device(self.settings.device)
        beacon = Beacon(observer, self.settings.library, paths, [spec.name for spec in specs])
        with beacon:
            report = index(
                paths,
                self.engine,
                specs,
                device=device,
                batch_size=self.settings.batch_size,
                workers=self.settings.workers,
                decode_seconds=self.settings.decode_seconds,
                observer=Announcer(beacon, self.engine.catalog, self.plugins) if self.plugins.listens else beacon,
                forget_missing=forget_missing,
                exclusions=exclusions,
                known_folders=[folder.path for folder in remembered.folders(self.engine.catalog)],
                ctimes=self.settings.compare_ctime,
                in_hand=InHand(self.settings.library),
                try_alone=partial(try_alone, annotators=names or [spec.name for spec in specs], device=device),
                make_run=cluster or Run,
            )
            self.engine.definitions.refresh()
            beacon.finish(report)
            self.engine.save()
        remembered.completed(recorder, [path for path in paths if path not in report.missing])
        if forget_missing:
            remembered.drop(recorder, [path for path in paths if not path.exists()])
        return report

    def _usual_paths(self, observer: Observer) -> list[Path]:
        """What is indexed when nothing is named; what is neither there nor known is told and left out."""
        usual = [folder.path for folder in self.folders()]
        if not usual:
            raise ImsearchError(
                "No folder of pictures is known yet. Name one: imsearch index FOLDER. From then on it is remembered."
            )
        there = [path for path in usual if os.path.lexists(path) or self.engine.catalog.known_files(path)]
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

        known = {folder.path: folder for folder in remembered.folders(self.engine.catalog)}
        paths = list(dict.fromkeys(self.settings.folders)) or list(known)
        return tuple(known.get(path, Folder(path)) for path in outermost(paths))

    def progress(self) -> Progress | None:
        """How far the run is that goes on now, whichever process does it; None when there is none."""
        from imsearch.indexer.progress_file import bury, read_progress

        found = read_progress(self.settings.library)
        if found is None or self.engine.running() == found.pid:
            return found
        self.engine.while_free(lambda: bury(self.settings.library))  # it was killed
        return None

    def last_run(self) -> LastRun | None:
        """How the last run ended; None before the first one, and where it is not known."""
        from imsearch.indexer.progress_file import read_last_run

        return read_last_run(self.settings.library)
