"""A query of several parts that lists nothing is asked again with less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.tree import And, By, Less, Number, Or, Word
from imsearch.engine.search.relaxing import Part, parts_of, relax, typed
from tests.engine.support import reading, set_facts


@pytest.fixture
def album(engine: Engine) -> Engine:
    """Cats on 1 and 2, a dog on 3, a car on 4, a red car nowhere; 3 was taken in 2023, 4 with a Canon in 2024."""
    engine.record(
        [
            reading(1, {"cat": 0.9}),
            reading(2, {"cat": 0.8}),
            reading(3, {"dog": 0.9}),
            reading(4, {"car": 0.9, "traffic light": 0.01}),
        ]
    )
    engine.catch_up()
    set_facts(engine, 3, taken_at=datetime(2023, 5, 17))
    set_facts(engine, 4, taken_at=datetime(2024, 2, 3), camera="Canon EOS R6")
    return engine


def found(engine: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in engine.finder.search(text).hits]


def relaxed(engine: Engine, text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What was asked, and what of it was left out."""
    told = engine.finder.search(text).relaxed
    return None if told is None else (told.asked, told.left_out)


def test_what_finds_something_is_not_touched(album: Engine) -> None:
    assert relaxed(album, "cat") is None
    assert relaxed(album, "cat OR unicorn") is None
    results = album.finder.search("cat unicorn")  # nobody knows the word: left out as ever
    assert (results.relaxed, results.unknown, results.relevant) == (None, ("unicorn",), 2)


def test_the_word_that_finds_least_is_left_out(album: Engine) -> None:
    results = album.finder.search("dog cat")
    assert relaxed(album, "dog cat") == (("dog", "cat"), ("dog",))
    assert results.relaxed is not None and results.relaxed.kept == ("cat",)
    assert [hit.image.id for hit in results.hits] == [1, 2]
    assert (results.query, results.total, results.relevant) == ("dog cat", 2, 2)
    assert set(results.hits[0].why) == {"cat"}


def test_words_are_left_out_until_something_is_left(album: Engine) -> None:
    asked = ("dog", '"traffic light"', "cat")
    assert relaxed(album, 'dog "traffic light" cat') == (asked, asked[:2])
    assert found(album, 'dog "traffic light" cat') == [1, 2]


def test_what_finds_nothing_by_itself_goes_first(album: Engine) -> None:
    assert relaxed(album, "+unicorn cat") == (("+unicorn", "cat"), ("+unicorn",))
    assert relaxed(album, "traffic light dog") == (('"traffic light"', "dog"), ('"traffic light"',))


@pytest.mark.parametrize(
    ("text", "left_out", "finds"),
    [
        ("cat date:2023", ("date:2023",), [1, 2]),
        ("dog date:2024", ("date:2024",), [3]),
        ("dog date:2023 camera:canon", ("camera:canon",), [3]),
        ("date:2023 camera:canon", ("camera:canon",), [3]),
        ("cat date:1999", ("date:1999",), [1, 2]),
        ("cat december 1999", ("december 1999",), [1, 2]),
        ('"traffic light" date:2024', ('"traffic light"',), [4]),
    ],
)
def test_conditions_are_left_out_where_the_words_find_something(
    album: Engine, text: str, left_out: tuple[str, ...], finds: list[int]
) -> None:
    results = album.finder.search(text)
    assert results.relaxed is not None
    assert (results.relaxed.left_out, [hit.image.id for hit in results.hits]) == (left_out, finds)
    assert results.relaxed.conditions == tuple(part for part in results.relaxed.asked if ":" in part or " 1999" in part)


def test_exclusions_go_last(album: Engine) -> None:
    assert relaxed(album, "cat -cat") == (("cat", "-cat"), ("-cat",))
    assert relaxed(album, "dog cat -car") == (("dog", "cat", "-car"), ("dog",))
    assert found(album, "+unicorn -cat") == []  # what is left would be anything


def test_where_nothing_is_left_nothing_is_said(album: Engine) -> None:
    results = album.finder.search("+unicorn +griffin")
    assert (results.relaxed, results.hits) == (None, ())
    assert relaxed(album, '"traffic light"') is None


def test_a_source_stays_beside_what_is_left(album: Engine) -> None:
    album.correct(1, "garden", 1)
    results = album.finder.search("garden dog by:user")
    assert results.relaxed is not None and results.relaxed.left_out == ("dog",)
    assert found(album, "dog by:user") == []


