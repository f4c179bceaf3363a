"""The search page, and the parts of it that its scripts fetch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from imsearch.errors import QueryError
from imsearch.settings import command_line
from imsearch.views.wording import left_out
from imsearch.webui import shapes
from imsearch.webui.api.folders import may_add
from imsearch.webui.asked import asked
from imsearch.webui.finding import ALL, BATCH, FEW_VALUES, MOST, MOST_VALUES, Found, find
from imsearch.webui.finding import facets as find_facets
from imsearch.webui.headlines import facet_groups, headline, orders, understood, unknown_words
from imsearch.webui.refining import bare, conditions
from imsearch.webui.rendering import looks
from imsearch.webui.site import Site, TheSite
from imsearch.webui.texts import readable

router = APIRouter(include_in_schema=False)


@router.get("/")
def search(
    request: Request,
    site: TheSite,
    q: str = "",
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    n: Annotated[int, Query(ge=1)] = BATCH,
    all: bool = False,
    part: Literal["", "hits", "facets"] = "",
    kind: str = "",
) -> Response:
    """Return the page of a query.

    offset: of the first picture.  n: how many pictures, so that a returning visitor finds all that were there.
    all: include the less likely pictures.  part: only the pictures, or only their facets.
    kind: of the facets, all values of this kind alone.
    """
    text = q.strip()
    can_add = may_add(request, site)

    def make() -> HTMLResponse:
        try:
            if part == "facets":
                return _facets(request, site, text, kind)
            found = find(site.library, text, limit=min(n, MOST), offset=offset, everything=all)
        except QueryError as error:
            if part:
                raise
            return _not_understood(request, site, text, error)
        if part == "hits":
            return site.pages.render(request, "_hits.html", found=found)
        return _page(request, site, found, can_add)

    return site.answers.give(request, make, *looks(request), can_add)


@router.get("/shapes.css")
def stylesheet_of_shapes() -> Response:
    """Return the stylesheet of aspect ratios; its address changes with its content."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(shapes.stylesheet(), media_type="text/css", headers=headers)


def _page(request: Request, site: Site, found: Found, can_add: bool) -> HTMLResponse:
    text = found.text
    return _render(
        request,
        site,
        text,
        found=found,
        headline=headline(found),
        relaxed=readable(left_out(found.results.relaxed, found.relevant)) if found.results.relaxed else "",
        orders=orders(found),
        unknown=unknown_words(found.results, text),
        **_help(site, found, can_add),
    )


def _help(site: Site, found: Found, can_add: bool) -> dict[str, Any]:
    """Return suggestions for an empty result; skipped when something was found."""
    if found.cards:
        return {"empty": False}
    library = site.library
    return {
        "empty": True,
        "pictures": library.search.query(ALL, limit=0).total,
        "frequent": library.search.frequent("tag", 24) if found.text else [],
        "command": readable(command_line("index", library.settings)),
        "can_add": can_add,
        "understood": understood(found.text, found.results, library.search.keys),
    }


def _not_understood(request: Request, site: Site, text: str, error: QueryError) -> HTMLResponse:
    place = min(max(error.position, 0), len(text))
    end = min(len(text), place + 1)
    wrong = {"message": str(error), "before": text[:place], "at": text[place:end], "after": text[end:]}
    return _render(request, site, text, status=400, wrong=wrong)


def _facets(request: Request, site: Site, text: str, kind: str) -> HTMLResponse:
    most = MOST_VALUES if kind else FEW_VALUES
    counted = find_facets(site.library, text, most + 1)  # one more shows if there are more
    wanted = {kind: counted[kind]} if kind in counted else {} if kind else counted
    groups = facet_groups(text, wanted, most, site.library.search.keys)
    return site.pages.render(request, "_facets.html", groups=groups, whole=bool(kind))


def _render(request: Request, site: Site, text: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    blank: dict[str, Any] = {"can_add": False, "found": None, "wrong": None, "empty": False, "unknown": None}
    blank |= {"orders": (), "headline": "", "relaxed": ""}
    keys = site.library.search.keys
    more = {"text": text, "asked": asked(text, keys), "active": conditions(text, keys), "bare": bare(text, keys)}
    return site.pages.render(request, "search.html", status=status, **(blank | more | values))
