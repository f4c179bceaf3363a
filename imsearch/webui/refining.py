"""Queries derived from queries: widened, corrected, or reordered.  Pure.

`imsearch.engine.query.refining` narrows them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from imsearch.engine.query.grammar import ALL_KEYS

_CONDITION = re.compile(
    r'"[^"]*(?:"|$)|'  # quoted text holds no condition
    rf'(?<!\S)(?P<sign>[-+]?)(?P<key>{"|".join(ALL_KEYS)}):(?P<value>=?"[^"]*(?:"[<>]=?\S*|"|$)|[^\s()"]+)',
    re.IGNORECASE,
)
_ORDER = re.compile(r"(?<![^\s])sort:(-?\w+)", re.IGNORECASE)
_GROUPED = re.compile(r"[()]|(?<!\S)(?:or|not)(?!\S)", re.IGNORECASE)


class Active(NamedTuple):
    """A condition of a query: as typed, the query without it, its position, and its label."""

    text: str
    rest: str
    start: int
    label: str


def conditions(text: str) -> list[Active]:
    """Return the conditions of a query that can be removed one by one; none if it has groups."""
    if _GROUPED.search(re.sub(r'"[^"]*"?', "", text)):
        return []
    found = [match for match in _CONDITION.finditer(text) if match["key"] and not _ORDER.fullmatch(match[0])]
    return [
        Active(match[0], joined(text[: match.start()], text[match.end() :]), match.start(), _label(match))
        for match in found
    ]


def _label(match: re.Match[str]) -> str:
    """Return the label of a condition: the value alone for those of facets, otherwise the text as typed."""
    key, value = match["key"].lower(), match["value"].removeprefix("=").strip('"')
    if match["sign"] or (key not in ("shows", "folder") and not match["value"].startswith("=")):
        return match[0]
    return value.rstrip("/").rpartition("/")[2] or value if key == "folder" else value


def bare(text: str) -> str:
    """Return the query without its removable conditions."""
    for each in reversed(conditions(text)):
        text = text[: each.start] + " " + text[each.start + len(each.text) :]
    return " ".join(text.split())


def joined(*parts: str) -> str:
    """Join parts of a query with spaces, skipping empty ones."""
    return " ".join(part.strip() for part in parts if part.strip())


def put_right(text: str, word: str, meant: str) -> str:
    """Return the query with a word replaced by a suggestion."""
    instead = f'"{meant}"' if " " in meant and ":" not in meant else meant
    pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
    return re.sub(pattern, lambda match: instead, text, count=1, flags=re.IGNORECASE)


def in_order(text: str, key: str) -> str:
    """Return the query in another order; "" is by relevance."""
    return joined(" ".join(_ORDER.sub("", text).split()), f"sort:{key}" if key else "")
