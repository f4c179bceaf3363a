"""Tokenize text: at spaces, punctuation, capitals inside words, digits, and changes of script.

The same for the index and for queries.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from imsearch.languages.letters import folded, without_invisible

LONGEST = 40
"""Maximum letters of a word."""
_ASCII_CHUNK = re.compile(r"[^\W_]+")
_ASCII_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SERIAL = re.compile(r"(?=[a-z]*\d)(?:[0-9a-f]{8,}|(?:[0-9a-z]*\d[a-z]+){2,}\d[0-9a-z]*)", re.IGNORECASE)
"""Hashes and codes: a long hexadecimal number, or alternating digits and letters."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER = range(4, 15)
"""Digits of numbers that users may remember from a file name."""
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Letters of scripts without spaces between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese), and of Korean,
where words are often written together.
"""
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_ZERO_WIDTH = "\u200c\u200d"
_FIRST_SIGN = "\u2190"
"""From here on symbols are pictograms rather than punctuation: arrows, stars, emoji."""


def chunks(text: str) -> list[str]:
    """Return the runs of letters and digits, capitals kept, and each emoji: "goldenGate_2 🎂" -> goldenGate, 2, 🎂."""
    if text.isascii():
        return _ASCII_CHUNK.findall(text)
    found: list[str] = []
    before = ""  # the kind of the previous character
    for letter in unicodedata.normalize("NFKC", without_invisible(text)):
        kind = _kind(letter)
        if (kind and kind == before != "sign") or (before and kind in ("mark", "joiner")):
            found[-1] += letter
            before = "joined" if kind == "joiner" and before == "sign" else before
        elif kind == "sign" and (before == "joined" or (found and before and _belongs(letter, found[-1]))):
            found[-1] += letter
            before = "sign"
        elif kind in ("word", "sign"):
            found.append(letter)
            before = kind
        else:
            before = ""
    return [chunk.rstrip(_ZERO_WIDTH) for chunk in found]


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded: "goldenGate_bridge2" -> golden, gate, bridge.

    Of numbers only years are kept.
    """
    found: list[str] = []
    for chunk in chunks(text):
        if not _SERIAL.fullmatch(chunk):
            found += [folded(word)[:LONGEST] for word in parts(chunk) if _tells(word)]
    return found


def parts(chunk: str) -> list[str]:
    """Return the words in a run of letters, capitals kept: "HTMLPage2" -> HTML, Page, 2."""
    if chunk.isascii():
        return _ASCII_WORD.findall(chunk)
    found = [chunk[:1]]
    for place in range(1, len(chunk)):
        if _begins(chunk, place):
            found.append("")
        found[-1] += chunk[place]
    return found


def names_in(text: str) -> Iterator[str]:
    """Yield searchable parts of a file name besides its words: ``DSC00042``, ``goldenGate``, ``20190105``; folded."""
    for chunk in chunks(text):
        if chunk.isdecimal():
            if len(chunk) in _NUMBER and not _YEAR.fullmatch(chunk):
                yield chunk
        elif len(parts(chunk)) > 1 and not _SERIAL.fullmatch(chunk):
            yield folded(chunk)[:LONGEST]


def is_spaceless(word: str) -> bool:
    """Return True for a word in a script without spaces between words."""
    return not word.isascii() and _SPACELESS.match(word) is not None


def pieces_of(word: str) -> list[str]:
    """Return all letter bigrams of such a word, used to find words inside of it; [] for others."""
    if not is_spaceless(word):
        return []
    return [word[place : place + 2] for place in range(len(word) - 1)]


def ideographs_of(word: str) -> list[str]:
    """Return the letters of a word that may be words by themselves."""
    return _IDEOGRAPH.findall(word) if len(word) > 1 and not word.isascii() else []


def _tells(word: str) -> bool:
    if word.isdecimal():
        return _YEAR.fullmatch(word) is not None
    return len(word) > 1 or not word.isascii()


def _kind(letter: str) -> str:
    """Return "word", "mark", "joiner", "sign", or "" for a separator."""
    if letter in _ZERO_WIDTH:
        return "joiner"
    category = unicodedata.category(letter)
    if category[0] in "LN":
        return "word"
    if category[0] == "M":
        return "mark"
    return "sign" if category in ("So", "Sk", "Cn") and letter >= _FIRST_SIGN else ""


def _belongs(letter: str, chunk: str) -> bool:
    """Return True for a skin tone modifier, and for the second letter of a flag."""
    if "\U0001f3fb" <= letter <= "\U0001f3ff":
        return True
    return len(chunk) == 1 and all("\U0001f1e6" <= each <= "\U0001f1ff" for each in (chunk, letter))


def _begins(chunk: str, place: int) -> bool:
    """Return True where a new word begins inside a run of letters."""
    before, letter, after = chunk[place - 1], chunk[place], chunk[place + 1 : place + 2]
    if unicodedata.category(letter)[0] == "M" or letter in _ZERO_WIDTH or unicodedata.category(letter) in ("So", "Sk"):
        return False
    if before.isdecimal() != letter.isdecimal() or is_spaceless(before) != is_spaceless(letter):
        return True
    return letter.isupper() and (before.islower() or (before.isupper() and after.islower()))
