"""Counts of a catalog's contents."""

from __future__ import annotations

from typing import NamedTuple


class Holdings(NamedTuple):
    """Counts of one state of a catalog.

    images: those with at least one file.  failures: without those of annotators that are forgotten.  corrections: pairs
    of an image and a tag that the user said something of.  schema: the newest migration.
    """

    images: int
    files: int
    failures: int
    corrections: int
    generation: int
    schema: str
