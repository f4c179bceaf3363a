"""Corrections of tags, undoing them, and reviewing doubtful tags."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from imsearch.engine.stores.changes import Verdict
from imsearch.errors import ImsearchError, LibraryError
from imsearch.views.as_json import change_record, correction_record, doubt_record
from imsearch.webui.api.changes import (
    AskedCorrection,
    AskedUndo,
    ChangeRecord,
    CorrectionRecord,
    HistoryRecord,
    ReviewRecord,
)
from imsearch.webui.api.models import Prefix
from imsearch.webui.openapi import errors
from imsearch.webui.problem import Problem
from imsearch.webui.site import TheSite

router = APIRouter(tags=["corrections"])
PATIENCE = 0.25
"""Seconds spent per request on reading more of a large library for doubtful tags."""
_WRITING = "Another program is writing to the library, or that change is not the newest."


@router.post(
    "/api/corrections",
    response_model=CorrectionRecord,
    summary="Correct tags",
    responses=errors(404, _409="Another program is writing to the library. Try again."),
)
def correct(asked: AskedCorrection, site: TheSite) -> dict[str, Any]:
    """Set your verdict on all these tags on all these pictures, in one step that a single undo reverts.

    Your verdict wins over annotators, and holds when pictures are indexed again, moved or copied.
    """
    missing = set(asked.images).difference(site.library.facts.live(asked.images))
    if missing:
        raise Problem(404, f"There is no image {min(missing)} in the library. Nothing was changed.")
    done = site.library.tags.correct(asked.images, asked.tags, Verdict(asked.verdict), exact=asked.exact)
    return correction_record(done)


@router.post("/api/undo", response_model=ChangeRecord, summary="Undo a change", responses=errors(_409=_WRITING))
def undo(site: TheSite, asked: AskedUndo | None = None) -> dict[str, Any]:
    """Undo the newest change that is not undone yet, whoever made it, and return it.

    With its number, only if it is still the newest: someone else may have changed something in the meantime.
    """
    try:
        return change_record(site.library.tags.undo(asked.number if asked else None))
    except LibraryError:
        raise
    except ImsearchError as error:
        raise Problem(409, str(error)) from error


@router.get("/api/history", response_model=HistoryRecord, summary="List the changes of tags")
def history(
    site: TheSite, n: Annotated[int, Query(ge=1, le=10_000, description="Maximum number of results.")] = 20
) -> dict[str, Any]:
    """The newest first, including undone ones; the output of `imsearch tag history --format json`."""
    return {"changes": [change_record(change) for change in site.library.tags.history(n)]}


@router.get("/api/review", response_model=ReviewRecord, summary="List the most doubtful tags", responses=errors(400))
def review(
    site: TheSite,
    word: Annotated[Prefix, Query(description="Only this tag.", examples=["dog"])] = "",
    n: Annotated[int, Query(ge=1, le=1000, description="Maximum number of results.")] = 20,
) -> dict[str, Any]:
    """The tags for which your answers are most informative; the output of `imsearch tag review --format json`. Those
    you have judged are left out. In a large library the newest pictures come first, until all have been looked at.
    """
    return {"tags": [doubt_record(doubt) for doubt in site.library.tags.review(word, limit=n, patience=PATIENCE)]}
