"""Makes the web application of one library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from imsearch import __version__
from imsearch.webui.api import files as api_files
from imsearch.webui.assets import Assets
from imsearch.webui.pages import search
from imsearch.webui.problems import handle_errors
from imsearch.webui.rendering import Pages
from imsearch.webui.site import Site
from imsearch.webui.thumbnails import Thumbnails, original_address, thumbnail_address

if TYPE_CHECKING:
    from imsearch.library import Library


def create_app(library: Library) -> FastAPI:
    """The pages and the API over this library, which is open for reading and stays its owner's to close."""
    app = FastAPI(
        title="imsearch",
        version=__version__,
        description="Finds pictures by words, and tells, corrects and makes their tags.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.site = site = Site(library, Pages(), Thumbnails(library))
    site.pages.environment.globals.update(thumbnail_address=thumbnail_address, original_address=original_address)
    app.include_router(api_files.router)
    handle_errors(app)
    app.include_router(search.router)
    app.mount("/static", Assets(), name="static")
    return app
