"""Indexing runs: progress, start, stop."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from imsearch.indexer.runs import indexing_record
from imsearch.views.run_words import tell_last_run, tell_progress
from imsearch.webui.api.models import Asked, Name, Record, Told
from imsearch.webui.api.state import FolderRecord, LastRunRecord, ProgressRecord
from imsearch.webui.indexing import State
from imsearch.webui.openapi import errors
from imsearch.webui.site import TheSite

router = APIRouter(tags=["indexing"])


class IndexingRecord(Record):
    """The state of indexing, and the actions available."""

    running: bool = Field(description="True if a run is in progress, whoever started it.")
    indexing: ProgressRecord | None = Field(description="Its progress; null until it has begun to scan.")
    told: Told | None = Field(description="The same in words.", examples=["48 of 120 pictures, 12.5 a second"])
    stopping: bool = Field(description="It was told to stop, and is storing its work in progress.")
    can_start: bool
    can_stop: bool = Field(description="True if this server started it.")
    why_not: Told | None = Field(description="The reason why no run can be started now; null if one can.")
    failed: Told | None = Field(description="Output of the last run started here, if it could not do its work.")
    last_run: LastRunRecord | None
    last_run_told: Told | None = Field(description="The same in words.", examples=["12 new; 2026-11-20 14:02"])
    folders: list[FolderRecord]


class AskedRun(Asked):
    """The run to start; every member is optional."""

    folders: list[str] | None = Field(
        default=None, min_length=1, max_length=1000, description="Some of `folders`; all of them by default."
    )
    annotators: list[Name] = Field(
        default=[], max_length=100, description="Names of annotators; those of the settings by default."
    )


@router.get("/api/indexing", response_model=IndexingRecord, summary="Get the state of indexing")
def indexing(site: TheSite) -> dict[str, Any]:
    """The current run, whichever process does it, the result of the last one, and the actions available. Can be polled
    once a second.
    """
    return indexing_state(site.indexing.state())


@router.post(
    "/api/indexing",
    response_model=IndexingRecord,
    status_code=202,
    summary="Start a run",
    responses=errors(400, _409="A run is in progress, or there is nothing to index."),
)
def start_indexing(site: TheSite, asked: AskedRun | None = None) -> dict[str, Any]:
    """Bring the library up to date with its folders: those of the settings, or else those indexed before.
    Other folders cannot be named here; `/api/folders` adds them.
    """
    asked = asked or AskedRun()
    return indexing_state(site.indexing.start(asked.folders, asked.annotators))


@router.delete(
    "/api/indexing",
    response_model=IndexingRecord,
    status_code=202,
    summary="Stop the run",
    responses=errors(_409="No run is in progress, or it was not started here."),
)
def stop_indexing(site: TheSite) -> dict[str, Any]:
    """The run stores its work in progress and ends; the next one continues from there."""
    return indexing_state(site.indexing.stop())


def indexing_state(state: State) -> dict[str, Any]:
    """Return the record of a state."""
    return {
        "running": state.running,
        "told": None if state.progress is None else tell_progress(state.progress),
        "stopping": state.stopping,
        "can_start": state.refusal is None,
        "can_stop": state.can_stop,
        "why_not": state.refusal,
        "failed": state.failed,
        "last_run_told": None if state.last_run is None else tell_last_run(state.last_run),
        **indexing_record(state.progress, state.last_run, state.folders),
    }
