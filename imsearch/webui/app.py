"""Create the web application of a library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI

from imsearch import __version__
from imsearch.indexer.options import default_workers
from imsearch.pictures import decoders
from imsearch.webui import openapi
from imsearch.webui.api import annotate, corrections, folders, images, indexing, status, tags
from imsearch.webui.api import files as api_files
from imsearch.webui.api import search as api_search
from imsearch.webui.assets import Assets
from imsearch.webui.guard.guards import guards
from imsearch.webui.guard.security import GuardedApp
from imsearch.webui.indexing import Indexing
from imsearch.webui.pages.registry import PAGES
from imsearch.webui.parameters import known_parameters
from imsearch.webui.problems import handle_errors
from imsearch.webui.rendering import Pages
from imsearch.webui.site import Site
from imsearch.webui.states import Answers
from imsearch.webui.thumbs.thumbnails import Thumbnails, original_address, thumbnail_address
from imsearch.webui.trying import Trying

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.webui.guard.access import Access
    from imsearch.webui.guard.hosts import Hosts
    from imsearch.webui.picking import Picker


def create_app(
    library: Library,
    *,
    access: Access | None = None,
    hosts: Hosts | None = None,
    prefix: str = "",
    picker: Picker | None = None,
) -> FastAPI:
    """Return the application for this library, which is open for reading and remains its owner's to close.

    access: requires a token; without it everybody is let in, which is only for loopback.  hosts: the accepted host
    names; by default those of loopback.  prefix: the sub-path of a reverse proxy under which the application is
    served, such as "/photos"; see `imsearch.webui.guard.sub_path.parse_prefix`.  picker: lets folders be added from the
    pages; only for a server reachable from this machine alone.
    Raises ValueError for a library whose queries may open files.
    """
    if library.search.opens_files:
        raise ValueError("clients could find out with like:PATH which files exist: open the library without look")
    app = GuardedApp(
        guards(library.settings, access, hosts, prefix),
        title="imsearch",
        version=__version__,
        description="Finds pictures by words; shows, corrects and makes their tags.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=openapi.operation_name,
        lifespan=_running,
    )
    decoding = decoders.Decoders(default_workers(), seconds=library.settings.decode_seconds)
    app.state.site = site = Site(
        library,
        Pages([entry for _, entry in PAGES if entry is not None]),
        Thumbnails(library, decoding),
        Trying(library, decoding),
        Indexing(library),
        Answers(library),
        decoding,
        access,
        picker,
    )
    site.pages.environment.globals.update(thumbnail_address=thumbnail_address, original_address=original_address)
    handle_errors(app)
    openapi.describe(app)
    for router, _ in PAGES:
        app.include_router(router)
    for group in (api_search, images, api_files, tags, corrections, annotate, indexing, folders, status):
        app.include_router(group.router, dependencies=[Depends(known_parameters)])
    app.mount("/static", Assets(), name="static")
    return app


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.site.close()
