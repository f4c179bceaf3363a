"""The part of a query being typed: a word, the value of a key, a quoted phrase.  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imsearch.engine.query.escapes import PLAIN_QUOTES
from imsearch.engine.query.keys import KEYS, Keys

_BEFORE = re.compile(r"[^\s()\"]*\Z")
_AFTER = re.compile(r"[^\s()\"]*")
_OPERATOR = re.compile(r"[-+]*")
_SIGN = re.compile(r"(?:>=|<=|>|<|=)?")
_RUN = re.compile(r"(?:(?<![^\s(])[^\s()\"+\-:][^\s()\":]* )+\Z")
_JOINERS = ("or", "and", "not")
_LONGEST_PHRASE = 4


@dataclass(frozen=True, slots=True)
class Place:
    """The item at the cursor: `typed`, its part before the cursor; it extends from `start` to `end` in the text.

    key: the key of the language it is the value of, or empty.  before: the preceding words, which may be the
    beginning of the same tag, the nearest last, each with its start.
    """

    start: int
    end: int
    typed: str
    key: str = ""
    before: tuple[tuple[int, str], ...] = ()


def place_at(text: str, cursor: int, keys: Keys = KEYS) -> Place:
    """Return the item at the cursor; a cursor beyond the text counts as its end."""
    cursor = max(0, min(cursor, len(text)))
    plain = text.translate(PLAIN_QUOTES)
    before = plain[:cursor]
    quote = before.rfind('"') if before.count('"') % 2 else -1
    head_end = cursor if quote < 0 else quote
    start = _start(_BEFORE, before[:head_end])
    start += len(_match(_OPERATOR, before[start:head_end]))
    head, typed = before[start:head_end], before[quote + 1 :] if quote >= 0 else ""
    end = _end(plain, cursor, quote >= 0)
    key, colon, value = head.partition(":")
    if colon and key.lower() in keys:
        start += len(key) + 1
        sign = len(_match(_SIGN, value))
        return Place(start + sign, end, value[sign:] + typed, key.lower())
    words = () if quote >= 0 or colon else _words(before[:start])
    return Place(start, end, head + typed, before=words)


def _end(plain: str, cursor: int, quoted: bool) -> int:
    """Return the end of the item; an unclosed quote ends with the word being typed."""
    closing = plain.find('"', cursor)
    if quoted and closing >= 0 and plain.count('"') % 2 == 0:
        return closing + 1
    return cursor + len(_match(_AFTER, plain[cursor:]))


def _words(before: str) -> tuple[tuple[int, str], ...]:
    """Return the plain words at the end of a text."""
    found = _RUN.search(before)
    if found is None:
        return ()
    words: list[tuple[int, str]] = []
    place = found.start()
    for word in found[0].split(" ")[:-1]:
        words = [] if word.lower() in _JOINERS else [*words, (place, word)]
        place += len(word) + 1
    return tuple(words[1 - _LONGEST_PHRASE :])


def _start(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return len(text) if found is None else found.start()


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return "" if found is None else found[0]
