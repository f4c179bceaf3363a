"""Options of a run, besides folders, annotators and a library."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imsearch.indexer.exclusions import Exclusions
from imsearch.indexer.in_hand import InHand
from imsearch.pictures.decoders import SECONDS


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """The options of one run.

    device: passed to the factories of the annotators, which are called only when there is a picture for them.
    batch_size: pictures per forward pass; by default each annotator's preference.  workers: threads that read and
    processes that decode; by default one for each processor.  forget_missing: remove files below folders that are
    missing or empty; without it they are kept, because a disk may be unmounted.  exclusions: rules applied to folders,
    on top of hidden and machine-made ones.  known_folders: those named in other runs, which are scanned even if hidden
    or machine-made.  ctimes: True to read a file again if only its ctime differs.  decode_seconds: limit for decoding a
    picture.  in_hand: logs the files in progress, should the run die.  try_alone: returns which of the pictures in
    progress crash the program, and why.
    """

    device: str = "cpu"
    batch_size: int | None = None
    workers: int | None = None
    forget_missing: bool = False
    exclusions: Exclusions | None = None
    known_folders: Sequence[Path] = ()
    ctimes: bool = True
    decode_seconds: float = SECONDS
    in_hand: InHand | None = None
    try_alone: Callable[[Sequence[Path]], Mapping[Path, str]] | None = None


DEFAULTS = IndexOptions()


def default_workers() -> int:
    """Return the number of processors this process may use: one reader thread for each."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1
