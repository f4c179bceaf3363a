"""Make texts encodable as UTF-8."""

from __future__ import annotations

import re
from typing import Any

_NO_TEXT = re.compile("[\ud800-\udfff]")


def readable(text: Any) -> Any:
    """Return a text with a replacement character for each undecodable byte of a file name."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text) if isinstance(text, str) else text


def readable_within(value: Any) -> Any:
    """Apply `readable` to all texts of a JSON value."""
    if isinstance(value, dict):
        return {readable(key): readable_within(each) for key, each in value.items()}
    return [readable_within(each) for each in value] if isinstance(value, list | tuple) else readable(value)
