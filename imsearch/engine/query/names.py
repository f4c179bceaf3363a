"""Names after a key: part of one, or after ``=`` all of it.  Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from imsearch.engine.query.escapes import unescaped
from imsearch.keys import BadValue, Exact, Facet, Holds, InPlace, Key, Offer, OneOf, Or, Part, Predicate

Place = Literal["city", "region", "country"]


def part_or_whole(text: str) -> Part | Exact:
    """Read part of a name, or after ``=`` all of it."""
    return Exact(unescaped(text[1:])) if text[:1] == "=" else Part(text)


def whole(key: str, example: str) -> Callable[[str], Exact]:
    """Return a reader of whole names.  example: the one in the error message for an empty name."""

    def read(text: str) -> Exact:
        exact = unescaped(text.removeprefix("="))
        if not exact:
            raise BadValue(f"{key}: takes a name, for example {example}.", len(text))
        return Exact(exact)

    return read


def called(field: Literal["camera", "lens"]) -> Callable[[Part | Exact], Predicate]:
    """Return a function that makes a predicate of a name of equipment."""
    return lambda value: OneOf(field, (value.text,)) if isinstance(value, Exact) else Holds(field, value.text)


def place_key(name: str, fields: tuple[Place, ...], hint: str, example: str, facet: Facet | None = None) -> Key:
    """Return a key for the place where a picture was taken: a name in one of these fields contains the words.

    facet: that of the key; one without a facet completes cities.
    """

    def read(text: str) -> Part | Exact:
        if not any(letter.isalnum() for letter in text):
            raise BadValue(f"{name}: takes a name, for example {name}:Italy.", len(text))
        return part_or_whole(text)

    def predicate(value: Part | Exact) -> Predicate:
        if isinstance(value, Exact):
            same = tuple(OneOf(field, (value.text,)) for field in fields)
            return same[0] if len(same) == 1 else Or(same)
        return InPlace(fields, value.text)

    return Key(
        name,
        hint=hint,
        example=example,
        read=read,
        predicate=predicate,
        told=lambda text: f"in {text}",
        offer=Offer(facet.name if facet else "city"),
        facets=(facet,) if facet else (),
    )
