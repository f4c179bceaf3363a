"""Makes the web application of one library."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from imsearch import __version__
from imsearch.webui.pages import status, tags, trying
from imsearch.webui.problems import handle_errors
from imsearch.webui.rendering import Pages
from imsearch.webui.site import Site

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
    app.state.site = Site(library, Pages())
    handle_errors(app)
    app.include_router(tags.router)
    app.include_router(status.router)
    app.include_router(trying.router)
    app.mount("/static", StaticFiles(directory=str(files("imsearch.webui").joinpath("static"))), name="static")
    return app
