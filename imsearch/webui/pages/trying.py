"""The page on which pictures are tried that are not in the library."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from imsearch.formats import SUFFIXES
from imsearch.webui.site import Site, TheSite

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """An annotator to choose; `warm` while its model is in memory, `error` why it cannot be used."""

    name: str
    description: str
    tags: int
    chosen: bool
    warm: bool
    error: str | None


@router.get("/try")
def try_page(request: Request, site: TheSite) -> HTMLResponse:
    return site.pages.render(
        request,
        "try.html",
        choices=_choices(site),
        broken=[plugin for plugin in site.library.plugins.plugins() if plugin.error],
        suffixes=sorted(SUFFIXES),
        megabytes=64,
    )


def _choices(site: Site) -> list[Choice]:
    library = site.library
    specs = library.plugins.offered()
    twice = {name for name, number in Counter(spec.name for spec in specs).items() if number > 1}
    wanted = library.settings.annotators
    found = [
        Choice(
            spec.name,
            spec.description,
            len(spec.vocabulary),
            spec.name in wanted if wanted else spec.default,
            False,
            None,
        )
        for spec in specs
        if spec.name not in twice
    ]
    return sorted(found, key=lambda each: (not each.chosen, each.name))
