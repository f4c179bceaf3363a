"""The lock for a run, held by a connection: one process of all machines has it, and it ends with its connection."""

from __future__ import annotations

import os
import re
import socket
import time
from threading import RLock
from typing import TYPE_CHECKING, Any

import psycopg

from imsearch.engine.stores.postgres.address import KEEP_ALIVE
from imsearch.engine.stores.postgres.words import translated
from imsearch.errors import LibraryLocked

if TYPE_CHECKING:
    from psycopg import Connection

    from imsearch.engine.stores.postgres.address import Address

_KEY = (0x696D7365, 1)
"""Two numbers that no other program should use; PostgreSQL keeps such locks apart by database."""
_TAKE = "SELECT pg_try_advisory_lock(%s, %s)"
_HOLDER = """
SELECT activity.application_name FROM pg_locks AS locks JOIN pg_stat_activity AS activity USING (pid)
WHERE locks.locktype = 'advisory' AND locks.granted AND locks.objsubid = 2
  AND (locks.classid, locks.objid) = (%s, %s) AND activity.datname = current_database()
"""
_NAME = re.compile(r"imsearch run (\d+)(?: on (.*))?")
_PATIENCE, _POLL = 1.0, 0.05
"""Seconds for the server to notice that the holder was killed, and between two attempts."""


class RunLock:
    """The right to index pictures, as long as its connection lives."""

    def __init__(self, address: Address) -> None:
        """Take it; raises `LibraryLocked` when another process has it."""
        self._address = address
        self._connection: Connection[Any] | None = None
        self._turn = RLock()
        self._connect()

    def check(self) -> bool:
        """Take it again if the server was started anew meanwhile; returns whether it was.

        To be called before something is written.  Raises `LibraryLocked` if another process was first.
        """
        with self._turn:
            try:
                if self._connection is not None:
                    self._connection.execute("SELECT")
            except psycopg.OperationalError:
                self.release()
                self._connect()
                return True
        return False

    def _connect(self) -> None:
        with translated(self._address):
            self._connection = self._address.connect(
                f"imsearch run {os.getpid()} on {socket.gethostname()}", autocommit=True
            )
            try:
                self._connection.execute(KEEP_ALIVE)
                self._take(self._connection)
            except BaseException:
                self.release()
                raise

    def _take(self, connection: Connection[Any]) -> None:
        end = time.monotonic() + _PATIENCE
        while not _one(connection, _TAKE):
            if time.monotonic() >= end:
                found = _NAME.fullmatch(_one(connection, _HOLDER) or "")
                who = "" if found is None else f" (process {found[1]}{f' on {found[2]}' if found[2] else ''})"
                raise LibraryLocked(
                    f"The library {self._address.place} is being written to by another run{who}. "
                    "Wait until that is done, or stop it, and try again."
                )
            time.sleep(_POLL)

    def release(self) -> None:
        """Give it back."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def holder(connection: Any) -> int | None:
    """The process, of whichever machine, that has the lock; 0 for one that does not tell its number."""
    name = connection.exec_driver_sql(_HOLDER, _KEY).scalar()
    if name is None:
        return None
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def _one(connection: Connection[Any], statement: str) -> Any:
    row = connection.execute(statement, _KEY).fetchone()
    return row and row[0]
