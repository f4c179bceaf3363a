"""The place of a library: a path, or a URL whose scheme picks its home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

Location: TypeAlias = Path | str
"""A path, or the URL of a library as text, since a `Path` would drop one of its slashes."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)
"""The scheme of a URL: at least two letters, since ``C:/`` is a disk.  One slash suffices: a `Path` keeps no more."""
_PASSWORD = re.compile(r"([a-z][a-z0-9+.-]+:/+[^\s/:@]*):\S*@", re.IGNORECASE)
"""The password of a URL, up to the last ``@``, since it may hold some that should have been written as ``%40``."""
_PASSWORD_OPTION = re.compile(r"([?&][a-z_]*passw[a-z]*=)[^&\s]*", re.IGNORECASE)


def scheme_of(where: Location) -> str:
    """The scheme of a URL, in lower case; empty for a path."""
    found = _SCHEME.match(str(where))
    return found[1].lower() if found else ""


def located(where: Location) -> Location:
    """Return an absolute path, or a URL of another scheme than ``file://`` with both its slashes."""
    scheme = scheme_of(where)
    if not scheme:
        return Path(where).absolute()
    if scheme == "file":
        from urllib.parse import urlsplit  # slow to import, and rarely needed
        from urllib.request import url2pathname

        return Path(url2pathname(urlsplit(str(where)).path)).absolute()
    return _SCHEME.sub(r"\1://", str(where), count=1) if isinstance(where, Path) else where


def shown(where: Location) -> str:
    """Return a path or URL as shown in messages: without the password."""
    return masked(re.sub(r"\s", "%20", where)) if scheme_of(where) and isinstance(where, str) else masked(str(where))


def masked(text: str) -> str:
    """Return a message without the passwords of the URLs in it: ``user:***@``."""
    return _PASSWORD_OPTION.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
