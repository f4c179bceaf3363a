"""The keys of the query language: each module of this folder is one key, has its name, and needs no registration.

`KEYS` are those that come with imsearch.  They are known by the names of the files, so that a query imports only those
that it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules

from imsearch.keys import Facet, Key, Order

_FIRST = ("tag", "by", "like", "sort")
"""Keys that are not mere conditions are listed first, the others alphabetically."""
_FACETS = ("tag", "emotion", "year", "country", "city", "camera", "type", "annotator", "folder")
_SORTS = (
    *("-date", "date", "-rating", "name", "-size", "size", "score", "rating", "-name", "-score"),
    *("-valence", "valence", "-arousal", "arousal"),
)
"""The most useful facets come first; others follow in the order of the keys."""


class Keys:
    """The keys that a library understands, by name; immutable, and compared by identity.

    shipped: the names of those that come with imsearch, and of their modules.  offered: returns those of plugins, whose
    names differ; called when a query may contain one of them, or all keys are requested.
    """

    def __init__(self, shipped: Mapping[str, str], offered: Callable[[Keys], Iterable[Key]] | None = None) -> None:
        self._modules = shipped
        self._offered = offered

    def beside(self, offered: Callable[[Keys], Iterable[Key]]) -> Keys:
        """Return these keys and those that plugins offer to a library that has them."""
        return Keys(self._modules, offered)

    def among(self, asked: Iterable[tuple[str, str]]) -> Keys:
        """Return these keys, or only those that come with imsearch if none of these words before and after colons means
        another."""
        if self._offered is None or any(self._may_be_other(name.lower(), value.lower()) for name, value in asked):
            return self
        return KEYS

    def _may_be_other(self, name: str, value: str) -> bool:
        return name not in self._modules or (name == "sort" and KEYS.order(value.removeprefix("-")) is None)

    def __getitem__(self, name: str) -> Key:
        module = self._modules.get(name)
        if module is None:
            return self._others[name]
        key: Key = import_module(module).KEY
        return key

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._others

    def __iter__(self) -> Iterator[str]:
        yield from self._modules
        yield from self._others

    @cached_property
    def _others(self) -> Mapping[str, Key]:
        return {} if self._offered is None else {key.name: key for key in self._offered(KEYS)}

    @cached_property
    def facets(self) -> Mapping[str, tuple[Key, Facet]]:
        """Facets by name, in order, each with the key that makes a condition of a value."""
        found = {facet.name: (key, facet) for key in map(self.__getitem__, self) for facet in key.facets}
        return {name: found[name] for name in _in_order(found, _FACETS)}

    @cached_property
    def told_facets(self) -> tuple[Facet, ...]:
        """Facets that are counted in results."""
        return tuple(facet for _, facet in self.facets.values() if facet.title)

    def order(self, name: str) -> Order | None:
        """Return an order by its name; None if there is none."""
        if name in self._modules:  # most belong to the key of the same name
            same = next((order for order in self[name].orders if order.name == name), None)
            if same is not None:
                return same
        return self.orders.get(name)

    @cached_property
    def orders(self) -> Mapping[str, Order]:
        """Orders by name."""
        found = {order.name: order for key in map(self.__getitem__, self) for order in key.orders}
        return {name: found[name] for name in _in_order(found, (each.removeprefix("-") for each in _SORTS))}

    def values(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the fixed values of a key, each with a hint, the likeliest first; empty for a key with free values."""
        return self._sorts if name == "sort" else self[name].values

    @cached_property
    def _sorts(self) -> tuple[tuple[str, str], ...]:
        hints: dict[str, str] = {}
        for order in self.orders.values():
            hints |= {f"-{order.name}": order.down, order.name: order.up}
        return tuple((name, hints[name]) for name in _in_order(hints, _SORTS))

    @property
    def names(self) -> frozenset[str]:
        """Names of keys, facets and orders, which keys of plugins must not use."""
        return frozenset((*self, *self.facets, *self.orders))


def _in_order(names: Iterable[str], first: Iterable[str]) -> list[str]:
    """Return the names sorted, with those in `first` first."""
    wanted = dict.fromkeys(first)
    known = dict.fromkeys(names)
    return [*(name for name in wanted if name in known), *(name for name in known if name not in wanted)]


def _shipped() -> Mapping[str, str]:
    # A module cannot have a keyword of Python as its name: "is" is in is_.py.
    found = {module.name.rstrip("_"): f"{__name__}.{module.name}" for module in iter_modules(__path__)}
    return {name: found[name] for name in _in_order(sorted(found), _FIRST)}


KEYS = Keys(_shipped())
"""Return the keys that come with imsearch."""
