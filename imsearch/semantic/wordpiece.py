"""Cuts text into the pieces of words that BERT models were trained on (WordPiece, lower case).

https://arxiv.org/abs/1609.08144 describes it; written out here, because it is a page of code and the usual library for
it is a large one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

BEGIN, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_INSIDE = "##"
"""Marks a piece that does not begin a word."""
_LONGEST_WORD = 100
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
"""Blocks in which every character is a word, as BERT's own program names them; later ones are left as they are."""


class WordPieces:
    """The pieces of a model, and their numbers."""

    def __init__(self, pieces: list[str]) -> None:
        """`pieces` in the model's order."""
        self._numbers = {piece: number for number, piece in enumerate(pieces)}

    @classmethod
    def parse(cls, text: str) -> WordPieces:
        """Read a ``vocab.txt``: one piece a line."""
        return cls(text.rstrip("\n").split("\n"))

    def numbers(self, text: str, most: int) -> list[int]:
        """The numbers of a text's pieces between those of begin and end; pieces beyond `most` in all are left out."""
        pieces = [piece for word in _words(text) for piece in self._pieces(word)]
        return [self._numbers[piece] for piece in (BEGIN, *pieces[: most - 2], END)]

    def _pieces(self, word: str) -> list[str]:
        """The longest known beginning, then the longest of what remains; one unknown piece when something remains."""
        pieces: list[str] = []
        start = 0
        while start < len(word):
            mark = _INSIDE if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._numbers), None)
            if end is None or len(word) > _LONGEST_WORD:
                return [UNKNOWN]
            pieces.append(mark + word[start:end])
            start = end
        return pieces


def _words(text: str) -> Iterator[str]:
    """Lower case without accents; punctuation signs and Chinese characters are words of their own."""
    plain = "".join(each for each in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(each) != "Mn")
    spaced = "".join(f" {each} " if _stands_alone(each) else each for each in plain if not _is_control(each))
    yield from spaced.split()


def _is_control(each: str) -> bool:
    """Tell whether a character is dropped: control, format and private ones, and the replacement sign."""
    return each == "\ufffd" or (unicodedata.category(each) in ("Cc", "Cf", "Co") and each not in "\t\n\r")


def _stands_alone(each: str) -> bool:
    # All signs of ASCII count as punctuation, "$" and "^" too, which Unicode calls symbols.
    sign = each.isascii() and not each.isalnum() and each.isprintable() and each != " "
    return sign or unicodedata.category(each).startswith("P") or any(a <= ord(each) <= b for a, b in _CHINESE)
