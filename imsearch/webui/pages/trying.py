"""The page for trying annotators on pictures that are not in the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from imsearch.pictures.formats import SUFFIXES
from imsearch.webui.api.annotate import annotate, sent_form
from imsearch.webui.forms import Form
from imsearch.webui.linking import search_address, tag_query
from imsearch.webui.site import Site, TheSite

router = APIRouter(include_in_schema=False)

_SURE, _GUESSES = 12, 5
"""Maximum number of tags of an annotator above its thresholds; if there are none, of its likeliest tags."""


@router.get("/try")
def try_page(request: Request, site: TheSite) -> HTMLResponse:
    return _page(request, site)


@router.post("/try")
def try_without_script(request: Request, site: TheSite, form: Annotated[Form, Depends(sent_form)]) -> HTMLResponse:
    """Return the same page with the tags of the first picture; browsers that run scripts use the API instead."""
    return _page(request, site, annotate(request, site, form), form.fields.get("annotators", []))


def _page(
    request: Request, site: Site, answer: Mapping[str, Any] | None = None, names: Sequence[str] = ()
) -> HTMLResponse:
    choices = site.trying.choices()
    chosen = {each.spec.name for each in choices if (each.spec.name in names if names else each.chosen)}
    return site.pages.render(
        request,
        "try.html",
        choices=sorted(choices, key=lambda each: (not each.chosen, each.spec.name)),
        chosen=chosen,
        broken=[plugin for plugin in site.library.plugins.plugins() if plugin.error],
        suffixes=sorted(SUFFIXES),
        megabytes=getattr(site.library.settings, "upload_limit", 64),
        answer=answer,
        said=_said(answer["images"][0]["tags"]) if answer else {},
        tag_address=lambda name: search_address(tag_query(name)),
    )


def _said(tags: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the tags worth showing, by annotator."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for tag in tags:
        by.setdefault(tag["source"], []).append(tag)
    return {name: [tag for tag in said if tag["shown"]][:_SURE] or said[:_GUESSES] for name, said in by.items()}
