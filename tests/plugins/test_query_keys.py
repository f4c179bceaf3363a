"""Query keys of plugins: understood, completed, counted and sorted as our own are; refused or harmless when broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query import keys as room
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS, Keys
from imsearch.engine.query.refining import refinement
from imsearch.engine.query.tree import Condition, Node
from imsearch.engine.search.options import SearchOptions
from imsearch.errors import QueryError
from imsearch.keys import (
    And,
    BadValue,
    Compare,
    Facet,
    FileFits,
    Key,
    Known,
    Not,
    OneOf,
    Or,
    Order,
    Predicate,
    SaidBy,
    Span,
    numbers,
)
from imsearch.library import Library
from imsearch.plugins.manager import PluginManager, make_manager
from imsearch.plugins.query_keys import guarded, key_problem
from imsearch.settings import Settings
from imsearch.webui.asked import asked
from imsearch.webui.headlines import facet_groups
from imsearch.webui.refining import conditions
from tests.engine.support import LEXICON, reading, set_facts, spec
from tests.make_plugins import Plugins

F_NUMBER = Key(
    "aperture",
    hint="the f-number: aperture:<2.8",
    example="aperture:<2.8",
    read=numbers("aperture", "aperture:<2.8"),
    predicate=lambda span: Compare("aperture", span),
    told=lambda text: f"at f/{text}",
    facets=(Facet("aperture", ("aperture",), lambda number: f"{number:g}", title="Aperture", glyph="camera"),),
    orders=(Order("aperture", "aperture", up="the widest open first", down="the least open first"),),
)


@pytest.fixture
def keys() -> Keys:
    return KEYS.beside(lambda own: [guarded(F_NUMBER)])


@pytest.fixture
def library(tmp_path: Path, keys: Keys) -> Iterator[Engine]:
    """1, 2 and 3 with f-numbers 2, 8 and none; 1 and 3 show a cat."""
    with Engine.open(tmp_path / "library", LEXICON, create=True, options=SearchOptions(keys=keys)) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}), reading(2, {"dog": 0.8}), reading(3, {"cat": 0.7})])
        for image, number in ((1, 2.0), (2, 8.0)):
            set_facts(engine, image, aperture=number)
        engine.catch_up()
        yield engine


def found(engine: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in engine.finder.search(text).hits]


def test_a_key_of_a_plugin_is_a_condition_a_facet_and_an_order(library: Engine) -> None:
    assert found(library, "aperture:<2.8") == [1]
    assert found(library, "-aperture:<2.8 sort:aperture") == [2, 3]
    assert found(library, "cat aperture:>0") == [1]
    assert found(library, "sort:-aperture") == [2, 1, 3]
    assert library.finder.search("sort:date", facets=True).facets["aperture"] == (("2", 1), ("8", 1))
    assert library.finder.search("apertur:2").suggestions == {"apertur:2": ("aperture:2",)}
    with pytest.raises(QueryError, match="is no number") as raised:
        library.finder.search("cat aperture:wide")
    assert raised.value.position == 13


def test_it_is_completed(library: Engine) -> None:
    (key,) = library.finder.completer.complete("apert", 5, 8).suggestions
    assert (key.text, key.hint) == ("aperture:", "the f-number: aperture:<2.8")
    assert "-aperture" in [each.text for each in library.finder.completer.complete("sort:-ap", 8, 8).suggestions]


def test_the_pages_tell_it(keys: Keys) -> None:
    assert asked("cat aperture:2", keys) == ("cat", "at f/2")
    assert asked("cat aperture:2") == ("cat aperture:2", "")  # a namespace to a library without the plugin
    assert [each.text for each in conditions("cat aperture:2", keys)] == ["aperture:2"]
    (group,) = facet_groups("cat aperture:2", {"aperture": (("2", 1), ("8", 1))}, 5, keys)
    assert (group.title, group.glyph) == ("Aperture", "camera")
    assert [(each.label, each.query, each.on) for each in group.values] == [
        ("2", "cat", True),
        ("8", "cat aperture:2 aperture:8", False),
    ]
    assert refinement("aperture", "2", keys) == "aperture:2"


def test_plugins_are_asked_only_where_a_query_may_mean_one() -> None:
    times: list[Keys] = []

    def offered(own: Keys) -> list[Key]:
        times.append(own)
        return [F_NUMBER]

    keys = KEYS.beside(offered)
    for text in ("cat", "cat date:2023 ISO:>800", '"a b" sort:-date', "tag:dog>0.5", "like:3 by:user"):
        parse(text, keys)
    assert not times
    tree = parse("cat APERTURE:2", keys).tree
    assert tree == parse("cat aperture:2", keys).tree != parse("cat aperture:2").tree
    assert parse("sort:-aperture", keys).sort is not None
    assert times == [KEYS]


def test_every_file_of_the_room_is_a_key_of_its_name() -> None:
    names = [module.name for module in iter_modules(room.__path__)]
    assert {import_module(f"{room.__name__}.{name}").KEY.name for name in names} == {name.rstrip("_") for name in names}
    assert len(KEYS.names) >= len(list(KEYS)) == len(names)


@pytest.mark.parametrize("name", list(KEYS))
def test_every_example_is_understood(name: str) -> None:
    def keys_of(node: Node) -> set[str]:
        items = getattr(node, "items", None) or ([node.item] if hasattr(node, "item") else [])
        own = {node.key} if isinstance(node, Condition) else {type(node).__name__.lower()}
        return own.union(*map(keys_of, items))

    query = parse(KEYS[name].example)
    assert name in keys_of(query.tree) or (name == "sort" and query.sort is not None)


SOURCE = """
from imsearch import Key, hookimpl
from imsearch.keys import Known

