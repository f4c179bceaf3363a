"""The way in: scan -> plan -> read -> resolve -> decode -> annotate -> write."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.indexer.exclusions import Exclusions
from imsearch.indexer.in_hand import InHand
from imsearch.indexer.pairs import take_pairs
from imsearch.indexer.plan import Plan, make_plan, refuse_unknown
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.indexer.run import Run
from imsearch.indexer.scan import Scan, Scanner, absolute, outermost
from imsearch.pictures import decoders
from imsearch.pictures.decoders import SECONDS, Decoding
from imsearch.pictures.kinds import by_kind
from imsearch.pictures.metadata.gather import FACTS_VERSION
from imsearch.records import Failure, FileState
from imsearch.specs import AnnotatorSpec

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine


MOST_TOLD = 10
"""So many folders with which something is the matter are named."""


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
    exclusions: Exclusions | None = None,
    known_folders: Sequence[Path] = (),
    ctimes: bool = True,
    decode_seconds: float = SECONDS,
    decoding: Decoding | None = None,
    in_hand: InHand | None = None,
    try_alone: Callable[[Sequence[Path]], Mapping[Path, str]] | None = None,
    make_run: Callable[..., Run] = Run,
) -> Report:
    """Bring the library up to date with folders and files, annotating what the annotators have not seen.

    `device` is handed to the factories of the annotators, which are called only when there is a picture for them.
    `forget_missing` removes files below folders that are missing or empty; without it they are kept, because a disk may
    be unplugged.  `exclusions` says what is left out of folders, beside what is hidden or made by machines;
    `known_folders` are those that were named in other runs, which are taken although they are hidden or made by
    machines.  `ctimes` tells whether a file of which only the ctime is another is read again.  `decoding` is closed at
    the end; by default pictures are decoded in processes of their own, and given up after `decode_seconds`.
    `in_hand` remembers what the run is at, should it die; `try_alone` tells what of that ends the program.
    `make_run` is called with the arguments of a `Run`, and may make one that works elsewhere.

    Raises ImsearchError before anything is changed when a path neither exists nor is known, and KeyboardInterrupt after
    Ctrl-C, once the pictures in hand are stored.
    """
    started = time.perf_counter()
    observer = observer or SilentObserver()
    paths = absolute(paths)
    refuse_unknown(paths, engine.catalog)
    roots = outermost(paths)
    scan = _scan(Scanner(exclusions, observer.note, ctimes=ctimes), paths, roots, known_folders, observer)
    engine.use_annotators(annotators)
    known = {root: engine.catalog.known_files(root) for root in roots}
    pairs = take_pairs(scan, known, engine)
    lacking = engine.catalog.lacking([spec.name for spec in annotators])
    plan = make_plan(scan, known, lacking, forget_missing, engine.catalog.read_before(FACTS_VERSION))
    _tell_absent(scan, plan, roots, forget_missing, observer)
    in_hand = in_hand or InHand(None)
    _leave_alone(engine, plan, in_hand, try_alone, observer)
    observer.planned(len(plan.work), plan.size)
    engine.recorder.stamp(plan.stamps)
    workers = workers or default_workers()
    with closing(decoding or decoders.Decoders(workers, seconds=decode_seconds)) as decoding, in_hand:
        run = make_run(engine, plan, annotators, device, batch_size, workers, observer, decoding, in_hand)
        run.to_the_end()
    pairs.store(engine)
    _tell_emptied(plan, roots, forget_missing, observer)
    return replace(
        run.tally.report(time.perf_counter() - started),
        found=len(scan.files),
        excluded=plan.excluded,
        missing=() if forget_missing else tuple(plan.absent.missing()),
        unreadable=tuple(scan.unreadable),
        broken=dict(run.crew.broken),
        left_out=scan.left_out,
        not_read=by_kind(scan.not_read),
    )


def _scan(
    scanner: Scanner, paths: Sequence[Path], roots: Sequence[Path], known_folders: Sequence[Path], observer: Observer
) -> Scan:
    for files in scanner.scan(roots, _inside(paths, roots), _inside(known_folders, roots)):
        observer.scanned(files)
    return scanner.found


def _tell_absent(scan: Scan, plan: Plan, roots: Sequence[Path], forget_missing: bool, observer: Observer) -> None:
    """Tell of roots that are not there, and of folders that cannot be read."""
    for note in plan.absent.notes(forget_missing, roots.__contains__):
        observer.note(note)
    for folder in scan.unreadable:
        if not forget_missing or folder not in scan.lost:
            observer.note(f"{folder} cannot be read; its pictures are kept")


def _tell_emptied(plan: Plan, roots: Sequence[Path], forget_missing: bool, observer: Observer) -> None:
    """Tell of folders below the roots that are empty: only after a run it is known what was moved to another one."""
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
    """Take out of the plan what of the files that a run had in hand when it died would end the program again."""
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
    engine.record([], failures)  # at once: the run that follows may die of another one
    plan.left_alone += failures
    plan.work = [(found, known) for found, known in plan.work if Path(found.path) not in guilty]


def default_workers() -> int:
    """One reader thread for each processor this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1


def _inside(paths: Sequence[Path], roots: Sequence[Path]) -> list[Path]:
    """Of absolute paths, those that lie inside one of the roots."""
    folders = set(roots)
    return [path for path in paths if folders.intersection(path.parents)]
