"""What could stand where somebody is typing a query.  Pure: the text, the cursor and what the library knows in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from imsearch.engine.query.escapes import QUOTES
from imsearch.engine.query.grammar import ALL_KEYS
from imsearch.engine.query.key_values import FIXED, HINTS
from imsearch.engine.query.refining import refinement
from imsearch.engine.search.names import Names
from imsearch.engine.search.place import Place, place_at
from imsearch.engine.words.vocabulary import SEPARATOR

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
    """What could stand in place of the text from `start` to `end`, the likeliest first."""

    start: int
    end: int
    suggestions: tuple[Suggestion, ...]


class Known(Protocol):
    """What the library knows."""

    def names(self, kind: str) -> Names:
        """The values that pictures have: "tag", "year", "month", "camera", "city", "folder" and so on."""

    def namespaces(self) -> Names:
        """The namespaces of tags, and how many tags are in each."""

    def words(self, prefix: str) -> Iterable[tuple[str, tuple[str, ...]]]:
        """Words of the lexicon that begin so and are no tags here, and the tags they find, the best first."""


def complete(text: str, cursor: int, known: Known, limit: int = 8) -> Completion:
    """What could stand at the cursor.

    Tags that begin so come first, by how many pictures show them, then those with a word inside that does.
    """
    place = place_at(text, cursor)
    if place.key:
        return Completion(place.start, place.end, tuple(_values(place, known, limit)))
    start, phrases = _phrases(place, known, limit)
    tags = [_tag(name, known) for name in known.names("tag").starting(place.typed, limit)]
    keys = [*_keys(place.typed, known)] if place.typed else []
    room = max(0, limit - min(len(keys), _FEW_KEYS) - len(phrases))
    kept = text[start : place.start]
    found = [*phrases, *(replace(each, text=kept + each.text) for each in (*tags[:room], *keys))][:limit]
    if len(found) < limit and len(place.typed) >= _SHORTEST_WORD:
        told = {each.label for each in found}
        more = (replace(each, text=kept + each.text) for each in _words(place.typed, known) if each.label not in told)
        found += [each for each, _ in zip(more, range(limit - len(found)), strict=False)]
    return Completion(start, place.end, tuple(found))


def _phrases(place: Place, known: Known, limit: int) -> tuple[int, list[Suggestion]]:
    """Tags of several words whose first ones stand in front of what is typed, and where those begin."""
    for number, (start, _) in enumerate(place.before):
        phrase = " ".join([*(word for _, word in place.before[number:]), place.typed])
        if found := known.names("tag").starting(phrase, limit, inside=False):
            return start, [_tag(name, known) for name in found]
    return place.start, []


def _tag(name: str, known: Known, text: str = "") -> Suggestion:
    return Suggestion(text or tag_text(name), name, "tag", known.names("tag").counts[name])


def tag_text(name: str) -> str:
    """A tag as a word of a query."""
    space, separator, value = name.partition(SEPARATOR)
    if _QUOTE_LIKE.search(name):
        return refinement("tag", name)
    if separator and _BARE.fullmatch(space):
        return f"tag:{_quoted(name)}" if space in ALL_KEYS else f"{space}:{_quoted(value)}"
    return _quoted(name)


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) and text not in _OPERATORS else f'"{text}"'


def _keys(typed: str, known: Known) -> Iterator[Suggestion]:
    """Keys of the language, and namespaces."""
    begun = typed.lower()
    for name in known.namespaces().starting(begun, _FEW_KEYS, inside=False):
        count = known.namespaces().counts[name]
        if name != begun.partition(SEPARATOR)[0] and name not in ALL_KEYS:
            yield Suggestion(f"{name}:", f"{name}:", "key", None, f"{count:,} tag{'s' if count != 1 else ''}")
    yield from (Suggestion(f"{key}:", f"{key}:", "key", None, HINTS[key]) for key in ALL_KEYS if key.startswith(begun))


def _words(typed: str, known: Known) -> Iterator[Suggestion]:
    for word, tags in known.words(typed):
        counts = known.names("tag").counts
        more = ", ..." if len(tags) > 2 else ""
        yield Suggestion(
            _quoted(word), word, "word", counts[tags[0]] if len(tags) == 1 else None, ", ".join(tags[:2]) + more
        )


def _values(place: Place, known: Known, limit: int) -> list[Suggestion]:
    """What could stand behind a key."""
    typed = place.typed
    if place.key in FIXED:
        fixed = [(name, hint) for name, hint in FIXED[place.key] if name.startswith(typed.lower())]
        return [Suggestion(name, name, "value", None, hint) for name, hint in fixed[:limit]]
    if place.key in _KINDS:
        kind, text, told = _KINDS[place.key]
        names = known.names(kind)
        return [Suggestion(text(name), name, told, names.counts[name]) for name in names.starting(typed, limit)]
    if place.key in ("date", "before", "after"):
        return _dates(typed, known, limit)
    return []


def _dates(typed: str, known: Known, limit: int) -> list[Suggestion]:
    """Years, and the months of one that is typed; the newest first."""
    first, dots, last = typed.rpartition("..")
    years, months = known.names("year").counts, known.names("month").counts
    counts = {**years, **(months if len(last) >= len("2023") else {})}
    found = sorted((name for name in counts if name.startswith(last)), key=lambda name: (len(name), name), reverse=True)
    found.sort(key=lambda name: name != last)  # the year itself, then its months
    return [Suggestion(first + dots + name, name, "value", counts[name]) for name in found[:limit]]


def _named(kind: str) -> Callable[[str], str]:
    """The value of the condition that means just this one."""
    return lambda name: refinement(kind, name).partition(":")[2]


def _part(name: str) -> str:
    return name if _BARE.fullmatch(name) else f'"{name}"'


_KINDS: Mapping[str, tuple[str, Callable[[str], str], str]] = {
    "tag": ("tag", _named("tag"), "tag"),
    "shows": ("tag", _named("tag"), "tag"),
    "camera": ("camera", _part, "value"),
    "lens": ("lens", _part, "value"),
    "city": ("city", _part, "value"),
    "region": ("region", _part, "value"),
    "country": ("country", _part, "value"),
    "place": ("city", _part, "value"),
    "near": ("city", _part, "value"),
    "type": ("type", _named("type"), "value"),
    "by": ("annotator", _part, "source"),
    "annotator": ("annotator", _named("annotator"), "source"),
    "folder": ("folder", _named("folder"), "value"),
}
"""Keys whose values pictures have: of which kind, how one is written, and what it is told as."""
