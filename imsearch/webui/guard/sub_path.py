"""Serving below a sub-path of a reverse proxy, such as https://example.org/photos/.

Everything inside sees the addresses without the prefix, whether the proxy takes it off or not.  Pages and scripts name
other addresses relative to their own, so that only redirects, cookies and the OpenAPI document need to know the prefix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imsearch.errors import ImsearchError

HEADER = "x-forwarded-prefix"
OWN = frozenset(("api", "static", "shapes.css", "picture", "tags", "review", "try", "status", "login", "logout"))
"""How addresses of ours begin: a prefix that begins so could not be told from them."""
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
_LONGEST = 200
_KEPT, _ROOT = "imsearch.prefix", "imsearch.root"


def parse_prefix(text: str) -> str:
    """The prefix as it is used, "/photos" or ""; raises ImsearchError with what is wrong with it."""
    prefix = "/" + text.strip("/") if text.strip("/") else ""
    if prefix and (text.startswith("//") or len(prefix) > _LONGEST or not _PREFIX.fullmatch(prefix)):
        raise ImsearchError(
            f"{text!r} is no path to serve below. Name one such as /photos, of letters, digits and . _ ~ -"
        )
    if _begins_like_ours(prefix):
        raise ImsearchError(f"{prefix} begins like an address of imsearch itself. Serve below another path.")
    return prefix


def prefix_of(scope: Mapping[str, Any]) -> str:
    """The path below which the request was made, as far as it is known: "/photos" or ""."""
    return str(scope.get(_KEPT, ""))


def root_of(scope: Mapping[str, Any]) -> str:
    """The way from the address of a request to where the pages begin: "./" or "../" or "../../" and so on."""
    return str(scope.get(_ROOT, "./"))


class SubPath:
    """Takes the prefix off requests and puts it on redirects.

    headers: of every answer.  prefix: below which the pages are served.  Without one, that which a proxy says in
    X-Forwarded-Prefix; whoever runs the application must drop that header from those who are not to be believed.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], prefix: str = "") -> None:
        self._app, self._headers, self._prefix = app, headers, prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        prefix = self._prefix or _told(headers)
        host = headers.get("host", "")

        async def send_prefixed(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if "location" in answer:
                    path = _path_of(answer["location"], host)
                    # What begins with no slash the browser reads beside the address that it asked for.
                    answer["location"] = prefix + path if path.startswith("/") else path
            await send(message)

        if prefix and scope["path"] == prefix and not _begins_like_ours(prefix):
            query = scope["query_string"].decode("latin-1")
            to = f"{prefix}/{'?' if query else ''}{query}"
            await RedirectResponse(to, 307, {**self._headers, "Cache-Control": "no-store"})(scope, receive, send)
            return
        await self._app(_without(prefix, scope), receive, send_prefixed)


def _told(headers: Headers) -> str:
    """What a proxy says; nothing where that is no plain path."""
    said = headers.getlist(HEADER)
    try:
        return parse_prefix(said[0]) if len(said) == 1 else ""
    except ImsearchError:
        return ""


def _begins_like_ours(prefix: str) -> bool:
    return prefix.partition("/")[2].partition("/")[0] in OWN


def _without(prefix: str, scope: Scope) -> Scope:
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or path.encode("utf-8", "replace")
    raw = raw.partition(b"?")[0]
    if prefix and path.startswith(prefix + "/"):
        path = path.removeprefix(prefix)
        raw = b"/" + b"/".join(raw.split(b"/")[prefix.count("/") + 1 :])
    # A browser counts the slashes of the address as it is written: "%2F" is none.
    root = "../" * (raw.count(b"/") - 1) or "./"
    return {**scope, "path": path, "raw_path": raw, _KEPT: prefix, _ROOT: root}


def _path_of(location: str, host: str) -> str:
    """A redirect within this server as a path; others are not made here."""
    split = urlsplit(location)
    if split.netloc and split.netloc == host:
        return f"{split.path or '/'}{'?' if split.query else ''}{split.query}"
    return location
