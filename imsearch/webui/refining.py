"""Queries derived from queries: widened, corrected, or reordered.  Pure.

`imsearch.engine.query.refining` narrows them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from imsearch.engine.query.keys import KEYS, Keys

_ORDER = re.compile(r"(?<![^\s])sort:(-?\w+)", re.IGNORECASE)
_GROUPED = re.compile(r"[()]|(?<!\S)(?:or|not)(?!\S)", re.IGNORECASE)


class Active(NamedTuple):
    """A condition of a query: as typed, the query without it, its position, and its label."""

    text: str
    rest: str
    start: int
    label: str


@lru_cache(8)
def _condition(keys: Keys) -> re.Pattern[str]:
    return re.compile(
        r'"[^"]*(?:"|$)|'  # what stands in quotes holds no condition
        rf'(?<!\S)(?P<sign>[-+]?)(?P<key>{"|".join(keys)}):(?P<value>=?"[^"]*(?:"[<>]=?\S*|"|$)|[^\s()"]+)',
        re.IGNORECASE,
    )


def conditions(text: str, keys: Keys = KEYS) -> list[Active]:
    """The conditions of a query that can be taken out one by one; none where words are grouped.

    keys: those of the query language.
    """
    if _GROUPED.search(re.sub(r'"[^"]*"?', "", text)):
        return []
    found = [match for match in _condition(keys).finditer(text) if match["key"] and not _ORDER.fullmatch(match[0])]
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


def bare(text: str, keys: Keys = KEYS) -> str:
    """Return the query without its removable conditions."""
    for each in reversed(conditions(text, keys)):
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
