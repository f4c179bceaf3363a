"""Completions for a query that is being typed.  Pure: takes the text, the cursor and the names of the library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from imsearch.engine.query.escapes import QUOTES
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.refining import refinement
from imsearch.engine.search.names import Names
from imsearch.engine.search.place import Place, place_at
from imsearch.engine.words.vocabulary import SEPARATOR
from imsearch.keys import Offer

_BARE = re.compile(r"[^\W_][\w'&/]*(?:-[\w'&/]+)*")
"""A word that needs no quotes."""
_OPERATORS = ("or", "and", "not")
_QUOTE_LIKE = re.compile(f'["{QUOTES}]')
_FEW_KEYS = 2
"""So many keys are told even when tags would fill the list."""
_SHORTEST_WORD = 2
"""Letters from which words of the lexicon are looked up: a single one begins thousands."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that could stand there.

    text: what takes the place of what was typed.  kind: "tag", "word" (of the lexicon), "key", "value" or "source".
    images: on how many pictures it is, where that is known.  hint: a few words more.
    """

    text: str
    label: str
    kind: str
    images: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Suggestions to replace the text from `start` to `end`, the likeliest first."""

    start: int
    end: int
    suggestions: tuple[Suggestion, ...]


class Known(Protocol):
    """The names of a library."""

    def names(self, kind: str) -> Names:
        """The values that pictures have: "tag", "year", "month", "camera", "city", "folder" and so on."""

    def namespaces(self) -> Names:
        """The namespaces of tags, and how many tags are in each."""

    def words(self, prefix: str) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Words of the lexicon that begin so and are no tags here, and the tags they find, the best first."""


def complete(text: str, cursor: int, known: Known, limit: int = 8, keys: Keys = KEYS) -> Completion:
    """Return the completions at the cursor.  keys: those of the query language.

    Tags that begin so come first, by how many pictures show them, then those with a word inside that does.
    """
    place = place_at(text, cursor, keys)
    if place.key:
        return Completion(place.start, place.end, tuple(_values(place, known, limit, keys)))
    start, phrases = _phrases(place, known, limit, keys)
    tags = [_tag(name, known, keys) for name in known.names("tag").starting(place.typed, limit)]
    begun = [*_keys(place.typed, known, keys)] if place.typed else []
    room = max(0, limit - min(len(begun), _FEW_KEYS) - len(phrases))
    kept = text[start : place.start]
    found = [*phrases, *(replace(each, text=kept + each.text) for each in (*tags[:room], *begun))][:limit]
    if len(found) < limit and len(place.typed) >= _SHORTEST_WORD:
        told = {each.label for each in found}
        more = (replace(each, text=kept + each.text) for each in _words(place.typed, known) if each.label not in told)
        found += [each for each, _ in zip(more, range(limit - len(found)), strict=False)]
    return Completion(start, place.end, tuple(found))


def _phrases(place: Place, known: Known, limit: int, keys: Keys) -> tuple[int, list[Suggestion]]:
    """Tags of several words whose first ones stand in front of what is typed, and where those begin."""
    for number, (start, _) in enumerate(place.before):
        phrase = " ".join([*(word for _, word in place.before[number:]), place.typed])
        if found := known.names("tag").starting(phrase, limit, inside=False):
            return start, [_tag(name, known, keys) for name in found]
    return place.start, []


def _tag(name: str, known: Known, keys: Keys) -> Suggestion:
    return Suggestion(tag_text(name, keys), name, "tag", known.names("tag").counts[name])


def tag_text(name: str, keys: Keys = KEYS) -> str:
    """A tag as a word of a query."""
    space, separator, value = name.partition(SEPARATOR)
    if _QUOTE_LIKE.search(name):
        return refinement("tag", name)
    if separator and _BARE.fullmatch(space):
        return f"tag:{_quoted(name)}" if space in keys else f"{space}:{_quoted(value)}"
    return _quoted(name)


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) and text not in _OPERATORS else f'"{text}"'


def _keys(typed: str, known: Known, keys: Keys) -> Iterator[Suggestion]:
    """Keys of the language, and namespaces."""
    begun = typed.lower()
    for name in known.namespaces().starting(begun, _FEW_KEYS, inside=False):
        count = known.namespaces().counts[name]
        if name != begun.partition(SEPARATOR)[0] and name not in keys:
            yield Suggestion(f"{name}:", f"{name}:", "key", None, f"{count:,} tag{'s' if count != 1 else ''}")
    yield from (Suggestion(f"{key}:", f"{key}:", "key", None, keys[key].hint) for key in keys if key.startswith(begun))


def _words(typed: str, known: Known) -> Iterator[Suggestion]:
    for word, tags in known.words(typed):
        counts = known.names("tag").counts
        more = ", ..." if len(tags) > 2 else ""
        yield Suggestion(
            _quoted(word), word, "word", counts[tags[0]] if len(tags) == 1 else None, ", ".join(tags[:2]) + more
        )


def _values(place: Place, known: Known, limit: int, keys: Keys) -> list[Suggestion]:
    """Return suggestions for the value behind a key."""
    typed, key = place.typed, keys[place.key]
    if values := keys.values(place.key):
        fixed = [(name, hint) for name, hint in values if name.startswith(typed.lower())]
        return [Suggestion(name, name, "value", None, hint) for name, hint in fixed[:limit]]
    offer = key.offer
    if offer is None:
        return []
    if offer.finer:
        return _finer(offer, typed, known, limit)
    names = known.names(offer.facet)
    found = names.starting(typed, limit)
    return [Suggestion(_written(name, offer, keys), name, offer.kind, names.counts[name]) for name in found]


def _written(name: str, offer: Offer, keys: Keys) -> str:
    """A value as it stands behind its key."""
    if offer.escaped:
        return refinement(offer.facet, name, keys).partition(":")[2]
    return name if _BARE.fullmatch(name) else f'"{name}"'


def _finer(offer: Offer, typed: str, known: Known, limit: int) -> list[Suggestion]:
    """Years, and the months of one that is typed; the newest first."""
    first, dots, last = typed.rpartition("..")
    coarse, fine = known.names(offer.facet).counts, known.names(offer.finer).counts
    begun = any(last.startswith(name) for name in coarse)
    counts = {**coarse, **(fine if begun else {})}
    found = sorted((name for name in counts if name.startswith(last)), key=lambda name: (len(name), name), reverse=True)
    found.sort(key=lambda name: name != last)  # the year itself, then its months
    return [Suggestion(first + dots + name, name, offer.kind, counts[name]) for name in found[:limit]]
