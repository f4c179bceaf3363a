"""Addresses that several pages link to."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from imsearch.engine.query.escapes import escaped

_PLAIN = re.compile(r"[\w+#&'.:-]+")


def tag_query(name: str, by: str = "") -> str:
    """Return the query for exactly this tag; by: only from this source."""
    value = name if _PLAIN.fullmatch(name) else f'"{escaped(name)}"'
    return f"tag:{value} by:{by}" if by else f"tag:{value}"


def search_address(query: str, everything: bool = False) -> str:
    """Return the address of the results of a query; everything: include the less likely ones."""
    return f"/{_asked(query, everything)}"


def picture_address(image: int, query: str = "", everything: bool = False) -> str:
    """Return the address of a picture's page, opened from the results of a query."""
    return f"/picture/{image}{_asked(query, everything)}"


def review_address(word: str) -> str:
    """Return the address of the page for reviewing doubtful instances of this tag."""
    return f"/review?word={quote(word)}"


def folder_query(folder: str) -> str:
    """Return the query for everything in a folder and its subfolders."""
    return f"path:{quoted(folder.rstrip('/') + '/')}"


def day_query(day: datetime) -> str:
    """Return the query for pictures taken on the same day."""
    return f"date:{day:%Y-%m-%d}"


def near_query(latitude: float, longitude: float) -> str:
    """Return the query for pictures taken within a kilometre."""
    return f"near:{latitude:.5f},{longitude:.5f},1"


def map_address(latitude: float, longitude: float) -> str:
    """Return the address of a map on another site with a marker there: only opened by a click."""
    at = f"{latitude:.6f}", f"{longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=15/{at[0]}/{at[1]}"


def quoted(text: str) -> str:
    """Quote a value; the query language cannot escape a quotation mark, so "*" replaces it."""
    return f'"{text.replace(chr(34), "*")}"'


def _asked(query: str, everything: bool) -> str:
    parts = [f"q={quote(query, safe=':')}"] if query else []
    return "?" + "&".join([*parts, *(["all=1"] if everything else [])]) if parts or everything else ""
