"""``tag:dog``, exactly this tag, and ``tag:dog>0.8``, with such a probability."""

from __future__ import annotations

import re

from imsearch.keys import BadValue, Chance, HasTag, Key, Offer, compared, number

_CHANCE = re.compile(r'("[^"]*"|[^"].*?)(>=|<=|>|<)([^<>=]*)', re.DOTALL)  # in quotes, everything is a name


def chance(text: str) -> Chance | None:
    """Parse ``dog>0.8`` after ``tag:``; None for a bare tag, which is a word, not a condition."""
    found = _CHANCE.fullmatch(text)
    if found is None or not found[1].strip('" '):
        return None
    start = found.start(3)
    typed = found[3].removesuffix("%")
    value = number(typed, start, "tag: compares with a number from 0 to 1, for example tag:dog>0.8")
    value = value / 100 if typed != found[3] else value
    if not 0 <= value <= 1:
        raise BadValue(f"A probability lies between 0 and 1, or 0% and 100%; {found[3]} does not.", start)
    return Chance(" ".join(found[1].strip('"').split()), compared(found[2], value, value))


KEY = Key(
    "tag",
    hint="exactly this tag, or its probability: tag:dog>0.8",
    example="tag:dog>0.8",
    read=chance,
    predicate=lambda value: HasTag(value.tag, value.span),
    offer=Offer("tag", kind="tag", escaped=True),
)
