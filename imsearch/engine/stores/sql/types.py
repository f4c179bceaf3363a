"""Column types that mean the same in every database; for the tables and for migrations.

SQLite orders text by its code points, whatever the locale, does not cut or refuse what is longer than declared, and
has one kind of whole number, of 64 bits.  Other databases are told to do the same.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.types import TypeEngine


def text_of(length: int | None = None) -> TypeEngine[str]:
    """Text; the length is how much is expected."""
    return String(length).with_variant(Text(collation="C"), "postgresql")


def whole(expected: type[Integer] = Integer) -> TypeEngine[int]:
    """A whole number that users compare with any other; `expected` is the narrowest type that holds those stored."""
    return expected().with_variant(BigInteger(), "postgresql")
