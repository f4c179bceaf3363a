"""Text for terminals that cannot display every character."""

from __future__ import annotations

_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2500\u2501\u2550\u2574\u2576\u2578\u257a\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u2502\u2503\u2551", "|"),
        **dict.fromkeys("\u2588\u2589\u258a\u258b\u258c\u258d\u258e\u258f\u2593\u2592\u2591", "#"),
        **dict.fromkeys("\u2018\u2019\u201a", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2022\u00b7\u2605", "*"),
        **{"\u2026": "~", "\u00d7": "x", "\u2192": ">", "\u2190": "<", "\u2606": "-", "\u00a0": " "},
    }
)
"""ASCII replacements of table borders, of the same width."""


def fitted(text: str, encoding: str) -> str:
    """Return a text with only characters that an encoding has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_LOOK_ALIKES).encode(encoding, "backslashreplace").decode(encoding)
    return text
