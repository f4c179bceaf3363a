"""A folder of its own for each part of a training that learns from what another part made."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imsearch.training.run import Run


def apart(run: Run, name: str, *learned: NDArray[np.generic]) -> Run:
    """The run in a folder named by what it learns from, so that it never goes on from a checkpoint on other data."""
    digest = hashlib.sha256()
    for each in learned:
        digest.update(np.ascontiguousarray(each).tobytes())
    folder = run.folder / f"{name}-{digest.hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    return replace(run, folder=folder, shared=run.cache)