@hookimpl
def imsearch_query_keys():
    return [{keys}]
"""
KEY = "Key({name!r}, hint='x', example='{name}:1', read=str, predicate=lambda value: Known('iso'))"


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    return Plugins(tmp_path / "plugins", monkeypatch)


def told(manager: PluginManager) -> dict[str, str]:
    return {plugin.name: plugin.error or "" for plugin in manager.plugins()}


def test_a_name_in_use_is_refused(plugins: Plugins) -> None:
    plugins.add("first", SOURCE.format(keys=", ".join(KEY.format(name=name) for name in ("wide", "iso", "valence"))))
    plugins.add("second", SOURCE.format(keys=", ".join(KEY.format(name=name) for name in ("wide", "tall"))))
    plugins.add("third", SOURCE.format(keys="'wide'"))
    manager = make_manager()
    assert [key.name for key in manager.query_keys(KEYS.names)] == ["tall", "wide"]
    errors = told(manager)
    assert "its query key 'iso' was left out: imsearch itself uses that name already" in errors["first"]
    assert "its query key 'valence' was left out" in errors["first"]
    assert "its query key 'wide' was left out: first (package imsearch-first 1.0)" in errors["second"]
    assert errors["third"] == "imsearch_query_keys must return a list of Key, not ['wide']"
    assert "works only in part" in manager.problems()[0]


def test_a_library_understands_the_keys_of_its_plugins(plugins: Plugins, tmp_path: Path) -> None:
    plugins.add("good", SOURCE.format(keys=KEY.format(name="wide")))
    settings = replace(Settings(), library=tmp_path / "library")
    with Library.open(settings=settings, create=True, plugins=make_manager()) as library:
        assert "wide" in library.search.keys
        assert library.search.query("wide:1").unknown == ()
        assert [each.text for each in library.search.complete("wide", 4).suggestions] == ["wide:"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": "Wide"}, "two letters or more"),
        ({"name": "a|b"}, "two letters or more"),
        ({"hint": ""}, "needs a hint"),
        ({"example": "iso:1"}, "a query with aperture:"),
        ({"example": None}, "TypeError"),
        ({"facets": (Facet("other", ("aperture",), str),)}, "facet 'other' must have the name of the key"),
        ({"facets": (Facet("aperture", ("shutter",)),)}, "of shutter, which cannot be counted"),  # type: ignore[arg-type]
        ({"facets": (Facet("aperture", ()),)}, "of nothing"),
        ({"facets": (Facet("aperture", ("aperture",)),)}, "makes a text"),
        ({"orders": (Order("date", "aperture", up="", down=""),)}, "order 'date' must have the name of the key"),
        ({"orders": (Order("aperture", "shutter", up="", down=""),)}, "by 'shutter'"),  # type: ignore[arg-type]
    ],
)
def test_what_is_wrong_with_a_key_is_told(change: dict[str, Any], problem: str) -> None:
    assert key_problem(F_NUMBER) == ""
    assert problem in key_problem(replace(F_NUMBER, **change))


def _raise(*values: object) -> Any:
    raise ZeroDivisionError("by hand")


def test_a_key_that_fails_harms_nothing_else(tmp_path: Path) -> None:
    broken = [
        replace(F_NUMBER, name="one", read=_raise, facets=(Facet("one", ("iso",), _raise, title="One"),)),
        replace(F_NUMBER, name="two", predicate=_raise, facets=(), orders=()),
        replace(F_NUMBER, name="three", predicate=lambda value: "iso", facets=(), orders=()),  # type: ignore[arg-type, return-value]
        replace(F_NUMBER, name="four", read=lambda text: [text], facets=(), orders=()),
        replace(F_NUMBER, name="five", predicate=lambda value: FileFits(_raise), facets=(), orders=(), told=_raise),
        replace(F_NUMBER, name="seven", predicate=lambda value: Compare("iso", 5), facets=(), orders=()),  # type: ignore[arg-type]
        replace(F_NUMBER, name="eight", predicate=lambda value: Compare("taken_at", Span(5)), facets=(), orders=()),
        replace(F_NUMBER, name="six", predicate=lambda value: Known("shutter"), facets=(), orders=()),  # type: ignore[arg-type]
    ]
    keys = KEYS.beside(lambda own: map(guarded, broken))
    with Engine.open(tmp_path / "library", LEXICON, create=True, options=SearchOptions(keys=keys)) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9})])
        set_facts(engine, 1, iso=100)
        engine.catch_up()
        assert "one" not in engine.finder.search("cat", facets=True).facets
        assert found(engine, "cat -five:1") == [1]
        assert asked("cat five:1", keys) == ("cat", "five:1")
        for text, problem in (
            ("one:1", "one: its plugin failed: ZeroDivisionError: by hand"),
            ("two:1", "two: its plugin failed: ZeroDivisionError: by hand"),
            ("three:1", "three: its plugin failed: it made 'iso', which is no predicate"),
            ("seven:1", "seven: its plugin failed: it made Compare"),
            ("eight:1", "eight: its plugin failed: it made Compare"),
            ("four:1", "four: its plugin failed: it made a list, which has no hash"),
            ("six:1", "six: asks for a fact 'shutter', which the catalog does not hold"),
        ):
            with pytest.raises(QueryError, match=problem) as raised:
                engine.finder.search(f"cat {text}")
            assert raised.value.position == text.index(":") + 5


EVERY = And(())


@pytest.mark.parametrize(
    ("predicate", "ids"),
    [
        (EVERY, [1, 2, 3]),
        (Or(()), []),
        (Not(EVERY), []),
        (Not(Compare("aperture", Span(low=4))), [1, 3]),  # what is not known is not so
        (And((Known("aperture"), SaidBy())), [1, 2]),
        (And((Known("aperture"), FileFits(lambda path: path.endswith(("1.jpg", "3.jpg"))))), [1]),
        (Or((Compare("aperture", Span(8, 8)), FileFits(lambda path: path.endswith("3.jpg")))), [2, 3]),
        (Not(FileFits(lambda path: path.endswith("3.jpg"))), [1, 2]),
        (OneOf("format", ("JPEG", "PNG")), [1, 2, 3]),
        (OneOf("aperture", (2, 8)), [1, 2]),
        (Compare("width", Span(low=1, above=True), times="height"), [1]),
    ],
)
def test_predicates_are_put_together(tmp_path: Path, predicate: Predicate, ids: list[int]) -> None:
    made: Callable[[object], Predicate] = lambda value: predicate  # noqa: E731
    keys = KEYS.beside(lambda own: [guarded(replace(F_NUMBER, name="any", read=str, predicate=made))])
    with Engine.open(tmp_path / "library", LEXICON, create=True, options=SearchOptions(keys=keys)) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(number, {"cat": 0.9}) for number in (1, 2, 3)])
        for image, number in ((1, 2.0), (2, 8.0)):
            set_facts(engine, image, aperture=number)
        for image, width in ((1, 300), (2, 200), (3, 100)):
            set_facts(engine, image, width=width, height=200)
        engine.catch_up()
        assert sorted(found(engine, "any:x")) == ids


def test_a_mistake_behind_a_key_of_a_plugin_is_told_where_it_is(keys: Keys) -> None:
    def refuse(text: str) -> Any:
        raise BadValue("no", 2)

    own = KEYS.beside(lambda own: [guarded(replace(F_NUMBER, read=refuse))])
    with pytest.raises(QueryError, match=r"^no$") as raised:
        parse("cat aperture:wide", own)
    assert raised.value.position == len("cat aperture:") + 2
