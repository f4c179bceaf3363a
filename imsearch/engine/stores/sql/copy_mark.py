"""The mark of a library that a copy is still filling: it is no library for anybody else."""

from __future__ import annotations

import shlex

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, select

from imsearch.engine.stores.sql.types import text_of, whole
from imsearch.errors import LibraryError

VERSION = "copying"
"""In place of the number of the last migration, which every start reads anyway; older programs take it for a newer
library, and refuse it, too."""

mark = Table(
    "copying",
    MetaData(),  # its own: it is there only as long as the copy is not complete
    Column("id", whole(), primary_key=True, comment="always 1"),
    Column("source", text_of(), nullable=False, comment="the place it is copied from, without a password"),
    Column("uid", text_of(32), nullable=False, comment="the source's"),
    Column("generation", BigInteger, nullable=False, comment="the source's when the copy began; -1: begin anew"),
    Column("version", text_of(32), nullable=False, comment="the migration that the tables here are of"),
)


def incomplete(connection: Connection, place: str, removal: str) -> LibraryError:
    """The error for a library that is a copy half done.  removal: how to be rid of it, as the rest of a sentence."""
    source = connection.execute(select(mark.c.source)).scalar() or "FROM"
    again = f"imsearch library copy {shlex.quote(source)} {shlex.quote(place)}"
    return LibraryError(
        f"The library {place} is a copy that is not complete. Go on with: {again} (or throw it away: {removal})"
    )
