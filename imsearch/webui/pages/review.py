"""``/review``: the tags that annotators are most in doubt about, one key press each."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from imsearch.engine.stores.changes import Doubt
from imsearch.views.as_json import tag_record
from imsearch.webui.api.corrections import PATIENCE
from imsearch.webui.finding import ALL
from imsearch.webui.linking import search_address, tag_query
from imsearch.webui.site import Site, TheSite

router = APIRouter(include_in_schema=False)

BATCH = 12
"""Number of questions fetched at once."""
CHIPS = 24
"""Number of tags offered as filters."""


@router.get("/review")
def review(request: Request, site: TheSite, word: str = "") -> HTMLResponse:
    """Return the page with its first questions; word: only about this tag."""
    word = word.strip()
    library = site.library
    # Before the page reports that nothing is in doubt, the whole library has been read.
    doubts = library.tags.review(word, limit=BATCH, patience=PATIENCE) or library.tags.review(word, limit=BATCH)
    return site.pages.render(
        request,
        "review.html",
        word=word,
        batch=BATCH,
        first=doubts[0] if doubts else None,
        questions=json.dumps([question(doubt) for doubt in doubts]),
        chips=_chips(site, word),
        pictures=True if doubts else library.search.query(ALL, limit=0).total > 0,
        judged=0 if doubts else library.tags.judged_doubts(word),
        never=bool(word) and not doubts and library.tags.never_asked(word),
        other=search_address(tag_query(word)) if word else "/",
    )


def _chips(site: Site, word: str) -> list[str]:
    """Return the filter tags, the chosen one first, so that it is in view."""
    names = site.library.tags.doubtful_tags(CHIPS, patience=0)
    return [*([word] if word else []), *(name for name in names if name != word)]


def question(doubt: Doubt) -> dict[str, Any]:
    """Return a question for the script, as ``GET /api/review`` returns it."""
    return {
        "id": doubt.image.id,
        "tag": tag_record(doubt.tag),
        "threshold": round(doubt.threshold, 4),
    }
