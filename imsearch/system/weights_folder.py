"""The folder for third-party weights that are neither in this repository nor in an installed package."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "IMSEARCH_WEIGHTS"


def weights_folder() -> Path | None:
    """Return the folder that ``IMSEARCH_WEIGHTS`` names, or None if the variable is not set."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None
