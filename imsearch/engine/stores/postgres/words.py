"""PostgreSQL's errors in words for the user: what happened and what to do.  Never with a password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imsearch.errors import LibraryError, LibraryLocked, WriteRefused

if TYPE_CHECKING:
    from imsearch.engine.stores.postgres.address import Address

_KEPT = "What was stored before is kept."


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn what the server says into a `LibraryError`; mistakes of this program (integrity errors) pass unchanged."""
    import psycopg
    from sqlalchemy.exc import DBAPIError, IntegrityError

    try:
        yield
    except (IntegrityError, psycopg.IntegrityError):
        raise
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.Error):
            raise
        raise in_words(error.orig, address) from error
    except psycopg.Error as error:
        raise in_words(error, address) from error


def in_words(error: BaseException, address: Address) -> LibraryError:
    """The error for what the driver raised; one without an SQL state came of connecting, or of losing a connection."""
    state = getattr(error, "sqlstate", None) or ""
    said = _line(error)
    if not state:
        return _unconnected(said, address)
    if state in ("25006", "57P02") or "read-only transaction" in said:
        return WriteRefused(
            f"The library {address.place} can only be read here: the server is a replica, or set to be read only. Give "
            f"the address of the server that takes changes. {_KEPT}"
        )
    if state == "42501":
        return LibraryError(
            f"You may not do that in the library {address.place} ({said}). Let its owner grant it to you: see "
            "docs/postgresql.md."
        )
    if state == "55P03":
        return LibraryLocked(
            f"Another process has been writing to the library {address.place} for a minute without coming to an end. "
            "Try again, or look for it in pg_stat_activity."
        )
    if state in ("53100", "53200"):
        what = "The disk of the server is full" if state == "53100" else "The server has no memory left"
        return WriteRefused(f"{what}: {address.place} cannot be written. {_KEPT}", full=state == "53100")
    if state == "53300":
        return LibraryError(
            f"The server at {address.server} takes no more connections ({said}). Try again in a moment, or raise its "
            "max_connections."
        )
    if state in ("42P01", "3F000", "42703"):
        return removed(address)
    if state.startswith("XX"):
        return LibraryError(
            f"The database of the library {address.place} is damaged ({said}). Restore it from a backup. "
            "Nothing was changed."
        )
    if state.startswith(("57P", "08")):
        return _ended(said, address)
    return LibraryError(f"The library {address.place} cannot be used: the server says {said!r}. {_KEPT}")


def removed(address: Address) -> LibraryError:
    """The error for a database that does not hold what it held."""
    return LibraryError(
        f"The library {address.place} was removed or replaced while it was open, or is damaged. Start imsearch again "
        "to open what is there now."
    )


def _ended(said: str, address: Address) -> LibraryError:
    return LibraryError(
        f"The server of the library {address.place} has ended the connection ({said}). What was not stored yet is "
        "lost and is done again by the next run. Try again when the server is back."
    )


def _unconnected(said: str, address: Address) -> LibraryError:
    """The error for a connection that was refused or lost; the server's words are all there is to tell them apart."""
    if found := re.search(r'database "(.*)" does not exist', said):
        made = address.command("createdb", address.named("user"), found[1])
        return LibraryError(f"The server at {address.server} has no database {found[1]!r}. Make it with: {made}")
    if re.search(r"password|authentication failed|SCRAM|role \".*\" does not exist", said, re.IGNORECASE):
        user = address.named("user")
        return LibraryError(
            f"The server at {address.server} does not let {user or 'you'} in: the name or the password is wrong, or "
            "none was given. Give the name in the address, and the password in the variable PGPASSWORD or the file "
            "~/.pgpass."
        )
    if re.search(r"pg_hba\.conf|not permitted to log in|permission denied for database", said):
        return LibraryError(
            f"The server at {address.server} does not let you in from here ({said}). Let its administrator allow it."
        )
    if re.search(r"starting up|shutting down|recovery|not yet accepting", said):
        return LibraryError(f"The server at {address.server} is not ready ({said}). Try again in a moment.")
    if re.search(r"too many clients|connection slots|too many connections", said):
        return LibraryError(f"The server at {address.server} takes no more connections. Try again in a moment.")
    if re.search(r"closed the connection|connection is closed|connection (was )?lost|terminat|SSL SYSCALL", said):
        return _ended(said, address)
    return LibraryError(
        f"There is no PostgreSQL server to be reached at {address.server} ({said}). Start it, or check the address "
        "given with --library."
    )


def _line(error: BaseException) -> str:
    """The first line of what was said, without where it was said."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"^connection failed: |^consuming input failed: |\bFATAL:\s*|^ERROR:\s*", "", first).strip()