def test_everything_that_follows_goes_by_what_is_left(album: Engine) -> None:
    assert album.finder.search_ids("dog cat") == [1, 2]
    assert album.finder.neighbours("dog cat", 2) == (1, None, 2, 2)
    assert [hit.image.id for hit in album.finder.search("dog cat", limit=1, offset=1).hits] == [2]
    facets = album.finder.search("dog cat", facets=True, limit=0).facets
    assert facets["tag"] == (("cat", 2),)


def test_everything_is_all_that_may_fit_the_whole_query(album: Engine) -> None:
    results = album.finder.search("dog cat")
    assert results.relaxed is not None
    assert (results.relaxed.unlikely, results.less_likely) == (3, 3)
    whole = album.finder.search("dog cat", everything=True)
    assert (whole.relaxed, whole.relevant, whole.total) == (None, 0, 3)
    assert album.finder.search_ids("dog cat", everything=True) == [1, 3, 2]
    assert album.finder.neighbours("dog cat", 3, everything=True).total == 3


def test_where_nothing_may_fit_everything_is_that_of_what_is_left(album: Engine) -> None:
    album.record([reading(5, {"cat": 0.1})])
    album.catch_up()
    results = album.finder.search("cat date:1999")
    assert results.relaxed is not None
    assert (results.relevant, results.relaxed.unlikely, results.less_likely) == (2, 0, 1)
    assert album.finder.search_ids("cat date:1999", everything=True) == [1, 2, 5]


def test_the_order_asked_for_stays(album: Engine) -> None:
    assert found(album, "dog cat sort:-score") == [2, 1]


def test_a_least_score_decides_too(album: Engine) -> None:
    assert album.finder.search("dog cat", min_score=0.85).relevant == 1
    assert album.finder.search("dog cat", min_score=0.0).relaxed is None
    assert album.finder.search("cat", min_score=0.95).hits == ()


def test_what_was_left_out_is_found_when_the_library_has_it(album: Engine) -> None:
    assert relaxed(album, "dog cat") is not None
    album.correct(1, "dog", 1)
    assert relaxed(album, "dog cat") is None
    assert found(album, "dog cat") == [1]


def counting(finds: dict[str, int]) -> tuple[list[Part], list[str], Callable[[Sequence[Part]], int]]:
    """Parts by their texts, and what some of them find together, 0 by default."""
    parts, _ = parts_of(And(tuple(parse(text).tree for text in finds if " " not in text)), list)
    asked: list[str] = []

    def count(some: Sequence[Part]) -> int:
        asked.append(" ".join(part.text for part in some))
        return finds.get(asked[-1], 0)

    return parts, asked, count


def test_the_last_of_equals_goes() -> None:
    parts, _, count = counting({"cat": 2, "dog": 2, "car": 5})
    assert [part.text for part in relax(parts, count) or ()] == ["car"]
    parts, _, count = counting({"cat": 2, "dog": 2, "cat dog": 0})
    assert [part.text for part in relax(parts, count) or ()] == ["cat"]


def test_conditions_stay_where_the_words_are_to_blame() -> None:
    parts, _, count = counting({"cat": 2, "dog": 1, "date:2023": 7, "cat date:2023": 1})
    assert [part.text for part in relax(parts, count) or ()] == ["cat", "date:2023"]


@pytest.mark.parametrize(
    "text",
    ["cat", '"traffic light"', "tag:cat", 'tag:"hot dog"', "cat*", "-cat", "+cat", "(cat OR dog)", "date:2023"],
)
def test_parts_are_told_as_they_are_typed(text: str) -> None:
    assert typed(parse(text).tree) == text


@pytest.mark.parametrize(("said", "text"), [("two", "two dogs"), ("group of dogs", "group of dogs")])
def test_a_number_stays_with_its_thing(said: str, text: str) -> None:
    number = Number(Word(said), 2, ("dog",))
    parts, _ = parts_of(And((Word("two"), Word("dogs"), Word("car"))), lambda items: [number, *items[1:]])
    assert [part.text for part in parts] == [text, "car"]
    assert parts[0].node == And((number, Word("dogs")))


def test_a_thing_and_its_colour_are_two_parts() -> None:
    red, car = Word("red"), Word("car")
    parts, fixed = parts_of(And((red, car, By("user"))), lambda items: [Or((Word("red car"), Less(And(items))))])
    assert [part.node for part in parts] == [red, car]
    assert fixed == [By("user")]
