"""Arrays that take long to compute, kept on disk row by row, so that a stopped run goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError, ModelError
from imsearch.training.contents import content_hashes, short_hash

_DECODING = 1
"""Part of every name below; to be raised when the same file is decoded to other pixels than before."""


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


def picture_rows(
    folder: Path,
    name: str,
    settings: Sequence[object],
    files: Sequence[Path],
    compute: Callable[[int, int], NDArray[np.generic]],
    batch: int = 32,
    progress: Callable[[int], None] = lambda count: None,
) -> NDArray[np.generic]:
    """Rows computed from pictures, one for each of `files`, kept in `folder`; otherwise as `cached_rows`.

    They are found again by what the files hold and by `settings`, which name everything else that the rows depend on.
    Where the files lie and how they are called does not matter; their order does.  Raises `DatasetError` when a file
    was changed while the rows were computed.
    """
    before = content_hashes(files)
    path = folder / f"{name}-{short_hash(_DECODING, *settings, *before)}.npy"
    computed = False

    def watched(start: int, stop: int) -> NDArray[np.generic]:
        nonlocal computed
        computed = True
        return compute(start, stop)

    rows = cached_rows(path, len(files), watched, batch, progress)
    if computed and (
        changed := [f for f, old, new in zip(files, before, content_hashes(files), strict=True) if old != new]
    ):
        path.with_suffix(".json").unlink()
        raise DatasetError(f"{changed[0]} was changed while it was learned from. Start the command again.")
    return rows


def _done(path: Path) -> int:
    """Return the number of finished rows; 0 if it is not recorded, or invalid."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)
