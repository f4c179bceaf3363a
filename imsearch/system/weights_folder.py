"""The folder for weights of others that are neither stored here nor come with an installed package."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "IMSEARCH_WEIGHTS"


def weights_folder() -> Path | None:
    """Return the folder that ``IMSEARCH_WEIGHTS`` names, or None without the variable."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None
