"""The tokens of the query language: words, quoted words, conditions, operators and parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

CLOSE, END, UNKNOWN = "CLOSE", "END", "UNKNOWN"
COLON = re.compile("[:\uff1a]")

# `OR`, `AND` and `NOT` are operators in any case: no picture is tagged "or", and people type as they speak.  A quote
# without its partner reaches to the end; "-", "!" and "+" count only in front of something; other punctuation is
# dropped.
# Signs of any width and the dashes that phones make count as the plain ones.
_TOKENS = (
    ("KEYED", r"""(?i:(?:KEYS)[:\uff1a](?:=?"[^"]*[^"\s][^"]*(?:"|$)|[^\s()",;!?][^\s()"]*))"""),
    (
        "TAGGED",
        r"""(?i:tag[:\uff1a](?:"[^"]*[^"\s][^"]*(?:"(?:[<>]=?[^\s()"]*)?|$)|(?:\([^\s()"]*\)|[^\s()"])+))""",
    ),
    ("SPACED", r"""[^\s()"+\-,.;:!?STOPS][^\s()",;:!?STOPS]*[:\uff1a]"[^"]*[^"\s][^"]*(?:"|$)"""),
    ("OR", r"""(?i:or(?![^\s()"]))|(?<!^)[|\uff5c]+(?=\s*[^\s|\uff5c)\uff09])"""),
    ("AND", r"""(?i:and(?![^\s()"]))"""),
    ("NOT", r"""(?i:not(?![^\s()"]))"""),
    ("QUOTED", r""""[^"]*[^"\s][^"]*(?:"|$)"""),
    ("MINUS", r"""[-DASHES](?=[^\s])|(?<![^\s(\uff08])[!\uff01](?=[^\s!?.,;:\uff01])"""),
    ("WORD", r"""[^\s()"+\-,.;:!?|STOPSDASHES](?:[^\s()",;!?|STOPS]*[^\s()",;:.!?|STOPS])?"""),
    (
        "IGNORED",
        r"""^\s*[|\uff5c]+|(?<!^)[|\uff5c]+(?=\s*(?:[)\uff09]|$))|[,.;:!?STOPS]+|[-+DASHES\uff0b]+(?=\s|$)"""
        r"""|"\s*(?:"|$)|\s+""",
    ),
    ("PLUS", r"[+\uff0b](?=[^\s])"),
    ("CLOSE", r"[)\uff09]"),
    ("OPEN", r"[(\uff08]"),
)
"""Kinds of tokens; the first that fits counts."""
_DASHES = r"\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_STOPS = r"\u3001\u3002\uff01\uff08\uff09\uff0b\uff0c\uff0e\uff1a\uff1b\uff1f\uff5c\u2026"


class Token(NamedTuple):
    """A piece of a query: what it is, as it was typed, and where."""

    kind: str
    text: str
    start: int


def tokens(text: str, keys: str) -> Iterator[Token]:
    """Yield the tokens of a query, and one for its end.

    keys: the words before a colon that make a condition, as alternatives of a pattern.
    """
    pattern, place = _pattern(keys), 0
    while place < len(text):
        found = pattern.match(text, place)
        if found is None or found.lastgroup is None:
            yield Token(UNKNOWN, text[place:], place)
            return
        if found.lastgroup != "IGNORED":
            yield Token(found.lastgroup, found[0], place)
        place = found.end()
    yield Token(END, "", place)


@lru_cache(8)
def _pattern(keys: str) -> re.Pattern[str]:
    pattern = "|".join(f"(?P<{kind}>{part})" for kind, part in _TOKENS)
    return re.compile(pattern.replace("KEYS", keys).replace("STOPS", _STOPS).replace("DASHES", _DASHES))
