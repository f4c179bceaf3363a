"""Serve the files of ``static/`` at addresses that change with their content."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(str(files("imsearch.webui").joinpath("static")))
_VERSION = re.compile(r"^v-[0-9a-f]{12}[/\\]")
_YEAR = "public, max-age=31536000, immutable"


def addresses() -> dict[str, str]:
    """Return the address of each file by its path below ``static/``; all change when any of the files does."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    told = hashlib.sha256()
    for path in paths:
        told.update(path.name.encode() + b"\0" + path.read_bytes())
    folder = f"/static/v-{told.hexdigest()[:12]}"
    return {(name := path.relative_to(FOLDER).as_posix()): f"{folder}/{name}" for path in paths}


class Assets(StaticFiles):
    """Serves ``v-VERSION/NAME`` as NAME, cached by browsers for good, and plain NAME, revalidated each time.

    The version is in the folder name, so that scripts can import each other by plain name (``./base.js``) and a
    browser loads each of them once.
    """

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)
        self._current = {address.removeprefix("/static/") for address in addresses().values()}

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(_VERSION.sub("", path), scope)
        response.headers["Cache-Control"] = _YEAR if Path(path).as_posix() in self._current else "no-cache"
        return response
