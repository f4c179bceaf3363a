"""Colours of things in queries: "red cars", "gray dog" and "cars that are red" as tags such as ``red car``.

Applies only to tags in the library: without one, the words are looked up one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

_SPELLED = {
    **{name: name for name in ("black", "white", "grey", "red", "orange", "yellow", "green", "blue")},
    **{name: name for name in ("purple", "pink", "brown")},
    **{"gray": "grey", "silver": "grey", "violet": "purple", "scarlet": "red", "crimson": "red"},
    **{"golden": "yellow", "beige": "brown", "tan": "brown"},
}
"""Query word -> colour in tag names."""
_LINKS = frozenset(("that", "which", "who", "is", "are", "was", "were"))
"""Words allowed between a thing and its colour: "cars that are red"."""
_LONGEST_THING = 3
_FARTHEST = 2 * _LONGEST_THING + 2

Senses = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Coloured:
    """The tags named by some leading words, and the number of these words."""

    tags: tuple[str, ...]
    length: int


def is_coloured(tag: str, canonical: Callable[[str], str | None]) -> bool:
    """Return True for a tag that names a known thing and its colour; canonical: returns the name of a known word."""
    colour, _, thing = tag.partition(" ")
    return bool(thing) and colour in _SPELLED.values() and canonical(thing) is not None


def find_coloured(texts: Iterator[str | None], tagged: Callable[[str], bool], senses: Senses) -> Coloured | None:
    """Return the tags of a thing and its colours that the first words name; None if there are none.

    texts: normalized words, None for an item that ends them.  tagged: returns True for a tag in the library.  senses:
    returns the tags that a word, in any form, stands for.
    """
    words = [text for text, _ in zip(takewhile(lambda text: text is not None, texts), range(_FARTHEST), strict=False)]
    known = [word for word in words if word is not None]
    colours = [_SPELLED[word] for word in takewhile(_SPELLED.__contains__, known)]
    if colours:
        return _first(known, len(colours), 0, colours, tagged, senses)
    start = next((place for place, word in enumerate(known) if word in _LINKS), 0)
    links = len(list(takewhile(_LINKS.__contains__, known[start:])))
    said = _SPELLED.get(known[start + links]) if start and start + links < len(known) else None
    return _first(known[:start], 0, links + 1, [said], tagged, senses) if said and start <= _LONGEST_THING else None


def _first(
    words: Sequence[str], start: int, behind: int, colours: list[str], tagged: Callable[[str], bool], senses: Senses
) -> Coloured | None:
    """Return the longest match for the thing from `start` on, or for all of `words` if its colour follows it."""
    rest = words[start : start + _LONGEST_THING]
    for length in (len(rest),) if behind else range(len(rest), 0, -1):
        for thing in senses(" ".join(rest[:length])):
            tags = tuple(dict.fromkeys(tag for colour in colours if tagged(tag := f"{colour} {thing}")))
            if tags:
                return Coloured(tags, start + length + behind)
    return None


def is_colour(word: str) -> bool:
    """Return True for a colour word."""
    return word in _SPELLED
