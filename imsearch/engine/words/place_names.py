"""Variants of place names: in other languages, in capitals, without accents, without "am Main"."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "data" / "places.json"
_APART = re.compile(r"[\W_]+")
_ENDINGS = re.compile(r" (?:city|am [^ ]+|an der [^ ]+|ob der [^ ]+|upon [^ ]+|sur [^ ]+)$")
"""Parts of a name that people leave out."""


def folded(name: str) -> str:
    """Return a name for comparison: no capitals, no accents, single spaces: "Île-de-France" -> "ile de france"."""
    if not name.isascii():
        plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
        name = "".join(letter for letter in plain if not unicodedata.combining(letter))
        name = unicodedata.normalize("NFC", name)
    return _APART.sub(" ", name.casefold()).strip()


def holds(name: str, words: str) -> bool:
    """Return True if a folded name contains these folded words, as whole words."""
    return f" {words} " in f" {name} "


class PlaceNames:
    """The names of `imsearch/data/places.json`."""

    @cached_property
    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
        return data

    @property
    def countries(self) -> Mapping[str, str]:
        """Country codes (ISO 3166-1 alpha-2) -> common names, if different from the ISO ones."""
        names: Mapping[str, str] = self._data["countries"]
        return names

    def originals(self) -> Iterator[str]:
        """Yield the names that have variants, in GeoNames' spelling."""
        yield from self._data["names"]

    @cached_property
    def _others(self) -> dict[str, str]:
        """Folded other name -> folded name."""
        pairs = ((other, name) for name, others in self._data["names"].items() for other in others.split("|"))
        return {folded(other): folded(name) for other, name in pairs}

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for other, name in self._others.items():
            found.setdefault(name, []).append(other)
        return found

    def meant(self, words: str) -> tuple[str, ...]:
        """Return folded names that these folded words may stand for: themselves, and the name they are a variant of."""
        other = self._others.get(words)
        return (words,) if other is None else (words, other)

    def spellings(self, name: str) -> Iterator[str]:
        """Yield the folded words that stand for a place of this name, itself first."""
        plain = folded(name)
        yield plain
        if (short := _ENDINGS.sub("", plain)) != plain:
            yield short
        yield from self._names.get(plain, ())
