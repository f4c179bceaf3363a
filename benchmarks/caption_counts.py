"""How many of a thing captions say a picture shows: the truth that `benchmarks.counts` judges and learns by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MANY = 3
"""Three and more, a group, several."""
_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z]+)*")
_NUMBERS = {
    **{
        "a": 1,
        "an": 1,
        "one": 1,
        "single": 1,
        "lone": 1,
        "another": 1,
        "two": 2,
        "both": 2,
        "2": 2,
        "three": 3,
        "3": 3,
    },
    **{"four": 4, "4": 4, "five": 5, "six": 6, "seven": 7, "eight": 8},
}
_GROUPS = frozenset(("group", "crowd", "team", "bunch", "crowds", "groups", "several", "many", "band", "line", "row"))
_ENDS = frozenset(("in", "on", "with", "at", "by", "and"))
_BACK = 5
"""So many words before a noun may hold its number."""


@dataclass(frozen=True)
class Thing:
    """What is counted: the tag it has, and the nouns that captions use for one and for several of it."""

    tag: str
    one: frozenset[str]
    several: frozenset[str]


def _nouns(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE = Thing(
    "person",
    _nouns(
        "person man woman boy girl child kid baby toddler adult player guy lady skateboarder surfer snowboarder skier "
        "biker cyclist climber skater rider wrestler cheerleader dancer runner teenager couple gentleman hiker athlete "
        "bicyclist golfer swimmer performer male female infant youth teen worker soldier diver wakeboarder "
        "motorcyclist"
    ),
    _nouns(
        "people persons men women boys girls children kids babies toddlers adults players guys ladies friends hikers "
        "bikers cyclists skiers surfers snowboarders teenagers teens runners dancers wrestlers cheerleaders males "
        "females youths soldiers racers riders climbers performers workers athletes skateboarders motorcyclists "
        "couples"
    ),
)
DOGS = Thing("dog", frozenset(("dog", "puppy")), frozenset(("dogs", "puppies")))


def count_in(caption: str, thing: Thing) -> int | None:
    """Return how many of a thing a caption speaks of, at most `MANY`; None where it says several without a number."""
    words = _WORD.findall(caption.lower())
    total, unclear, last = 0, False, -1
    for place, word in enumerate(words):
        if word in thing.one:
            total += 2 if word == "couple" else 1
        elif word in thing.several:
            number = _number_before(words, place, last)
            total += number
            unclear |= not number
        else:
            continue
        last = place
    if re.search(r"\b(couple|pair) of\b", caption.lower()) and thing.several.intersection(words):
        return min(max(total, 2), MANY)
    return None if unclear and total < MANY else min(total, MANY)


def _number_before(words: Sequence[str], place: int, last: int) -> int:
    """Return the number that stands before a noun, behind the noun before it; 0 where none does."""
    for word in reversed(words[max(last + 1, place - _BACK) : place]):
        if word in _GROUPS:
            return MANY
        if _NUMBERS.get(word, 0) > 1:
            return _NUMBERS[word]
        if word in _ENDS:
            return 0
    return 0


def count_of(captions: Sequence[str], thing: Thing) -> int | None:
    """Return the count that most captions of a picture agree on, two at least; None where they do not agree."""
    said = Counter(count for caption in captions if (count := count_in(caption, thing)) is not None)
    (most, times), *others = said.most_common() or [(0, 0)]
    return most if times >= 2 and not (others and others[0][1] == times) else None
