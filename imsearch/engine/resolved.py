"""A query whose words have become tags: what `imsearch.engine.words` makes and `imsearch.engine.ranking` ranks by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Term:
    """A word of a query and the tags that answer it.

    `names` are the word itself: its forms and synonyms.  `members` are tags of that kind.  A user who rejected one of
    the names has said that the word is wrong, whatever the members say.
    """

    word: str
    names: tuple[str, ...]
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Negated:
    """Without it."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class Demanded:
    """Only what shows it."""

    item: Resolved


@dataclass(frozen=True, slots=True)
class All:
    """All of them, softly."""

    items: tuple[Resolved, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The likeliest of them."""

    items: tuple[Resolved, ...]


Resolved: TypeAlias = Term | Negated | Demanded | All | AnyOf
