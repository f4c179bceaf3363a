"""The pages of the site: a new page is a file with its router, a template, and a line here."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter

from imsearch.webui.pages import login, picture, reference, review, search, status, tags, trying


class MenuEntry(NamedTuple):
    """A link in the menu of every page; glyph: its symbol in ``static/glyphs.svg``."""

    address: str
    name: str
    glyph: str


PAGES: tuple[tuple[APIRouter, MenuEntry | None], ...] = (
    (search.router, MenuEntry("/", "Search", "search")),
    (picture.router, None),
    (tags.router, MenuEntry("/tags", "Tags", "tags")),
    (trying.router, MenuEntry("/try", "Try", "try")),
    (review.router, MenuEntry("/review", "Review", "review")),
    (status.router, MenuEntry("/status", "Status", "status")),
    (login.router, None),
    (reference.router, None),
)
"""The routers, and for pages in the menu their entries, in its order."""
