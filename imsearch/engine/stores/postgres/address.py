"""The address of a PostgreSQL database, as libpq understands it, and as it is shown: without a password."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from imsearch.errors import LibraryError
from imsearch.locations import Location

if TYPE_CHECKING:
    from psycopg import Connection

_START = re.compile(r"postgres(?:ql)?:/+", re.IGNORECASE)
_SECRET = re.compile(r"passw|secret|token", re.IGNORECASE)
_EXAMPLE = "postgresql://user@host/database"
SECONDS = 10
"""Waiting for a server ends after so many, unless the address says ``connect_timeout``."""

KEEP_ALIVE = (
    "SELECT set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '10', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""Settings of a session that end it within a minute when its machine vanishes, so that nobody waits for that longer."""


class Address:
    """The place of a library's database.

    text: for libpq, with the password if one was given.  place: for people, without.
    """

    def __init__(self, where: Location) -> None:
        """Raises `LibraryError` for an address that libpq would not take, and where the driver is not installed."""
        given = str(where)
        self.text = given if "://" in given else _START.sub("postgresql://", given, count=1)  # a path keeps one slash
        self._options = _parsed(self.text)
        self.place = _shown(self._options)

    def connect(self, application: str, **also: Any) -> Connection[Any]:
        """A new connection; raises what the driver raises.  application: its name in the server's lists."""
        import psycopg

        options = {"connect_timeout": SECONDS, **self._options, "application_name": application}
        return psycopg.connect(**options, **also)

    @property
    def server(self) -> str:
        """The server in messages."""
        host, port = self._options.get("host"), self._options.get("port")
        return f"{host or 'this machine'}{f':{port}' if port else ''}"

    def command(self, program: str, user: str, database: str) -> str:
        """A command of PostgreSQL's own for this server, as typed into a shell."""
        host, port = self._options.get("host"), self._options.get("port")
        return " ".join(
            [program, *(["-h", str(host)] if host else []), *(["-p", str(port)] if port else [])]
            + (["-U", user] if user else [])
            + ([database] if database else [])
        )

    def named(self, option: str) -> str:
        """Return an option of the address; empty where it gives none."""
        return str(self._options.get(option) or "")


def digest(*parts: str) -> str:
    """A short name for a folder, made of what tells one library from another."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _parsed(text: str) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise LibraryError(
            "A library in PostgreSQL needs the driver psycopg, which is not installed here. Install it with: "
            'pip install "imsearch-engine[postgres]"'
        ) from error
    try:
        return dict(conninfo_to_dict(text))
    except ProgrammingError as error:
        found = re.search(r'invalid URI query parameter: "(\w+)"', str(error))
        unknown = f" It has no option {found[1]!r}." if found else ""
        # Not the error itself, nor as its cause: it may quote the password.
        raise LibraryError(
            f"The address of the library is none that PostgreSQL understands.{unknown} Write it like {_EXAMPLE}, with "
            "%XX for any other character than letters, digits and -._~ in a name or password."
        ) from None


def _shown(options: dict[str, Any]) -> str:
    left = {name: str(value) for name, value in options.items() if not _SECRET.search(name)}
    user, host, port = left.pop("user", ""), left.pop("host", ""), left.pop("port", "")
    name = left.pop("dbname", "")
    if host.startswith("/") or "," in host:
        left, host = {"host": host, **left}, ""
    server = (f"{quote(user)}@" if user else "") + (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    return f"postgresql://{server}/{quote(name)}" + (f"?{urlencode(left, safe='/')}" if left else "")
