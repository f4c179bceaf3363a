"""``/picture/{id}``: one picture, large, with all its data."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from imsearch.errors import ImsearchError, QueryError
from imsearch.library import Library
from imsearch.records import Image
from imsearch.webui.asked import asked
from imsearch.webui.finding import ALL
from imsearch.webui.linking import picture_address, search_address
from imsearch.webui.pages import picture_view as view
from imsearch.webui.problem import Problem
from imsearch.webui.site import TheSite
from imsearch.webui.thumbs.thumbnails import original_address, thumbnail_address

router = APIRouter(include_in_schema=False)

SIMILAR = 12
BROWSABLE = {"JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP"}
"""Formats whose originals browsers display; of others there is only the large thumbnail."""
_LONGEST_ID = 18
_ROOT = "../"
"""The relative address of the start page from a picture's page, into which its parts are inserted."""

Everything = Annotated[bool, Query(alias="all")]


class Turn(NamedTuple):
    """A neighbour: its page, and the picture to preload."""

    address: str
    large: str


class Neighbours(NamedTuple):
    """The position of a picture in the results it was opened from, counted from 1, and its neighbours."""

    previous: Turn | None = None
    next: Turn | None = None
    position: int | None = None
    total: int = 0


@router.get("/picture/{number}")
def picture(request: Request, site: TheSite, number: str, q: str = "", everything: Everything = False) -> HTMLResponse:
    """Return the page, opened from the results of `q`."""
    image = _image(site.library, number)
    return site.pages.render(
        request,
        "picture.html",
        image=image,
        name=view.files(image)[0].name,
        query=q,
        asked=asked(q.strip(), site.library.search.keys),
        around=_neighbours(site.library, q, image.id, everything),
        back=search_address(q, everything),
        large=thumbnail_address(image, "large"),
        small=thumbnail_address(image, "small"),
        original=original_address(image),
        browsable=image.format.upper() in BROWSABLE,
        facts=list(view.fact_rows(image)),
        texts=[text for text in site.library.facts.texts(image) if text.source != "keyword"],
        keywords=view.keywords(site.library.facts.texts(image)),
        files=view.files(image),
        besides=view.told_besides(image),
        failures=_failures(site.library, image),
        rows=_rows(site.library, image),
    )


@router.get("/picture/{number}/tags")
def tags(request: Request, site: TheSite, number: str) -> HTMLResponse:
    """Return the tags alone, for the page to update after a change."""
    image = _image(site.library, number)
    return site.pages.render(request, "picture_tags.html", rows=_rows(site.library, image), root=_ROOT)


@router.get("/picture/{number}/similar")
def similar(request: Request, site: TheSite, number: str) -> HTMLResponse:
    """Return the pictures most similar to this one, loaded by the page later."""
    image = _image(site.library, number)
    query = f"like:{image.id}"
    try:
        hits = site.library.search.similar(image.id, limit=SIMILAR).hits
        told = ""
    except ImsearchError as error:
        hits, told = (), str(error)
    images = [hit.image for hit in hits]
    found = [
        (each, picture_address(each.id, query), thumbnail_address(each, "small"), view.printable(each.path.name))
        for each in images
    ]
    return site.pages.render(request, "picture_similar.html", found=found, told=told, root=_ROOT)


@router.get("/picture/{number}/like")
def like(site: TheSite, number: str, q: str = "") -> RedirectResponse:
    """Redirect to the search for pictures that look like this one and match the words."""
    image = _image(site.library, number)
    return RedirectResponse(f"../..{search_address(f'like:{image.id} {q}'.strip())}", 303)


def _rows(library: Library, image: Image) -> view.TagRows:
    return view.tag_rows(library.tags.of(image.id), library.tags.rejected(image.id))


def _image(library: Library, number: str) -> Image:
    """Return the picture; raises a problem that says what became of it."""
    known = number.isdecimal() and len(number) <= _LONGEST_ID
    image = library.facts.image(int(number)) if known else None
    if image is not None:
        return image
    if known and library.facts.was_known(int(number)):
        raise Problem(
            404,
            f"Picture {number} was in the library, but its file is gone. Its tags and your corrections are kept: "
            "they come back as soon as the file is indexed again, wherever it is.",
        )
    raise Problem(404, f"There is no picture {number[:_LONGEST_ID]} in this library.")


def _neighbours(library: Library, query: str, image: int, everything: bool) -> Neighbours:
    """Return the previous and next picture in the results; of all pictures without a query."""
    try:
        found = library.search.neighbours(query.strip() or ALL, image, everything)
    except QueryError:
        return Neighbours()
    images = library.facts.images([each for each in (found.previous, found.next) if each is not None])
    turns = {
        each: Turn(picture_address(each, query, everything), thumbnail_address(images[each], "large"))
        for each in images
    }
    previous, following = (turns.get(each) if each else None for each in (found.previous, found.next))
    return Neighbours(previous, following, found.position or None, found.total)


def _failures(library: Library, image: Image) -> list[str]:
    """Return the failures of its files when they were last tried."""
    failed = (failure for path in image.files for failure in library.facts.failures(path))
    return [f"{failure.annotator}: {failure.reason}" if failure.annotator else failure.reason for failure in failed]
