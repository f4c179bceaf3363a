"""What places are called: in other languages, in capitals, without accents, without "am Main"."""

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
"""What people leave out of a name."""


def folded(name: str) -> str:
    """A name as it is compared: no capitals, no accents, single spaces: "Île-de-France" -> "ile de france"."""
    if not name.isascii():
        plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
        name = "".join(letter for letter in plain if not unicodedata.combining(letter))
        name = unicodedata.normalize("NFC", name)
    return _APART.sub(" ", name.casefold()).strip()


def holds(name: str, words: str) -> bool:
    """Return True where a folded name holds these folded words, as whole words."""
    return f" {words} " in f" {name} "


class PlaceNames:
    """The names of `imsearch/data/places.json`."""

    @cached_property
    def _data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
        return data

    @property
    def countries(self) -> Mapping[str, str]:
        """Country codes (ISO 3166-1 alpha-2) -> the names that people use, where those differ from the ISO ones."""
        names: Mapping[str, str] = self._data["countries"]
        return names

    def originals(self) -> Iterator[str]:
        """The names, as GeoNames spells them, that have others."""
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
        """Folded names that these folded words may stand for: themselves first, then what they are another name of."""
        other = self._others.get(words)
        return (words,) if other is None else (words, other)

    def spellings(self, name: str) -> Iterator[str]:
        """Return the folded words that stand for a place of this name, itself first."""
        plain = folded(name)
        yield plain
        if (short := _ENDINGS.sub("", plain)) != plain:
            yield short
        yield from self._names.get(plain, ())
