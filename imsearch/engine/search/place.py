"""What is being typed at a place in a query: a word, the value behind a key, something in quotes.  Pure."""

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
    """What stands at the cursor: `typed`, the part before it, which goes from `start` to `end` in the text.

    key: the key of the language it is the value of, or empty.  before: the words in front of it that may be the
    beginning of the same tag, the nearest last, each with where it starts.
    """

    start: int
    end: int
    typed: str
    key: str = ""
    before: tuple[tuple[int, str], ...] = ()


def place_at(text: str, cursor: int, keys: Keys = KEYS) -> Place:
    """What is typed at the cursor; a cursor beyond the text counts as its end.  keys: those of the language."""
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
    """Where that ends; a quote without its partner is taken to end with the word that is typed in it."""
    closing = plain.find('"', cursor)
    if quoted and closing >= 0 and plain.count('"') % 2 == 0:
        return closing + 1
    return cursor + len(_match(_AFTER, plain[cursor:]))


def _words(before: str) -> tuple[tuple[int, str], ...]:
    """The plain words that a text ends with."""
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
