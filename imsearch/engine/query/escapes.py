"""Escapes, as in URLs, for characters that cannot be typed in the quotes of a query: ``%22`` is a quotation mark.
Pure."""

from __future__ import annotations

import re

QUOTES = "\u201c\u201d\u201e\u00ab\u00bb\uff02\u300c\u300d\u300e\u300f"
"""Characters read as a quotation mark, besides the plain one."""
PLAIN_QUOTES = str.maketrans(dict.fromkeys(QUOTES, '"'))
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_UNTYPED = re.compile(r'["' + QUOTES + r"\x00-\x1f\x7f-\x9f\ud800-\udfff]|%(?=[0-9A-Fa-f]{2})|^\s|\s$")
"""Characters that cannot stand in quotes, or would be read as others; also undecodable bytes of names."""


def escaped(text: str) -> str:
    """Return the text, escaped so that it can stand in quotes."""
    return _UNTYPED.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogateescape")), text
    )


def unescaped(text: str) -> str:
    """Return the text that an escaped one stands for."""
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(errors="surrogateescape"), text)
