"""Handle invisible characters in names that people compare by eye.

Pasted text carries them along: zero-width spaces, soft hyphens, byte-order marks, bidirectional controls.  Two names
that look the same must be the same, so such characters are removed wherever they have no effect.  They stay where they
change how the text reads: joiners in Persian and Indic words and in emoji, variation selectors after symbols, the tag
characters of flags.
"""

from __future__ import annotations

import re
import unicodedata

_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\U00016fe4\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's Default_Ignorable_Code_Point, control characters other than white space, and a few more that show nothing.
"""
_SUSPECT = re.compile(f"{_FLAG}|([{_INVISIBLE}])")
_TURN = "\u202a-\u202e\u2066-\u2069"
_TURNING = re.compile(f"[{_TURN}]")
_WRAPPED = re.compile(f"^(?:[\u202a\u202b][^{_TURN}]*\u202c|[\u2066-\u2068][^{_TURN}]*\u2069)$")
"""The bidirectional embedding that phones put around names and numbers on copying."""
_BLANK = str.maketrans("\u2800", " ")  # the empty Braille cell
_ASCII_SUSPECT = re.compile("[\x00-\x08\x0e-\x1b\x7f]")
_JOINERS = "\u200c\u200d"
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1c4f\u1cd0-\u1cff\ua800-\ua8ff\ua900-\uaaff"
    "\uabc0-\uabff\ufb1d-\ufdff\ufe70-\ufefc\U00010a00-\U00010eff\U00011000-\U00011fff\U0001e900-\U0001e95f]"
)
"""Scripts in which a joiner between two letters distinguishes words."""
_JAMO = re.compile("[\u1100-\u115e\u1161-\u11ff]")
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SIGNS = frozenset(("So", "Sm", "Sk", "Po", "Pd"))
_OVER = ("Mn", "Me")
"""Categories of marks that combine with the preceding letter."""
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc", "'''")
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1-\u05c7\u0610-\u061a\u064b-\u065f\u0670\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]"
)
"""Marks that people who type without accents leave out: those of Latin, Greek, Cyrillic, Hebrew and Arabic letters,
and the presentation and skin tone of emoji.  In other scripts marks make different letters.
"""
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
)
_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_UNKNOWN = ("Co", "Cn", "Cf")
"""Categories that `without_invisible` leaves alone: private use, not yet known to Python's Unicode, and format
characters.
"""


def without_invisible(text: str) -> str:
    """Return a text in NFC form without leading marks and without invisible characters that have no effect."""
    if text.isascii():
        return _ASCII_SUSPECT.sub("", text)
    text = text.translate(_BLANK)
    if _SUSPECT.search(text):
        text = _SUSPECT.sub(_kept, text)
    text = unicodedata.normalize("NFC", text)
    return _without_marks_in_front(text) if unicodedata.category(text.lstrip()[:1] or "a") in _OVER else text


def tidy(text: str) -> str:
    """Return a name in the form used for comparison, case aside: `without_invisible`, with single spaces."""
    return " ".join(without_invisible(text).split())


def folded(text: str) -> str:
    """Return a text in the form used to compare words: NFKC, case-folded, without invisible characters.

    Both the index and the queries use it, so that "MÜNCHEN", macOS's decomposed letters and the full-width letters of
    Japanese keyboards are the same words.  Tag names keep their spelling (`tidy`).
    """
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", without_invisible(text)).casefold()
    return unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)


def unaccented(text: str) -> tuple[str, ...]:
    """Return the spellings of a folded text without accents: "müller" -> "muller", "mueller"; empty if it has none."""
    if text.isascii():
        return ()
    spellings = (_without_accents(each) for each in (text, text.translate(_SPELLED_OUT)))
    return tuple(dict.fromkeys(each for each in spellings if each != text))


def _without_accents(text: str) -> str:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)


def is_blank(text: str) -> bool:
    """Return True for a text with no visible character."""
    kinds = {unicodedata.category(letter) for letter in without_invisible(text)}
    return not any(kind[0] in "LNPS" or kind in _UNKNOWN for kind in kinds)


def turns_around(text: str) -> bool:
    """Return True if bidirectional controls reorder the displayed text; a single pair around the whole is harmless."""
    return _TURNING.search(_WRAPPED.sub("", text.strip())) is not None


def breaks_lines(text: str) -> bool:
    """Return True for a text with control characters, line breaks, or undecodable bytes."""
    return any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in text)


def _without_marks_in_front(text: str) -> str:
    letters = iter(range(len(text)))
    start = next((place for place in letters if unicodedata.category(text[place]) not in (*_OVER, "Zs")), len(text))
    return text[start:]


def _kept(found: re.Match[str]) -> str:
    """Return the replacement for an invisible character: itself where it has an effect, else nothing."""
    letter = found[1]
    if letter is None:  # a flag with its tag characters
        return found[0]
    text = found.string
    before, after = _neighbour(text, found.start(), -1), _neighbour(text, found.end() - 1, 1)
    if letter in _JOINERS:
        counts = text[found.start() - 1 : found.start()] not in (*_JOINERS, "") and _joins(letter, before, after)
    elif "\ufe00" <= letter <= "\ufe0f":
        counts = _varies(letter, text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1])
    elif "\U000e0100" <= letter <= "\U000e01ef":
        counts = bool(_IDEOGRAPH.match(before))
    elif letter in "\u115f\u1160":
        counts = bool(_JAMO.match(before) or _JAMO.match(after))
    elif "\u180b" <= letter <= "\u180f":
        counts = "\u1820" <= before <= "\u18aa"
    else:
        counts = False
    return letter if counts else ""


def _neighbour(text: str, place: int, step: int) -> str:
    """Return the nearest visible letter on one side, skipping the modifiers of emoji."""
    place += step
    while 0 <= place < len(text) and (_SUSPECT.fullmatch(text[place]) or "\U0001f3fb" <= text[place] <= "\U0001f3ff"):
        place += step
    return text[place] if 0 <= place < len(text) else ""


def _joins(letter: str, before: str, after: str) -> bool:
    if not before:
        return False
    if unicodedata.combining(before) == 9:  # after a virama both joiners select the form, at the end of a word too
        return True
    if not after:
        return False
    if _JOINING.match(before) and _JOINING.match(after):
        return True
    return letter == "\u200d" and all(unicodedata.category(each) in ("So", "Sk", "Cn") for each in (before, after))


def _varies(letter: str, before: str, after: str) -> bool:
    """Return True if a variation selector changes the look of the symbol before it."""
    if not before:
        return False
    if letter < "\ufe0e":
        return unicodedata.category(before) in _SIGNS or bool(_IDEOGRAPH.match(before))
    if before in "#*0123456789":
        return after == "\u20e3"  # a keycap
    # Wide symbols are displayed as emoji by default; some East Asian ones are wide and are not.
    coloured = unicodedata.east_asian_width(before) == "W" and not "\u3000" <= before <= "\u33ff"
    return coloured == (letter == "\ufe0e") and (before == "\u2139" or unicodedata.category(before) in _SIGNS)
