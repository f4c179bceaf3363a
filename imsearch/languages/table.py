"""Read the word table of a language; docs/languages.md describes the format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from imsearch.errors import ImsearchError
from imsearch.languages.letters import unaccented, without_invisible

FILLER, WITHOUT, AND, OR = "filler", "without", "and", "or"
NUMBER, COLOUR, MONTH, TIME, PLACE, FACT = "number", "colour", "month", "time", "place", "fact"
_LISTS = {"fillers": FILLER, "without": WITHOUT, "and": AND, "or": OR}
_GROUPS = {
    "numbers": NUMBER,
    "colours": COLOUR,
    "months": MONTH,
    "times": TIME,
    "places": PLACE,
    "facts": FACT,
}

_ACCENTED = re.compile("[\u00df-\u024f]")
"""A lower-case letter that users might type without its accent."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class QuestionWord:
    """A word used in questions: its role (`FILLER`, `COLOUR` ...) and its English equivalents, empty for fillers."""

    kind: str
    english: str


@dataclass(frozen=True)
class Table:
    """The contents of a file, with words normalized as in queries.

    tags: a word -> English names, starting with those it translates best.  questions: a word -> its role.
    folded_tags, folded_questions: the same keyed by words without accents, and with "ae" in place of "ä".
    endings: inflectional endings and their replacements: ("er", "").
    """

    name: str
    tags: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, QuestionWord]
    folded_tags: Mapping[str, tuple[str, ...]]
    folded_questions: Mapping[str, QuestionWord]
    endings: tuple[tuple[str, str], ...]
    compounds: bool
    colours_after: bool


def fold(text: str) -> str:
    """Return a normalized text without accents: "müller" -> "muller", "straße" -> "strasse"."""
    return next(iter(unaccented(text)), text)


def read_table(path: Path) -> Table:
    """Read a file.

    Raises ImsearchError, naming the file and the position in it, when it cannot be read or is not a valid word table.
    """
    import tomllib  # imported here to keep start-up fast where no other language is in use

    try:
        text = without_invisible(path.read_text(encoding="utf-8"))
        return _table(tomllib.loads(text), path)
    except (OSError, ValueError) as error:
        raise ImsearchError(
            f"The table of words {path} cannot be read: {error}. Mend it, or take it out of the setting languages."
        ) from error


def _table(data: Mapping[str, Any], path: Path) -> Table:
    about = _section(data, "language")
    tags: dict[str, list[tuple[int, str]]] = {}
    for name, words in _section(data, "tags").items():
        for rank, word in enumerate(_words(words, f"tags: {name!r}")):
            tags.setdefault(word, []).append((rank, name))
    # Sorting is stable: ties keep the order of the file.
    named = {word: tuple(name for _, name in sorted(found, key=_rank)) for word, found in tags.items()}
    questions = dict(_questions(_section(data, "words")))
    return Table(
        str(about.get("name") or path.stem),
        named,
        questions,
        _folded(named),
        _folded(questions),
        tuple(_endings(_section(data, "forms").get("nouns", []))),
        about.get("compounds") is True,
        about.get("colours_after") is True,
    )


def _rank(found: tuple[int, str]) -> int:
    return found[0]


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = data.get(name, {})
    if not isinstance(section, dict):
        raise ValueError(f"[{name}] must be a section")
    return section


def _words(words: object, place: str) -> list[str]:
    """Return the words of a list, normalized as in queries."""
    tidy = [_tidy(word) for word in words] if isinstance(words, list) else []
    if not isinstance(words, list) or not all(tidy):
        raise ValueError(f"{place} must be a list of words, for example ['Hund', 'Hunde']")
    return tidy


def _tidy(word: object) -> str:
    """Return a word normalized as in queries, or an empty string if it is not a word."""
    return " ".join(word.lower().replace("\u2019", "'").split()) if isinstance(word, str) else ""


def _questions(section: Mapping[str, Any]) -> Iterator[tuple[str, QuestionWord]]:
    """Yield question words and their roles; for a word in two lists the later one wins, so fillers take precedence."""
    for group, kind in reversed(_GROUPS.items()):
        yield from _grouped(section, group, kind)
    for group, kind in reversed(_LISTS.items()):
        for word in _words(section.get(group, []), f"words: {group!r}"):
            yield word, QuestionWord(kind, "" if kind == FILLER else kind)
    yield from _grouped(section, "linking", FILLER)


def _grouped(section: Mapping[str, Any], group: str, kind: str) -> Iterator[tuple[str, QuestionWord]]:
    entries = section.get(group, {})
    if not isinstance(entries, dict):
        raise ValueError(f"words: {group!r} must hold a list of words for each English one")
    for english, words in entries.items():
        for word in _words(words, f"words: {group}: {english!r}"):
            yield word, QuestionWord(kind, english)


def _endings(pairs: object) -> Iterable[tuple[str, str]]:
    right = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair) for pair in pairs
    )
    if not right:
        raise ValueError("forms: 'nouns' must be a list of pairs such as ['er', '']")
    return [(ending, instead) for ending, instead in pairs if ending]  # type: ignore[attr-defined]


def _folded(words: Mapping[str, Value]) -> dict[str, Value]:
    """Index words by their spellings without accents, unless such a spelling is itself a word; the first word wins."""
    found: dict[str, Value] = {}
    for word, value in words.items():
        if _ACCENTED.search(word):
            for spelling in unaccented(word):
                found.setdefault(spelling, value)
    return found
