"""List folders that can be added from the pages, and add one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from imsearch.webui.api.indexing import IndexingRecord, indexing_state
from imsearch.webui.api.models import Asked, Record, Told
from imsearch.webui.openapi import errors
from imsearch.webui.picking import Found, Picker, comes_from_here
from imsearch.webui.problem import Problem
from imsearch.webui.site import Site, TheSite

router = APIRouter(tags=["indexing"])
_REFUSED = (
    "Folders are added from the pages only on the computer that has them, at http://localhost and with nothing in "
    "between. Elsewhere: imsearch index FOLDER."
)
_DOES = errors(
    _403="The request does not come from this computer.", _404="There is no such folder among those that can be added."
)
_LONGEST = 4096


class FoundRecord(Record):
    """A folder of this computer."""

    path: Told = Field(examples=["/home/ada/Pictures"])
    name: Told = Field(examples=["Pictures"])
    pictures: int = Field(
        ge=0,
        description="Number of pictures in it and in its subfolders, as far as they were counted.",
        examples=[4475],
    )
    more: bool = Field(description="True if counting was cut short.")
    added: bool = Field(description="True if it is indexed already, by itself or as part of another folder.")


class FoldersRecord(Record):
    """The listing of a place."""

    here: FoundRecord | None = Field(description="The listed folder; null for the list of roots.")
    parent: Told | None = Field(description="The parent folder; null for a root.", examples=["/home/ada"])
    folders: list[FoundRecord] = Field(description="Sorted by name, a thousand at most; roots come without counts.")
    suggested: list[FoundRecord] = Field(description="For the list of roots: the folders with the most pictures.")


class AskedFolder(Asked):
    """A folder to add."""

    path: Annotated[str, Field(min_length=1, max_length=_LONGEST, examples=["/home/ada/Pictures"])]


@router.get("/api/folders", response_model=FoldersRecord, summary="Folders that can be added", responses=_DOES)
def folders(
    request: Request,
    site: TheSite,
    path: Annotated[
        str | None, Query(max_length=_LONGEST, description="The folder to list; the roots by default.")
    ] = None,
) -> dict[str, Any]:
    """Your home, mounted disks and what the setting allowed_roots names, and the folders below them that are not
    hidden. Only available on this computer.
    """
    listing, known = _picker(request, site).look(path or None), _known(site)
    return {
        "here": None if listing.here is None else _record(listing.here, known),
        "parent": None if listing.parent is None else str(listing.parent),
        "folders": [_record(each, known) for each in listing.folders],
        "suggested": [_record(each, known) for each in listing.suggested],
    }


@router.post(
    "/api/folders",
    response_model=IndexingRecord,
    status_code=202,
    summary="Add a folder",
    responses=_DOES | errors(_409="A run is in progress, or the configuration file defines the folders."),
)
def add_folder(request: Request, site: TheSite, asked: AskedFolder) -> dict[str, Any]:
    """Start a run over a folder, which from then on belongs to the library."""
    return indexing_state(site.indexing.add(_picker(request, site).check(asked.path)))


def may_add(request: Request, site: Site) -> bool:
    """Return True if the client may add folders."""
    return site.picker is not None and comes_from_here(request.scope) and not site.library.settings.folders


def _picker(request: Request, site: Site) -> Picker:
    if site.picker is None or not comes_from_here(request.scope):
        raise Problem(403, _REFUSED)
    return site.picker


def _known(site: Site) -> set[Path]:
    return {folder.path for folder in site.library.runs.folders()}


def _record(found: Found, known: set[Path]) -> dict[str, Any]:
    added = any(found.path == each or each in found.path.parents for each in known)
    return {
        "path": str(found.path),
        "name": found.name,
        "pictures": found.pictures,
        "more": found.more,
        "added": added,
    }
