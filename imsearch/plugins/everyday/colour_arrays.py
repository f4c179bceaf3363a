"""Files of the learned colour models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import ModelError


def read_arrays(path: Path, names: Sequence[str]) -> list[NDArray[np.generic]]:
    """Return the named arrays of an ``.npz`` file, in order.  Raises `ModelError` when the file cannot be used."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return [file[name] for name in names]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ModelError(f"{path} does not hold colours ({error}). Install imsearch again.") from error
