"""The page of all tags: a cloud of the most frequent, and the list to filter, rename and merge."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from imsearch.languages.letters import tidy
from imsearch.records import USER
from imsearch.webui.linking import search_address, tag_query
from imsearch.webui.site import TheSite

router = APIRouter(include_in_schema=False)

CLOUD = 60
"""Number of tags in the cloud."""
_SIZES, _BARS = 7, 20
"""Number of font sizes and bar lengths in the stylesheet."""
_BANDS = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""Lower bounds of the groups in the list by count."""


@dataclass(frozen=True, slots=True)
class Row:
    """One tag: its full name, its text within its group, its number of pictures, and its class in the stylesheet."""

    name: str
    label: str
    images: int
    address: str
    step: int


@dataclass(frozen=True, slots=True)
class Group:
    """Tags under one heading; `letter` is its label in the row of letters to jump to, if any."""

    title: str
    rows: Sequence[Row]
    letter: str = ""
    namespace: bool = False


@router.get("/tags")
def tags_page(
    request: Request,
    site: TheSite,
    by: str = "",
    sort: Literal["name", "count"] = "name",
    q: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """by: a source, or all.  q: only tags that contain this; the browser filters further without a request."""
    counted = site.library.tags.counts(by=by)
    wanted = tidy(q).casefold()
    return site.pages.render(
        request,
        "tags.html",
        by=by,
        sort=sort,
        q=q,
        wanted=wanted,
        total=len(counted),
        matching=sum(wanted in name for name, _ in counted),
        cloud=_cloud(counted[:CLOUD], by),
        groups=_groups(counted, sort, by),
        sources=[("", "all"), (USER, "you"), *((name, name) for name in site.library.tags.sources())],
    )


def _cloud(counted: Sequence[tuple[str, int]], by: str) -> list[Row]:
    """Return the most frequent tags in alphabetical order; `step` is the size, 1 to 7, on a logarithmic scale."""
    if not counted:
        return []
    most, least = math.log(counted[0][1]), math.log(counted[-1][1])
    room = (most - least) or 1.0
    rows = []
    for name, images in counted:
        size = 1 + round((_SIZES - 1) * (math.log(images) - least) / room)
        rows.append(Row(name, name, images, _search(name, by), size))
    return sorted(rows, key=lambda row: _alphabet(row.name))


def _groups(counted: Sequence[tuple[str, int]], sort: str, by: str) -> list[Group]:
    """Group by namespace first, then the plain tags by letter or by number of pictures."""
    most = counted[0][1] if counted else 1
    grouped: dict[tuple[bool, str], list[Row]] = {}
    for name, images in counted if sort == "count" else sorted(counted, key=lambda pair: _alphabet(pair[0])):
        space, _, rest = name.rpartition(":")
        title = space or (_letter(name) if sort == "name" else _band(images))
        step = max(1, round(_BARS * math.sqrt(images / most)))
        row = Row(name, rest if space else name, images, _search(name, by), step)
        grouped.setdefault((not space, title), []).append(row)
    return list(_in_order(grouped, letters=sort == "name"))


def _in_order(grouped: dict[tuple[bool, str], list[Row]], *, letters: bool) -> Iterable[Group]:
    for (plain, title), rows in grouped.items():
        if not plain:
            yield Group(title, rows, namespace=True)
    for (plain, title), rows in grouped.items():
        if plain:
            yield Group(title, rows, letter=title if letters else "")


def _search(name: str, by: str) -> str:
    """Return the address of the pictures that show exactly this tag; by: from this source."""
    return search_address(f"{tag_query(name)} by:{by}" if by else tag_query(name))


def _alphabet(name: str) -> tuple[bool, str, str]:
    """Sort key: letters before digits and symbols; accents only break ties."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    return not bare[:1].isalpha(), bare, name


def _letter(name: str) -> str:
    first = unicodedata.normalize("NFKD", name)[:1].upper()
    return first if first.isalpha() else "0-9"


def _band(images: int) -> str:
    at = next(index for index, least in enumerate(_BANDS) if images >= least)
    if _BANDS[at] == 1:
        return "1 picture"
    if at == 0:
        return f"{_BANDS[0]:,} pictures or more"
    return f"{_BANDS[at]:,} to {_BANDS[at - 1] - 1:,} pictures"
