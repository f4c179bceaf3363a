"""The files of the shipped weights, and how many tags they may give a picture."""

from __future__ import annotations

from pathlib import Path

MOST_TAGS = 64
"""Of a picture's tags the likeliest that can be shown; a part of the version, since it decides what is returned."""
MOST_HIDDEN = 24
"""And of those for ranking only, which would crowd out the others: nearly every photo shows something large or two."""
_HERE = Path(__file__).parent
WEIGHTS = _HERE / "weights.safetensors"
TEXT_WEIGHTS = _HERE / "text.safetensors"
SUMMARY = _HERE / "weights.json"
"""Written beside the weights by the recipe: what the spec needs, readable without torch or safetensors."""
