"""The state of the library, failures, and installed plugins."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from imsearch.indexer.runs import indexing_record
from imsearch.semantic import encoder_state
from imsearch.settings import config_path
from imsearch.views.as_json import failure_record, plugins_record, status_record
from imsearch.webui.api.models import LARGEST
from imsearch.webui.api.state import FailuresRecord, PluginsRecord, StatusRecord
from imsearch.webui.site import TheSite

router = APIRouter(tags=["status"])
_FIRST = 100


@router.get("/api/status", response_model=StatusRecord, summary="Get the state of the library")
def status(site: TheSite) -> dict[str, Any]:
    """The numbers of pictures, tags and corrections, the annotators, and the location.

    The output of `imsearch status --format json`, with at most a hundred failures.
    """
    library = site.library
    failures = library.facts.failures()[:_FIRST]
    encoder = encoder_state(library.settings.semantic)
    space, installed = library.search.text_space(), library.annotators.installed()
    record = status_record(
        library.health.status(), failures, config_path(), encoder, space, installed, library.search.languages()
    )
    return record | indexing_record(library.runs.progress(), library.runs.last_run(), library.runs.folders())


@router.get("/api/failures", response_model=FailuresRecord, summary="List failures")
def failures(
    site: TheSite,
    n: Annotated[int, Query(ge=1, le=1000, description="Maximum number of results.")] = 100,
    offset: Annotated[int, Query(ge=0, le=LARGEST, description="Number of results to skip.")] = 0,
) -> dict[str, Any]:
    """The files, and annotators on files, that failed when they were last tried, by path."""
    found = site.library.facts.failures()
    return {"total": len(found), "failures": [failure_record(failure) for failure in found[offset : offset + n]]}


@router.get("/api/plugins", response_model=PluginsRecord, summary="List plugins and annotators")
def plugins(site: TheSite) -> dict[str, Any]:
    """The plugins, including broken ones, and the annotators they offer; the output of `imsearch plugins --json`."""
    manager = site.library.plugins
    return plugins_record(manager.plugins(), manager.offered())
