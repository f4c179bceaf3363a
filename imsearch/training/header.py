"""The header of a weights file, read without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from imsearch.errors import ModelError

WEIGHTS = "weights.safetensors"
SUMMARY = "weights.json"
"""Beside the weights: what an annotator's spec needs."""
KEY = "imsearch"
"""Under this name the header holds everything of a model but its tensors, as JSON."""
_UNNAMED = "everyday"
"""Its files of version 2 and before do not name their model; all others do."""


def read_header(weights: Path) -> dict[str, Any]:
    """Everything of a weights file but its tensors.  Raises `ModelError` where `imsearch train` did not write it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="numpy") as file:
            said: dict[str, Any] = json.loads((file.metadata() or {})[KEY])
        return {"model": _UNNAMED, **said}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{weights} is no weights file that imsearch train wrote ({error or type(error).__name__})"
        ) from error
