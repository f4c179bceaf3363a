"""Arrays that take long to compute, kept on disk row by row, so that a stopped run goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError


def cached_rows(
    path: Path,
    count: int,
    compute: Callable[[int, int], NDArray[np.generic]],
    batch: int = 32,
    progress: Callable[[int], None] = lambda count: None,
) -> NDArray[np.generic]:
    """An array of `count` rows, memory-mapped from `path`; `compute` gives the rows from start to stop.

    What is there already is not computed again.  `progress` is told how many rows each step finished.  Raises
    `ModelError` when the file holds another number of rows.
    """
    done_path = path.with_suffix(".json")
    done = _done(done_path) if path.exists() else 0
    rows: NDArray[np.generic] | None = np.load(path, mmap_mode="r+") if done else None
    if rows is not None and len(rows) != count:
        raise ModelError(f"{path} holds {len(rows):,} rows, not {count:,}. Delete it, and the run computes it again.")
    progress(done)
    for start in range(done, count, batch):
        part = compute(start, min(start + batch, count))
        if rows is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = np.lib.format.open_memmap(path, mode="w+", dtype=part.dtype, shape=(count, *part.shape[1:]))
        rows[start : start + len(part)] = part
        _write_whole(done_path, str(start + len(part)))
        progress(len(part))
    assert rows is not None, "there is at least one row"
    return rows


def place_for(path: Path, files: Sequence[Path]) -> Path:
    """Where rows computed from these files are kept: `path`, or beside it when that holds those of other files.

    Names alone do not tell: many sets have a ``1.jpg``.  The sizes of the files do, and are noted beside the rows.
    """
    sizes = hashlib.sha256(" ".join(str(file.stat().st_size) for file in files).encode()).hexdigest()
    told = path.with_suffix(".files")
    if path.exists() and told.exists():
        return path if told.read_text() == sizes else path.with_stem(f"{path.stem}-{sizes[:12]}")
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_whole(told, sizes)
    return path


def _done(path: Path) -> int:
    """How many rows are there; none when nothing, or nothing sensible, tells so."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)
