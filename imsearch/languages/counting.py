"""Format counts for messages."""

from __future__ import annotations


def count(number: int, what: str, plural: str | None = None) -> str:
    """``1 picture``, ``1,234 pictures``."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"
