"""``has:gps``: there is a fact, a tag or a text of this kind."""

from __future__ import annotations

from collections.abc import Mapping

from imsearch.keys import And, HasKind, HasText, Key, Known, Predicate, SaidBy, one_of

_PREDICATES: Mapping[str, Predicate] = {
    "gps": And((Known("latitude"), Known("longitude"))),
    "date": Known("taken_at"),
    "camera": Known("camera"),
    "lens": Known("lens"),
    "iso": Known("iso"),
    "rating": Known("rating"),
    "people": HasKind("person"),
    "tags": SaidBy(),
    "text": HasText(),
    "title": HasText("title"),
    "description": HasText("description"),
    "keywords": HasText("keyword"),
}
_TOLD = {
    "gps": "with a place",
    "date": "with a date",
    "people": "showing people",
    "tags": "with tags",
    "text": "with a text",
    "keywords": "with keywords",
    "iso": "with an ISO",
}

KEY = Key(
    "has",
    hint="a place, a date, people, a title ...",
    example="has:people",
    read=one_of("has", tuple(_PREDICATES)),
    predicate=_PREDICATES.__getitem__,
    told=lambda text: _TOLD.get(text.lower(), f"with a {text.lower()}"),
    values=(
        ("gps", "the place is known"),
        ("date", "the date is known"),
        ("people", "shows people"),
        ("tags", "any tag is shown"),
        ("text", "a title, description or keywords"),
        ("title", ""),
        ("description", ""),
        ("keywords", ""),
        ("camera", "the camera is known"),
        ("lens", "the lens is known"),
        ("iso", "the ISO is known"),
        ("rating", "has stars"),
    ),
)
