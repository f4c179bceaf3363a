"""Thumbnails and original files over HTTP, by catalog id only."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from imsearch.webui.problem import Problem
from imsearch.webui.site import TheSite
from imsearch.webui.thumbs import placeholder, shrinking
from imsearch.webui.thumbs.copies import NoCopyError
from imsearch.webui.thumbs.held_file import HeldFile, UnsatisfiableError, asked_range, matches
from imsearch.webui.thumbs.thumbnails import HEALS_AFTER, Size

router = APIRouter(tags=["images"])

ImageId = Annotated[int, Path(alias="id", ge=1, le=2**53, description="The id of a picture of the library.")]
Version = Annotated[
    str, Query(max_length=64, description="The first 12 digits of the picture's hash; then it may be kept forever.")
]

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers that keep a file, opened by itself, from running scripts, and other sites from embedding it."""

SHOWN = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
}
"""Formats that browsers display; everything else is only ever downloaded."""
_DOWNLOAD = "application/octet-stream"

_GONE = {
    "missing": (
        404,
        "The file of this picture is no longer where it was: {path}. If it lies on a disk that is not connected, "
        "connect it; if it was moved, index the folder where it is now.",
    ),
    "changed": (
        409,
        "The file of this picture has changed since it was indexed: {path}. Index it again to see it as it is now.",
    ),
    "unreadable": (404, "The file of this picture cannot be opened: {path}. Check its permissions."),
}


def _problem(status: int, description: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"description": description, "content": {"application/problem+json": {}}}}


_COMMON: dict[int | str, dict[str, Any]] = {
    304: {"description": "The client's copy is up to date."},
    **_problem(404, "There is no such picture in the library."),
}


@router.head("/api/images/{id}/thumbnail", include_in_schema=False)
@router.get(
    "/api/images/{id}/thumbnail",
    summary="Get a thumbnail",
    response_class=Response,
    responses={
        200: {
            "description": "The picture; in place of one that cannot be shown a drawing, and the header "
            "X-Imsearch-Placeholder with the reason: missing, changed, unreadable or damaged.",
            "content": {shrinking.MEDIA_TYPE: {}, placeholder.MEDIA_TYPE: {}},
        },
        **_COMMON,
    },
)
async def thumbnail(image: ImageId, request: Request, site: TheSite, size: Size = "small", v: Version = "") -> Response:
    """Upright, in sRGB, never enlarged: small is at most 256 pixels high, medium 512, large fits into 1920 x 1920."""
    made = await site.thumbnails.get(image, size)
    if made is None:
        raise _unknown(image)
    if made.problem:
        headers = {**SAFE, "X-Imsearch-Placeholder": made.problem, "Cache-Control": _for(HEALS_AFTER)}
        return Response(made.content, headers=headers, media_type=placeholder.MEDIA_TYPE)
    etag = f'"{made.image.sha256[:32]}-{size}"'
    headers = {**SAFE, "ETag": etag, "Cache-Control": _kept(v, made.image.sha256)}
    if matches(request.headers, etag):
        return Response(status_code=304, headers=headers)
    return Response(made.content, headers=headers, media_type=shrinking.MEDIA_TYPE)


@router.head("/api/images/{id}/original", include_in_schema=False)
@router.get(
    "/api/images/{id}/original",
    summary="Get the original file of a picture",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {each: {} for each in [*SHOWN.values(), _DOWNLOAD]}},
        206: {"description": "The requested range."},
        **_COMMON,
        **_problem(409, "The file has changed since it was indexed."),
        **_problem(416, "The range begins after the end of the file."),
    },
)
async def original(
    image: ImageId, request: Request, site: TheSite, download: bool = False, v: Version = ""
) -> Response:
    """Served only while its bytes are those that were indexed.  Formats that browsers do not display are downloaded."""
    thumbnails = site.thumbnails
    known = await thumbnails.read(partial(thumbnails.known.get, image, anew=True))
    if known is None:
        raise _unknown(image)
    try:
        file, seen = await thumbnails.read(thumbnails.copies.open, known)
    except NoCopyError as error:
        status, told = _GONE[error.reason]
        raise Problem(status, told.format(path=error.path), reason=error.reason) from error
    etag = f'"{known.sha256}"'
    shown = None if download else SHOWN.get(known.format)
    headers = {
        **SAFE,
        "ETag": etag,
        "Cache-Control": _kept(v, known.sha256),
        "Content-Type": shown or _DOWNLOAD,
        "Content-Disposition": disposition("inline" if shown else "attachment", os.fsencode(seen.path.name)),
    }
    if matches(request.headers, etag):
        file.close()
        del headers["Content-Type"], headers["Content-Disposition"]
        return Response(status_code=304, headers=headers)
    try:
        wanted = asked_range(request.headers, known.bytes, etag)
    except UnsatisfiableError:
        file.close()
        told = f"The file has {known.bytes:,} bytes; the requested range begins after its end."
        raise Problem(416, told, {"Content-Range": f"bytes */{known.bytes}"}) from None
    return HeldFile(file, known.bytes, range=wanted, headers=headers, read=thumbnails.read)


def disposition(kind: str, name: bytes) -> str:
    """Return the Content-Disposition header: an ASCII file name for old clients, the exact one for others."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f]", "_", name.decode("utf-8", "replace"))
    plain = re.sub(r'[^ -~]|["\\%]', "_", text)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(text, safe='')}"


def _unknown(image: int) -> Problem:
    return Problem(404, f"There is no picture {image} in the library any more. Search again for what it holds now.")


def _kept(version: str, sha256: str) -> str:
    return "private, max-age=31536000, immutable" if version == sha256[:12] else "private, no-cache"


def _for(seconds: float) -> str:
    return f"private, max-age={seconds:.0f}"
