"""The status page: indexing, stores, annotators, failures, changes, versions."""

from __future__ import annotations

import time
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from imsearch.records import Failure
from imsearch.semantic import encoder_state
from imsearch.settings import command_line, config_path
from imsearch.webui.api.folders import may_add
from imsearch.webui.pages import status_words
from imsearch.webui.pages.failing import grouped, kind
from imsearch.webui.pages.installed import installed, versions
from imsearch.webui.problem import Problem
from imsearch.webui.site import TheSite
from imsearch.webui.texts import readable

router = APIRouter(include_in_schema=False)

CHANGES, FILES, A_PAGE = 10, 5, 100
"""Number of changes, of files per group on the page, and of files on a page of failures."""
_checking = Lock()


@router.get("/status")
def status_page(
    request: Request, site: TheSite, changes: Annotated[int, Query(ge=1, le=1000)] = CHANGES
) -> HTMLResponse:
    """changes: number of the newest ones shown."""
    library = site.library
    settings = library.settings
    stores = library.health.status(remembered=True)
    plugins = library.plugins.plugins()
    failures = library.facts.failures()
    history = library.tags.history(changes + 1)
    return site.pages.render(
        request,
        "status.html",
        stores=stores,
        generation=library.facts.state()[1],
        spaces=library.search.vector_spaces(),
        languages=", ".join(library.search.languages().values()),
        encoder=encoder_state(settings.semantic),
        text_space=library.search.text_space(),
        run=site.indexing.state(),
        command=readable(command_line("index", library.settings)),
        can_add=may_add(request, site),
        config=config_path(),
        annotators=installed(library.plugins.offered(), stores.annotators, settings, plugins),
        broken=[plugin for plugin in plugins if plugin.error],
        failed=len(failures),
        groups=grouped(failures),
        files=FILES,
        history=history[:changes],
        newest=next((change.number for change in history if not change.undone), None),
        more=len(history) > changes,
        changes=changes,
        versions=versions(),
        words=status_words,
    )


@router.get("/status/failures")
def failures_page(
    request: Request,
    site: TheSite,
    reason: Annotated[str, Query(max_length=100)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> HTMLResponse:
    """reason: the key of a group.  q: only paths and reasons that contain this."""
    failures = site.library.facts.failures()
    found = [failure for failure in failures if _fits(failure, reason, q.strip().casefold())]
    pages = max(1, -(-len(found) // A_PAGE))
    page = min(page, pages)
    return site.pages.render(
        request,
        "failures.html",
        failures=found[(page - 1) * A_PAGE : page * A_PAGE],
        total=len(found),
        groups=grouped(failures),
        reason=reason,
        q=q,
        page=page,
        pages=pages,
        words=status_words,
    )


@router.get("/status/check")
def check(request: Request, site: TheSite) -> HTMLResponse:
    """Return a part of a page: problems of the library.  Reads all of it, so one at a time."""
    if not _checking.acquire(blocking=False):
        raise Problem(409, "The library is already being checked. Wait until that is done.")
    try:
        started = time.monotonic()
        problems = site.library.health.verify()
        seconds = time.monotonic() - started
    finally:
        _checking.release()
    return site.pages.render(request, "checked.html", problems=problems, took=status_words.duration(seconds))


def _fits(failure: Failure, reason: str, wanted: str) -> bool:
    if reason and kind(failure)[0] != reason:
        return False
    return wanted in f"{failure.path} {failure.reason}".casefold()
