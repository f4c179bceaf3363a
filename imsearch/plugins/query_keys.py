"""Query keys of plugins: validation, and wrappers that contain their failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from imsearch.keys import And, BadValue, Compare, FileFits, HasTag, Key, Not, Or, Poles, Predicate, Span
from imsearch.keys.predicate import Number, Text
from imsearch.plugins.entries import shown
from imsearch.system.foreign import foreign, is_ctrl_c, reason

_NAME = re.compile("[a-z]{2,30}")
_NUMBERS, _TEXTS = frozenset(get_args(Number)), frozenset(get_args(Text))
_SEVERAL = frozenset(("tags", "sources", "folders"))
_PREDICATES = get_args(Predicate)


def key_problem(key: Key) -> str:
    """Return what is wrong with a key; empty if nothing is."""
    try:
        return next(_problems(key), "")
    except Exception as error:  # noqa: BLE001 - a field of the wrong type
        return reason(error)


def _problems(key: Key) -> Iterator[str]:
    if not isinstance(key.name, str) or not _NAME.fullmatch(key.name):
        yield "its name must be two letters or more, from a to z"
        return
    if not (key.hint and isinstance(key.hint, str)):
        yield "it needs a hint for completions"
    if f"{key.name}:" not in key.example:
        yield f"its example must be a query with {key.name}:"
    for what, name in (*(("facet", each.name) for each in key.facets), *(("order", each.name) for each in key.orders)):
        if name != key.name:
            yield f"its {what} {name!r} must have the name of the key"
    for facet in key.facets:
        of = set(facet.of)
        if not (of and of <= _NUMBERS | _TEXTS) and not (len(of) == 1 and of <= _SEVERAL):
            yield f"its facet is of {', '.join(facet.of) or 'nothing'}, which cannot be counted"
        elif facet.value is None and (len(facet.of) > 1 or facet.of[0] in _NUMBERS):
            yield "its facet needs a function that makes a text from its facts"
    for order in key.orders:
        if not isinstance(order.by, Poles) and order.by not in (*_NUMBERS, "name", "score"):
            yield f"its order is by {order.by!r}, which results cannot be ordered by"


def guarded(key: Key) -> Key:
    """Return the key wrapped so that it raises only `BadValue`, whatever the plugin's functions do."""

    def predicate(value: Any) -> Predicate:
        return _checked(key.name, maker(value))

    def read(text: str) -> Any:
        value = reader(text)
        try:
            hash(value)
        except TypeError:
            kind = type(value).__name__
            raise BadValue(f"{key.name}: its plugin failed: it made a {kind}, which has no hash") from None
        return value

    reader, maker = _refusing(key.name, key.read), _refusing(key.name, key.predicate)
    facets = tuple(facet._replace(value=facet.value and _texts(_lenient(facet.value))) for facet in key.facets)
    told = key.told and _lenient(key.told)
    return replace(
        key,
        read=read,
        predicate=predicate,
        facets=facets,
        told=None if told is None else lambda text: told(text) or f"{key.name}:{text}",
    )


def _checked(name: str, node: object) -> Predicate:
    """Return a predicate that a plugin made, with tests that raise nothing; raises `BadValue` for anything else."""
    if isinstance(node, And | Or):
        return type(node)(tuple(_checked(name, item) for item in node.items))
    if isinstance(node, Not):
        return Not(_checked(name, node.item))
    if isinstance(node, FileFits):
        test = _lenient(node.test)
        return FileFits(lambda path: bool(test(path)))
    if not isinstance(node, _PREDICATES) or (isinstance(node, Compare | HasTag) and not _has_limits(node)):
        raise BadValue(f"{name}: its plugin failed: it made {shown(node)}, which is no predicate")
    predicate: Predicate = node
    return predicate


def _has_limits(node: Compare | HasTag) -> bool:
    """Return True if the limits of a span have the type of its field: moments, or numbers."""
    if node.span is None:
        return isinstance(node, HasTag)
    wanted = datetime if isinstance(node, Compare) and node.field == "taken_at" else int | float
    limits = (node.span.low, node.span.high) if isinstance(node.span, Span) else ("",)
    return all(limit is None or isinstance(limit, wanted) for limit in limits)


def _refusing(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function wrapped so that any exception becomes a mistake in the query."""

    def call(value: Any) -> Any:
        try:
            with foreign():
                return function(value)
        except BadValue:
            raise
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            raise BadValue(f"{name}: its plugin failed: {reason(error)}") from error

    return call


def _lenient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function wrapped so that it returns None in place of any exception."""

    def call(*values: Any) -> Any:
        try:
            with foreign():
                return function(*values)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            return None

    return call


def _texts(function: Callable[..., Any]) -> Callable[..., str | None]:
    """Return the function wrapped so that it returns None in place of anything but a text."""

    def call(*values: Any) -> str | None:
        made = function(*values)
        return made if isinstance(made, str) else None

    return call
