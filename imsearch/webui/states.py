"""Answers that stay as they are while the library does: who has one already is told so, and nothing is searched."""

from __future__ import annotations

import hashlib
from secrets import token_hex
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import Response

from imsearch.webui.held_file import matches

if TYPE_CHECKING:
    from imsearch.library import Library

_PROCESS = token_hex(8)
"""Another program, another template or other settings may answer otherwise; all of them begin with another process."""


def state_tag(library: Library, *parts: object) -> str:
    """An ETag of what depends on the library and these parts alone."""
    told = repr((_PROCESS, library.state(), parts))
    return f'W/"{hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:32]}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """A 304 where who asks has what goes by this tag; None says that it must be made.  Read the tag first."""
    if matches(request.headers, tag.removeprefix("W/")):
        return Response(status_code=304, headers=headers(tag))
    return None


def headers(tag: str) -> dict[str, str]:
    """Of an answer that may be kept, but must be asked for each time."""
    return {"ETag": tag, "Cache-Control": "private, no-cache"}
