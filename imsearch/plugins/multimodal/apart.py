"""A folder of its own for each part of a training that learns from what another part made."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.training.run import Run


def digest(*learned: NDArray[Any]) -> str:
    """Names arrays by what they hold."""
    found = hashlib.sha256()
    for each in learned:
        found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()[:12]


def apart(run: Run, name: str, *learned: NDArray[Any]) -> Run:
    """The run in a folder named by what it learns from, so that it never goes on from a checkpoint on other data."""
    folder = run.folder / f"{name}-{digest(*learned)}"
    folder.mkdir(exist_ok=True)
    return replace(run, folder=folder, shared=run.cache)
