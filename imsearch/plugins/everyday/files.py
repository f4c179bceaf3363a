"""The name of the annotator, the files of its shipped weights, and limits on the number of tags per picture."""

from __future__ import annotations

from pathlib import Path

NAME = "everyday"
MOST_TAGS = 64
"""Maximum of tags that can be shown, the likeliest first; a part of the version, since it determines the result."""
MOST_HIDDEN = 24
"""Maximum of ranking-only tags, which would crowd out the others: nearly every photo shows something large or two."""
_HERE = Path(__file__).parent
WEIGHTS = _HERE / "weights.safetensors"
TEXT_WEIGHTS = _HERE / "text.safetensors"
SUMMARY = _HERE / "weights.json"
"""Written next to the weights by the recipe: the data of the spec, readable without torch or safetensors."""
