"""Addresses that pages link to: searches, pictures, a map."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode

_PLAIN = re.compile(r"[\w:-]+")


def search_page(query: str, everything: bool = False) -> str:
    """The search page with this query; everything: without the cutoff."""
    asked = {**({"q": query} if query else {}), **({"all": "1"} if everything else {})}
    return f"/?{urlencode(asked)}" if asked else "/"


def picture_page(image: int, query: str = "", everything: bool = False, part: str = "") -> str:
    """The page of a picture, opened from the results of a query; part: only that of it."""
    return f"/picture/{image}{'/' + part if part else ''}{search_page(query, everything)[1:]}"


def tag_query(name: str) -> str:
    """The query that finds this very tag."""
    return f"tag:{name}" if _PLAIN.fullmatch(name) else f"tag:{quoted(name)}"


def folder_query(folder: str) -> str:
    """The query that finds what lies in a folder and below it."""
    return f"path:{quoted(folder.rstrip('/') + '/')}"


def day_query(day: datetime) -> str:
    """The query that finds what was taken on the same day."""
    return f"date:{day:%Y-%m-%d}"


def near_query(latitude: float, longitude: float) -> str:
    """The query that finds what was taken within a kilometre."""
    return f"near:{latitude:.5f},{longitude:.5f},1"


def map_page(latitude: float, longitude: float) -> str:
    """A map with a mark there, of another site: only to be opened by a click."""
    at = f"{latitude:.6f}", f"{longitude:.6f}"
    return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=15/{at[0]}/{at[1]}"


def quoted(text: str) -> str:
    """As one value; the query language has no way to write a quotation mark inside of one, so "*" stands for it."""
    return f'"{text.replace(chr(34), "*")}"'
