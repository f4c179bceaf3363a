"""Addresses of pages that several pages link to."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from imsearch.engine.query.escapes import escaped

_PLAIN = re.compile(r"[\w+#&'.:-]+")


def tag_query(name: str, by: str = "") -> str:
    """The query that finds this very tag; by: only where this source says so."""
    value = name if _PLAIN.fullmatch(name) else f'"{escaped(name)}"'
    return f"tag:{value} by:{by}" if by else f"tag:{value}"


def search_address(query: str, everything: bool = False) -> str:
    """The page of the pictures that match a query; everything: the less likely ones too."""
    return f"/{_asked(query, everything)}"


def picture_address(image: int, query: str = "", everything: bool = False) -> str:
    """The page of a picture, opened from the results of a query."""
    return f"/picture/{image}{_asked(query, everything)}"


def review_address(word: str) -> str:
    """The page on which the pictures are judged that an annotator doubts to show this."""
    return f"/review?word={quote(word)}"


def folder_query(folder: str) -> str:
    """The query that finds what lies in a folder and below it."""
    return f"path:{quoted(folder.rstrip('/') + '/')}"


def day_query(day: datetime) -> str:
    """The query that finds what was taken on the same day."""
    return f"date:{day:%Y-%m-%d}"


def near_query(latitude: float, longitude: float) -> str:
    """The query that finds what was taken within a kilometre."""
    return f"near:{latitude:.5f},{longitude:.5f},1"


def map_address(latitude: float, longitude: float) -> str:
    """A map with a mark there, of another site: only ever opened by a click."""
    at = f"{latitude:.6f}", f"{longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=15/{at[0]}/{at[1]}"


def quoted(text: str) -> str:
    """As one value; the query language has no way to write a quotation mark inside of one, so "*" stands for it."""
    return f'"{text.replace(chr(34), "*")}"'


def _asked(query: str, everything: bool) -> str:
    parts = [f"q={quote(query, safe=':')}"] if query else []
    return "?" + "&".join([*parts, *(["all=1"] if everything else [])]) if parts or everything else ""
