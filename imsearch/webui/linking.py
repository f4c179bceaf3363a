"""Addresses of pages that several pages link to."""

from __future__ import annotations

import re
from urllib.parse import quote

from imsearch.records import USER

_PLAIN = re.compile(r'[^\s()"<>*~]+')


def tag_query(name: str, by: str = "") -> str:
    """The query that finds this very tag; by: only where this source says so."""
    value = name if _PLAIN.fullmatch(name) else '"{}"'.format(name.replace('"', " "))
    return f"tag:{value} by:{by}" if by else f"tag:{value}"


def search_address(query: str) -> str:
    """The page of the pictures that match a query."""
    return f"/?q={quote(query, safe=':')}"


def review_address(word: str) -> str:
    """The page on which the pictures are judged that an annotator doubts to show this."""
    return f"/review?word={quote(word)}"


def source_name(source: str) -> str:
    """What a source of tags is called on pages."""
    return "you" if source == USER else source
