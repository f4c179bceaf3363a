"""The indexing pipeline: scan -> plan -> read -> resolve -> decode -> annotate -> write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.indexer.in_hand import InHand
from imsearch.indexer.options import DEFAULTS, IndexOptions, default_workers
from imsearch.indexer.pairs import take_pairs
from imsearch.indexer.plan import Plan, make_plan, refuse_unknown
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.indexer.run import Run
from imsearch.indexer.scan import Scan, Scanner, absolute, outermost
from imsearch.pictures import decoders
from imsearch.pictures.decoders import Decoding
from imsearch.pictures.kinds import by_kind
from imsearch.pictures.metadata.gather import FACTS_VERSION
from imsearch.records import Failure, FileState
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine


MOST_TOLD = 10
"""Maximum number of problem folders named."""


def index(
    paths: Sequence[Path],
    engine: Engine,
    annotators: Sequence[AnnotatorSpec],
    options: IndexOptions = DEFAULTS,
    *,
    observer: Observer | None = None,
    decoding: Decoding | None = None,
    make_run: Callable[..., Run] = Run,
) -> Report:
    """Update the library from folders and files, annotating what the annotators have not seen.

    decoding: closed at the end; by default pictures are decoded in processes of their own.
    make_run: called with the arguments of a `Run`; may return one that works elsewhere.
    Raises ImsearchError before anything is changed when a path neither exists nor is known, and KeyboardInterrupt after
    Ctrl-C, once the pictures in progress are stored.
    """
    started = time.perf_counter()
    observer = observer or SilentObserver()
    paths = absolute(paths)
    refuse_unknown(paths, engine.catalog)
    roots = outermost(paths)
    scan = _scan(paths, roots, options, observer)
    engine.use_annotators(annotators)
    known = {root: engine.catalog.known_files(root) for root in roots}
    pairs = take_pairs(scan, known, engine)
    lacking = engine.catalog.lacking([spec.name for spec in annotators])
    plan = make_plan(scan, known, lacking, options.forget_missing, engine.catalog.read_before(FACTS_VERSION))
    _tell_absent(scan, plan, roots, options.forget_missing, observer)
    in_hand = options.in_hand or InHand(None)
    _leave_alone(engine, plan, in_hand, options.try_alone, observer)
    observer.planned(len(plan.work), plan.size)
    engine.recorder.stamp(plan.stamps)
    workers = options.workers or default_workers()
    with closing(decoding or decoders.Decoders(workers, seconds=options.decode_seconds)) as decoding, in_hand:
        run = make_run(engine, plan, annotators, options, workers, observer, decoding, in_hand, started)
        run.to_the_end()
    pairs.store(engine)
    _tell_emptied(plan, roots, options.forget_missing, observer)
    report = replace(run.tally.report(time.perf_counter() - started), profile=run.profile())
    return _completed(report, scan, plan, options.forget_missing, run.crew.broken)


def _completed(report: Report, scan: Scan, plan: Plan, forget_missing: bool, broken: Mapping[str, str]) -> Report:
    """Return the report of a run, completed with the results of the scan and the broken annotators."""
    return replace(
        report,
        found=len(scan.files),
        excluded=plan.excluded,
        missing=() if forget_missing else tuple(plan.absent.missing()),
        unreadable=tuple(scan.unreadable),
        broken=dict(broken),
        left_out=scan.left_out,
        not_read=by_kind(scan.not_read),
    )


def _scan(paths: Sequence[Path], roots: Sequence[Path], options: IndexOptions, observer: Observer) -> Scan:
    scanner = Scanner(options.exclusions, observer.note, ctimes=options.ctimes)
    for files in scanner.scan(roots, _inside(paths, roots), _inside(options.known_folders, roots)):
        observer.scanned(files)
    return scanner.found


def _tell_absent(scan: Scan, plan: Plan, roots: Sequence[Path], forget_missing: bool, observer: Observer) -> None:
    """Report missing roots and unreadable folders."""
    for note in plan.absent.notes(forget_missing, roots.__contains__):
        observer.note(note)
    for folder in scan.unreadable:
        if not forget_missing or folder not in scan.lost:
            observer.note(f"{folder} cannot be read; its pictures are kept")


def _tell_emptied(plan: Plan, roots: Sequence[Path], forget_missing: bool, observer: Observer) -> None:
    """Report empty folders below the roots: only after a run is it known which files were moved elsewhere."""
    notes = plan.absent.notes(forget_missing, lambda folder: folder not in roots)
    for note in notes[:MOST_TOLD]:
        observer.note(note)
    if len(notes) > MOST_TOLD:
        observer.note(f"The same is true of {len(notes) - MOST_TOLD:,} more folders")


def _leave_alone(
    engine: Engine,
    plan: Plan,
    in_hand: InHand,
    try_alone: Callable[[Sequence[Path]], Mapping[Path, str]] | None,
    observer: Observer,
) -> None:
    """Drop those files from the plan, of the ones in progress when a run died, that would crash the program again."""
    left = set(map(os.fspath, in_hand.left()))
    suspects = [found for found, _ in plan.work if found.path in left and not found.reason]
    if not suspects or try_alone is None:
        return
    what = "the picture" if len(suspects) == 1 else f"the {len(suspects)} pictures"
    observer.note(f"The last run was broken off. Trying {what} it had in hand, each alone ...")
    guilty = try_alone([Path(found.path) for found in suspects])
    failures = [
        Failure(path, guilty[path], state=FileState(found.size, found.mtime_ns, found.ctime_ns))
        for found in suspects
        if (path := Path(found.path)) in guilty
    ]
    engine.record([], failures)  # stored at once: the run that follows may die of another one
    plan.left_alone += failures
    plan.work = [(found, known) for found, known in plan.work if Path(found.path) not in guilty]


def _inside(paths: Sequence[Path], roots: Sequence[Path]) -> list[Path]:
    """Return those of the absolute paths that are inside one of the roots."""
    folders = set(roots)
    return [path for path in paths if folders.intersection(path.parents)]
