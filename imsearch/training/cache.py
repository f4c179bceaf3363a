"""Arrays that take long to compute, kept on disk row by row, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    done = int(json.loads(done_path.read_text())) if done_path.exists() and path.exists() else 0
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
        done_path.write_text(json.dumps(start + len(part)))
        progress(len(part))
    assert rows is not None, "there is at least one row"
    return rows
