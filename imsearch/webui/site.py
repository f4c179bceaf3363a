"""What all request handlers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from imsearch.webui.rendering import Pages

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.webui.access import Access


@dataclass(frozen=True, slots=True)
class Site:
    """One library and everything around it; made by `imsearch.webui.app.create_app`.

    library: open for reading; several threads use it at once.  access: the token and sessions, where one is asked for.
    """

    library: Library
    pages: Pages
    access: Access | None = None


def _site(request: Request) -> Site:
    return cast(Site, request.app.state.site)


TheSite = Annotated[Site, Depends(_site)]
"""The type of a handler's parameter that receives the site."""
