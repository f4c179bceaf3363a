"""Finding images in memory: every image is looked at, one after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.matching import combined, pattern
from imsearch.engine.stores.querying import Pairs
from imsearch.engine.words import place_names, places
from imsearch.keys import BadValue, Facet, predicate
from imsearch.keys.predicate import Number, Predicate, Text
from imsearch.keys.values import Circle, Span
from imsearch.records import USER
from tests.stores.memory_tables import Tables

_FIELDS = (*get_args(Number), *get_args(Text))


def selected(tables: Tables, wanted: Predicate) -> NDArray[np.int64]:
    """The images that a predicate is true of."""
    found = combined(wanted, lambda part: selected(tables, part))
    if found is not None:
        return found
    fits = _test(tables, wanted)
    return np.array([image for image in sorted(tables.images) if fits(image)], np.int64)


def fact(tables: Tables, image: int, field: str) -> Any:
    """A fact of an image; None where it is not known."""
    if field not in _FIELDS:
        raise BadValue(f"asks for a fact {field!r}, which the catalog does not hold.")
    _, size, facts = tables.images[image]
    if field == "bytes":
        return size
    return getattr(facts if field in ("width", "height", "format", "taken_at") else facts.facts, field)


def _test(tables: Tables, wanted: Predicate) -> Callable[[int], bool]:
    def of(field: str, fits: Callable[[Any], bool]) -> Callable[[int], bool]:
        return lambda image: (value := fact(tables, image, field)) is not None and fits(value)

    def on_paths(fits: Callable[[str], bool]) -> Callable[[int], bool]:
        return lambda image: any(fits(str(file.seen.path)) for file in tables.beside(image))

    match wanted:
        case predicate.And(()):
            return lambda image: True
        case predicate.Compare(field, span, None):
            return of(field, lambda value: _within(value, span, 1))
        case predicate.Compare(field, span, str(times)):
            return lambda image: of(field, lambda value: _within(value, span, fact(tables, image, times)))(image)
        case predicate.InMonths(months):
            return of("taken_at", lambda moment: moment.month in months)
        case predicate.OneOf(field, values):
            return of(field, lambda value: value in values)
        case predicate.Known(field):
            return of(field, lambda value: True)
        case predicate.Holds("path", text):
            return on_paths(pattern(text))
        case predicate.Holds("name", text):
            return on_paths(lambda path: pattern(text)(path.rpartition(os.sep)[2]))
        case predicate.Holds(field, text):
            return of(field, pattern(text))
        case predicate.FileFits(test):
            return on_paths(test)
        case predicate.Under(folder, directly):
            return on_paths(lambda path: Path(folder) in (Path(path).parents[:1] if directly else Path(path).parents))
        case predicate.InPlace(fields, text):
            meant = [words for words in place_names.PlaceNames().meant(place_names.folded(text)) if words]
            tests = [of(field, lambda name: any(_names(name, each) for each in meant)) for field in fields]
            return lambda image: any(test(image) for test in tests)
        case predicate.Within(Circle() as circle):
            return lambda image: _inside(circle, fact(tables, image, "latitude"), fact(tables, image, "longitude"))
        case predicate.HasText(source):
            return lambda image: any(source in ("", text.source) for text in tables.images[image].facts.texts)
        case predicate.SaidBy(source):
            return lambda image: bool(shown_by(tables, image, source))
    raise TypeError(f"{wanted!r} is nothing that a catalog knows by itself")


def _within(value: Any, span: Span, times: Any) -> bool:
    if times is None:
        return False
    low, high = (limit if limit is None or times == 1 else limit * times for limit in (span.low, span.high))
    above = low is None or (value > low if span.above else value >= low)
    return above and (high is None or (value < high if span.below else value <= high))


def _names(name: str, words: str) -> bool:
    return place_names.holds(place_names.folded(name), words)


def _inside(circle: Circle, latitude: float | None, longitude: float | None) -> bool:
    known = latitude is not None and longitude is not None
    return known and bool(places.inside(circle, np.array([latitude]), np.array([longitude]))[0])


def shown_by(tables: Tables, image: int, source: str) -> set[str]:
    """The tags that a source, or any of them, shows on an image, by the names they go by."""
    names = tables.spelled()
    verdicts = {tag: verdict for (other, tag), verdict in tables.verdicts.items() if other == image}
    shown: set[str] = set()
    if source in ("", USER):
        shown = {names[tables.named(tag)] for tag, verdict in verdicts.items() if verdict > 0}
    for tag, said in tables.said_of(image):
        against = verdicts.get(tag, 0) < 0 or verdicts.get(tables.named(tag), 0) < 0
        if source in ("", said.source) and said.shown and not against:
            shown.add(said.name)
    return shown


def said_by(tables: Tables, source: str, tags: Iterable[str]) -> Mapping[str, Mapping[int, tuple[float, bool]]]:
    """Return what a source says of tags: image to probability and if shown."""
    found: dict[str, dict[int, tuple[float, bool]]] = {tag: {} for tag in tags}
    for image in tables.images:
        verdicts = {word.tag_id: word for word in tables.words_of(image)}
        if source == USER:
            for word in verdicts.values():
                if word.verdict > 0 and word.name in found:
                    found[word.name][image] = 1.0, True
        for tag, said in tables.said_of(image):
            against = [verdicts[each] for each in (tag, tables.named(tag)) if each in verdicts]
            if said.source == source and said.name in found and all(word.verdict > 0 for word in against):
                other = found[said.name].get(image, (0.0, False))
                found[said.name][image] = max(other[0], said.probability), other[1] or said.shown
    return found


def facet_values(
    tables: Tables, shown: Callable[[int], Iterable[str]], facets: Sequence[Facet], ids: Sequence[int] | None
) -> dict[str, Pairs]:
    """The values that facets count; shown: the tags of an image."""
    live = sorted(tables.live() if ids is None else tables.live().intersection(ids))
    sources = [USER, *sorted({each.name for each in tables.heard().values()})]

    def values(facet: Facet, image: int) -> Iterable[str | None]:
        match facet.of:
            case ("tags",):
                return [tag for tag in shown(image) if tag.startswith(facet.prefix)]
            case ("sources",):
                return [source for source in sources if shown_by(tables, image, source)]
            case ("folders",):
                return [str(file.seen.path.parent) for file in tables.beside(image)]
        facts = [fact(tables, image, field) for field in facet.of]
        if None in facts:
            return ()
        return [facts[0] if facet.value is None else facet.value(*map(_plain, facts))]

    found: dict[str, Pairs] = {}
    for facet in facets:
        pairs = [(image, value) for image in live for value in values(facet, image) if value]
        found[facet.name] = np.array([image for image, _ in pairs], np.int64), [value for _, value in pairs]
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)
