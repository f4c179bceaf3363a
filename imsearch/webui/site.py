"""State shared by all request handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from imsearch.webui.rendering import Pages
from imsearch.webui.thumbs.thumbnails import Thumbnails

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.pictures.decoders import Decoding
    from imsearch.webui.guard.access import Access
    from imsearch.webui.indexing import Indexing
    from imsearch.webui.picking import Picker
    from imsearch.webui.states import Answers
    from imsearch.webui.trying import Trying


@dataclass(frozen=True, slots=True)
class Site:
    """One library and its services; created by `imsearch.webui.app.create_app`.

    library: open for reading; used by several threads at once.  trying: tags pictures that are not in it.
    indexing: monitors, starts and stops runs.  answers: caches responses while the library does not change.
    decoding: the processes that decode pictures for thumbnails and trials.
    access: the token and sessions, if a token is required.  picker: adds folders, if the pages may do that.
    """

    library: Library
    pages: Pages
    thumbnails: Thumbnails
    trying: Trying
    indexing: Indexing
    answers: Answers
    decoding: Decoding
    access: Access | None = None
    picker: Picker | None = None

    def close(self) -> None:
        """Close what was opened here; the library remains its owner's to close."""
        self.answers.close()
        self.trying.close()
        self.indexing.close()
        self.decoding.close()


async def _site(request: Request) -> Site:  # not a plain function: each call would occupy a thread of the pool
    return cast(Site, request.app.state.site)


TheSite = Annotated[Site, Depends(_site)]
"""The type of a handler's parameter that receives the site."""
