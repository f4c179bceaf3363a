"""The way in: scan -> plan -> read -> resolve -> decode -> annotate -> write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.indexer.pairs import take_pairs
from imsearch.indexer.plan import make_plan, refuse_unknown
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.indexer.run import Run
from imsearch.indexer.scan import Scan, Scanner, absolute, outermost
from imsearch.pictures.metadata.gather import FACTS_VERSION
from imsearch.pictures.raw import HOW_TO_READ
from imsearch.records import AnnotatorSpec
from imsearch.wording import count

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
) -> Report:
    """Bring the library up to date with folders and files, annotating what the annotators have not seen.

    `device` is handed to the factories of the annotators, which are called only when there is a picture for them.
    `forget_missing` removes files below roots that are missing or empty; without it they are kept, because a disk may
    be unplugged.  Raises ImsearchError before anything is changed when a path neither exists nor is known, and
    KeyboardInterrupt after Ctrl-C, once the pictures in hand are stored.
    """
    started = time.perf_counter()
    observer = observer or SilentObserver()
    paths = absolute(paths)
    refuse_unknown(paths, engine.catalog)
    roots = outermost(paths)
    scan = _scan(roots, observer)
    engine.use_annotators(annotators)
    known = {root: engine.catalog.known_files(root) for root in roots}
    pairs = take_pairs(scan, known, engine)
    lacking = engine.catalog.lacking([spec.name for spec in annotators])
    outdated = engine.catalog.read_before(FACTS_VERSION)
    plan = make_plan(scan, known, lacking, forget_missing, outdated)
    for root in plan.missing:
        what = "is empty" if root in scan.empty else "is missing"
        then = "its pictures are forgotten" if forget_missing else "its pictures are kept (an unplugged disk?)"
        observer.note(f"{root} {what}; {then}")
    for folder in scan.unreadable:
        observer.note(f"{folder} cannot be read; its pictures are kept")
    if pairs.unread:
        observer.note(f"{count(len(pairs.unread), 'raw file')} left unread; {HOW_TO_READ}")
    observer.planned(len(plan.work), plan.size)
    run = Run(engine, plan, annotators, device, batch_size, workers or default_workers(), observer)
    run.to_the_end()
    pairs.store(engine)
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
