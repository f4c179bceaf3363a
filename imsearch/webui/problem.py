"""The exception that rejects a request; `imsearch.webui.problems` turns it into a response."""

from __future__ import annotations

from typing import Any


class Problem(Exception):  # noqa: N818 - what RFC 9457 calls it
    """An error to report to the client.

    status: of HTTP.  detail: what happened and what to do about it.  more: further members of the problem's JSON.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers or {}, more
