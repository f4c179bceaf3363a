"""How pictures are indexed: what a run is given beside folders, annotators and a library."""

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

    device: handed to the factories of the annotators, which are called only when there is a picture for them.
    batch_size: pictures in one forward pass; by default as each annotator says.  workers: threads that read and
    processes that decode; by default one for each processor.  forget_missing: remove files below folders that are
    missing or empty; without it they are kept, because a disk may be unplugged.  exclusions: what is left out of
    folders, beside what is hidden or made by machines.  known_folders: those that were named in other runs, which are
    taken although they are hidden or made by machines.  ctimes: whether a file of which only the ctime is another is
    read again.  decode_seconds: after which a picture is given up.  in_hand: remembers what the run is at, should it
    die.  try_alone: tells which of the pictures that were in hand end the program, and why.
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
    """One reader thread for each processor this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1
