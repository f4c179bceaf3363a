"""``sort:-date``: the order of the results; the orders are those of all keys, and these."""

from __future__ import annotations

from imsearch.engine.query.special import Orders, Special
from imsearch.engine.query.tree import Sort
from imsearch.keys import BadValue, Order, Poles, did_you_mean


def _sort(text: str, position: int, among: Orders) -> Sort:
    name = text.lower().removeprefix("-")
    if among.order(name) is None:
        names = among.orders
        raise BadValue(
            f"sort: knows {', '.join(names)}; not {name!r}.{did_you_mean(name, names)}", len(text) - len(name)
        )
    return Sort(name, text.startswith("-"), position)


KEY = Special(
    "sort",
    hint="the order of the results",
    example="person sort:-date",
    node=_sort,
    orders=(
        Order("score", "score", up="the likeliest first", down="the least likely first"),
        Order(
            "valence",
            Poles("emotion:negative", "emotion:positive"),
            up="the most unpleasant first",
            down="the most pleasant first",
        ),
        Order(
            "arousal", Poles("emotion:calm", "emotion:exciting"), up="the calmest first", down="the most exciting first"
        ),
    ),
)
