"""The way in: scan -> plan -> read -> resolve -> decode -> annotate -> write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.indexer.plan import make_plan, refuse_unknown
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.indexer.run import Run
from imsearch.indexer.scan import Scan, Scanner, absolute, outermost
from imsearch.pictures import decoders
from imsearch.pictures.decoders import Decoding
from imsearch.pictures.metadata.gather import FACTS_VERSION
from imsearch.records import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine


def index(
    paths: Sequence[Path],
    engine: Engine,
    annotators: Sequence[AnnotatorSpec],
    *,
    device: str = "cpu",
    batch_size: int | None = None,
    workers: int | None = None,
    observer: Observer | None = None,
    forget_missing: bool = False,
    decoding: Decoding | None = None,
) -> Report:
    """Bring the library up to date with folders and files, annotating what the annotators have not seen.

    `device` is handed to the factories of the annotators, which are called only when there is a picture for them.
    `forget_missing` removes files below roots that are missing or empty; without it they are kept, because a disk may
    be unplugged.  `decoding` is closed at the end; by default pictures are decoded in processes of their own.  Raises
    ImsearchError before anything is changed when a path neither exists nor is known, and KeyboardInterrupt after
    Ctrl-C, once the pictures in hand are stored.
    """
    started = time.perf_counter()
    observer = observer or SilentObserver()
    paths = absolute(paths)
    refuse_unknown(paths, engine.catalog)
    roots = outermost(paths)
    scan = _scan(roots, observer)
    engine.use_annotators(annotators)
    known = {root: engine.catalog.known_files(root) for root in roots}
    lacking = engine.catalog.lacking([spec.name for spec in annotators])
    outdated = engine.catalog.read_before(FACTS_VERSION)
    plan = make_plan(scan, known, lacking, forget_missing, outdated)
    for root in plan.missing:
        what = "is empty" if root in scan.empty else "is missing"
        then = "its pictures are forgotten" if forget_missing else "its pictures are kept (an unplugged disk?)"
        observer.note(f"{root} {what}; {then}")
    for folder in scan.unreadable:
        observer.note(f"{folder} cannot be read; its pictures are kept")
    observer.planned(len(plan.work), plan.size)
    workers = workers or default_workers()
    with closing(decoding or decoders.Decoders(workers)) as decoding:
        run = Run(engine, plan, annotators, device, batch_size, workers, observer, decoding)
        run.to_the_end()
    missing = [] if forget_missing else plan.missing
    return run.tally.report(time.perf_counter() - started, missing, scan.unreadable, run.crew.broken)


def default_workers() -> int:
    """One reader thread for each processor this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1


def _scan(roots: Sequence[Path], observer: Observer) -> Scan:
    scanner = Scanner()
    for files in scanner.scan(roots):
        observer.scanned(files)
    return scanner.found
