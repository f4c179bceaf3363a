"""Serve below a sub-path of a reverse proxy, such as https://example.org/photos/.

Everything inside sees addresses without the prefix, whether the proxy strips it or not.  Pages and scripts use
relative addresses, so that only redirects, cookies and the OpenAPI document need to know the prefix.
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
"""First segments of our own addresses, which a prefix must not begin with."""
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+")
_LONGEST = 200
_KEPT, _ROOT = "imsearch.prefix", "imsearch.root"


def parse_prefix(text: str) -> str:
    """Return the normalized prefix, "/photos" or ""; raises ImsearchError for an invalid one."""
    prefix = "/" + text.strip("/") if text.strip("/") else ""
    if prefix and (text.startswith("//") or len(prefix) > _LONGEST or not _PREFIX.fullmatch(prefix)):
        raise ImsearchError(f"{text!r} is not a valid path. Use one such as /photos, of letters, digits and . _ ~ -")
    if _begins_like_ours(prefix):
        raise ImsearchError(f"{prefix} begins like an address of imsearch itself. Choose another path.")
    return prefix


def prefix_of(scope: Mapping[str, Any]) -> str:
    """Return the sub-path of the request, as far as it is known: "/photos" or ""."""
    return str(scope.get(_KEPT, ""))


def root_of(scope: Mapping[str, Any]) -> str:
    """Return the relative address of the start page from that of a request: "./" or "../" or "../../" and so on."""
    return str(scope.get(_ROOT, "./"))


class SubPath:
    """Strips the prefix from requests and adds it to redirects.

    headers: of every response.  prefix: the sub-path of the pages.  Without one, that of X-Forwarded-Prefix;
    the application's host must drop that header from untrusted clients.
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
                    # The browser resolves an address without a leading slash against the requested one.
                    answer["location"] = prefix + path if path.startswith("/") else path
            await send(message)

        if prefix and scope["path"] == prefix and not _begins_like_ours(prefix):
            query = scope["query_string"].decode("latin-1")
            to = f"{prefix}/{'?' if query else ''}{query}"
            await RedirectResponse(to, 307, {**self._headers, "Cache-Control": "no-store"})(scope, receive, send)
            return
        await self._app(_without(prefix, scope), receive, send_prefixed)


def _told(headers: Headers) -> str:
    """Return the prefix sent by a proxy; "" unless it is a plain path."""
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
    # Browsers count the slashes of the address as written: "%2F" is none.
    root = "../" * (raw.count(b"/") - 1) or "./"
    return {**scope, "path": path, "raw_path": raw, _KEPT: prefix, _ROOT: root}


def _path_of(location: str, host: str) -> str:
    """Return a redirect within this server as a path; there are no others here."""
    split = urlsplit(location)
    if split.netloc and split.netloc == host:
        return f"{split.path or '/'}{'?' if split.query else ''}{split.query}"
    return location
