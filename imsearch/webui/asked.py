"""Queries in plain words, for headlines: ``dog shows:"beach" date:2023`` is "dog", showing beach, from 2023.  Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from imsearch.engine.query.conditions import Chance, Condition, Exact, Part
from imsearch.engine.query.grammar import And, By, Like, Node, Not, Or, Required, Word, parse
from imsearch.errors import QueryError
from imsearch.views.wording import MONTHS
from imsearch.webui.linking import source_name
from imsearch.webui.refining import bare, conditions, in_order, joined
from imsearch.webui.texts import readable


class Asked(NamedTuple):
    """A query in plain words: its words as typed, and the conditions worded, such as "from 2023"."""

    words: str
    rest: str

    def __str__(self) -> str:
        """Return both on one line."""
        return ", ".join(part for part in self if part)


def asked(text: str) -> Asked:
    """Return a query in plain words; one that cannot be parsed stays as typed."""
    try:
        if left := conditions(text):
            # Without the order, which the page shows elsewhere.
            told = [joined(*parts(parse(each.text).tree)) for each in left]
            return Asked(in_order(bare(text), ""), readable(", ".join(told)))
        tree = parse(text).tree if text else And(())
    except QueryError:
        return Asked(text, "")
    # A group that contains a condition is worded as a whole.
    return Asked(joined(*parts(tree)) if _has_condition(tree) else in_order(text, ""), "")


def parts(node: Node, unknown: Sequence[str] = ()) -> list[str]:
    """Return the parts of a query in words; unknown: words without a meaning, which are marked."""
    if isinstance(node, And):
        return [part for item in node.items for part in parts(item, unknown)]
    if isinstance(node, Or):
        return [" or ".join(joined(*parts(item, unknown)) for item in node.items)]
    if isinstance(node, Not):
        without = "without" if isinstance(node.item, Word) and not node.item.exact else "not"
        return [f"{without} {joined(*parts(node.item, unknown))}"]
    if isinstance(node, Required):
        return [f"surely {joined(*parts(node.item, unknown))}"]
    if isinstance(node, Word):
        kind = {"prefix": "words with ", "near": "words like "}.get(node.match, "")
        left_out = " (unknown)" if node.typed in unknown else ""
        return [f"{'tagged ' if node.exact else ''}{kind}{node.typed}{left_out}"]
    if isinstance(node, Condition):
        return [_condition(node)]
    if isinstance(node, By):
        return [f"tagged by {source_name(node.source)}"]
    if isinstance(node, Like):
        target = node.target
        return [f"like picture {target}" if target.isdecimal() else f"like {readable(PurePath(target).name)}"]
    return []


def _has_condition(node: Node) -> bool:
    if isinstance(node, Word):
        return node.exact
    if isinstance(node, Not | Required):
        return _has_condition(node.item)
    return any(map(_has_condition, node.items)) if isinstance(node, And | Or) else True


def _condition(node: Condition) -> str:
    value = node.value
    if isinstance(value, Chance):
        return f"tagged {value.tag} {_number(re.split('(?=[<>])', node.text)[-1])}"
    text = value.text if isinstance(value, Exact | Part) else node.text.partition(":")[2].strip('"')
    words = _WORDS.get(node.key)
    return node.text if words is None else words(text)


def _number(text: str, reach: Callable[[str], str] = str) -> str:
    """Word ``>800`` as "over 800"; reach: the preposition for each comparison."""
    first, dots, last = text.partition("..")
    if dots and first and last:
        return f"{reach(first)} to {reach(last)}"
    if dots:
        return f"at least {reach(first)}" if first else f"at most {reach(last)}"
    sign = re.match("[<>]?=?", text)
    found = sign[0] if sign else ""
    words = {">": "over ", ">=": "at least ", "<": "under ", "<=": "at most "}.get(found, "")
    return words + reach(text[len(found) :])


def _date(text: str) -> str:
    first, dots, last = text.partition("..")
    if dots and first and last:
        return f"from {_day(first)} to {_day(last)}"
    if dots:
        return f"since {_day(first)}" if first else f"until {_day(last)}"
    for sign, word in ((">=", "since"), ("<=", "until"), (">", "after"), ("<", "before")):
        if text.startswith(sign):
            return f"{word} {_day(text[len(sign) :])}"
    return f"from {_day(text.removeprefix('='))}"


def _day(text: str) -> str:
    """Word ``2023-05-17`` as "17 May 2023"; a year stays as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", text)
    if found is None:
        return text
    day = f"{int(found[3])} " if found[3] else ""
    return f"{day}{MONTHS[int(found[2]) - 1]} {found[1]}"


def _months(text: str) -> str:
    first, dots, last = text.partition("..")
    return f"from {_month(first)} to {_month(last)}" if dots else f"in {_month(first)}"


def _month(number: str) -> str:
    return MONTHS[int(number) - 1]


def _near(text: str) -> str:
    *place, distance = (part.strip() for part in text.split(","))
    return f"within {distance} km of {', '.join(place)}" if place else f"near {text}"


_HAS = {
    "gps": "with a place",
    "date": "with a date",
    "people": "showing people",
    "tags": "with tags",
    "text": "with a text",
    "keywords": "with keywords",
    "iso": "with an ISO",
}
_IS = {"duplicate": "with a near duplicate", "untagged": "without tags", "panorama": "that are panoramas"}
_WORDS: Mapping[str, Callable[[str], str]] = {
    "shows": lambda text: f"showing {text}",
    "annotator": lambda text: f"tagged by {source_name(text.lower())}",
    "path": lambda text: f"in {text}",
    "name": lambda text: f"named {text}",
    "folder": lambda text: f"in the folder {PurePath(text).name or text}",
    "type": lambda text: f"of type {text.upper()}",
    "date": _date,
    "month": _months,
    "before": lambda text: f"before {_day(text)}",
    "after": lambda text: f"after {_day(text)}",
    "camera": lambda text: f"taken with {text}",
    "lens": lambda text: f"taken through {text}",
    "iso": lambda text: f"at ISO {_number(text)}",
    "width": lambda text: f"{_number(text)} pixels wide",
    "height": lambda text: f"{_number(text)} pixels high",
    "size": lambda text: f"of {_number(text)}",
    "rating": lambda text: f"rated {_number(text)}",
    "orientation": lambda text: f"in {text.lower()} format",
    "near": _near,
    **dict.fromkeys(("place", "city", "region", "country"), lambda text: f"in {text}"),
    "has": lambda text: _HAS.get(text.lower(), f"with a {text.lower()}"),
    "is": lambda text: _IS[text.lower()],
}
"""Condition key -> function that words its value in a headline."""
