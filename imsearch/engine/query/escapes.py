"""Percent-escapes for characters that cannot be typed in the quotes of a query: ``%22`` is a quotation mark.  Pure."""

from __future__ import annotations

import re

QUOTES = "\u201c\u201d\u201e\u00ab\u00bb\uff02\u300c\u300d\u300e\u300f"
"""Characters that count as quotation marks besides the plain one."""
PLAIN_QUOTES = str.maketrans(dict.fromkeys(QUOTES, '"'))
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNTYPED = re.compile(r'["' + QUOTES + r"\x00-\x1f\x7f-\x9f\ud800-\udfff]|%(?=[0-9A-Fa-f]{2})|^\s|\s$")
"""Characters that cannot be quoted, or would be read as something else; also undecodable bytes of names."""


def escaped(text: str) -> str:
    """A text that can stand in quotes."""
    return _UNTYPED.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogateescape")), text
    )


def unescaped(text: str) -> str:
    """Return the unescaped text."""
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="surrogateescape"), text)
