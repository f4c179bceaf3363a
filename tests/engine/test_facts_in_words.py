"""Plain words that are facts, in a library whose facts are written down here; today is 27 November 2026."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.options import SearchOptions
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import reading, set_facts, spec

WORDS = Lexicon(
    synonyms={"people": "person", "photo": "picture", "no entry": "sign"},
    kinds={"dog": ("animal",), "apple": ("fruit",), "winter": ()},
    tags=("dog", "person", "night", "beach", "apple", "christmas", "red car", "car", "winter", "landscape", "sign"),
)


@contextmanager
def filled(folder: Path) -> Iterator[Engine]:
    """1 a dog and a person in July by an iPhone; 2 a dog at night in December 2025, a PNG by a Canon.

    3 a person at the beach, of no date; 4 a Christmas market of 2022, by a Canon, five stars; 5 an apple, a screenshot.
    """
    options = SearchOptions(today=lambda: date(2026, 11, 27))
    with Engine.open(folder, WORDS, create=True, options=options) as engine:
        engine.use_annotators([spec()])
        engine.record(
            [
                reading(1, {"dog": 0.9, "person": 0.8}),
                reading(2, {"dog": 0.8, "night": 0.9}),
                reading(3, {"person": 0.9, "beach": 0.9}),
                reading(4, {"christmas": 0.9, "car": 0.7, "red car": 0.7}, path="/photos/market.jpg"),
                reading(5, {"apple": 0.9}, path="/photos/Screenshot_20.png"),
            ]
        )
        set_facts(engine, 1, taken_at=datetime(2026, 7, 3), camera="Apple iPhone 12", width=300, height=400)
        set_facts(engine, 2, taken_at=datetime(2025, 12, 24, 20), camera="Canon EOS R6", format="PNG")
        set_facts(engine, 4, taken_at=datetime(2022, 12, 4), camera="Canon EOS 80D", rating=5)
        set_facts(engine, 5, taken_at=datetime(2026, 11, 26))
        engine.catch_up()
        yield engine


@pytest.fixture
def library(folder: Path) -> Iterator[Engine]:
    """One that a test may change."""
    with filled(folder) as engine:
        yield engine


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One that several tests ask."""
    with filled(tmp_path_factory.mktemp("facts") / "library") as engine:
        yield engine


@pytest.mark.parametrize(
    ("text", "ids", "meanings"),
    [
        ("last summer", [1], ["date:2026-06..2026-08"]),
        ("dogs last summer", [1], ["date:2026-06..2026-08"]),
        ("photos from december 2025", [2], ["date:2025-12"]),
        ("dog 2025", [2], ["date:2025"]),
        ("yesterday", [5], ["date:2026-11-26"]),
        ("december", [2, 4], ["month:12"]),
        ("dog in july", [1], ["month:7"]),
        ("christmas 2022", [4], ["date:2022-12-24..2022-12-26"]),
        ("christmas 2025", [2], ["date:2025-12-24..2025-12-26"]),
        ("christmas", [4], []),
        ("iphone", [1], ["camera:iphone"]),
        ("canon", [2, 4], ["camera:canon"]),
        ("canon eos r6", [2], ['camera:"canon eos r6"']),
        ("photos shot on iphone", [1], ["camera:iphone"]),
        ("dog taken with canon", [2], ["camera:canon"]),
        ("apple", [5], []),
        ("apple iphone", [1], ['camera:"apple iphone"']),
        ("nikon", [], []),
        ("png", [2], ["type:png"]),
        ("screenshots", [5], ["is:screenshot"]),
        ("5 stars", [4], ["rating:5"]),
        ("portrait", [1], ["orientation:portrait"]),
        ("dog without people", [2], ["-people"]),
        ("dog no people", [2], ["-people"]),
        ("dogs not at night", [1], ["-night"]),
        ("person except beach", [1], ["-beach"]),
        ("dog without people or beach", [2], ["-(people OR beach)"]),
        ("no people or dogs", [4, 5], ["-(people OR dogs)"]),
        ("beach OR dog without people", [3, 2], ["-people"]),
        ("dog -person OR beach", [3, 2], []),
        ("dog without (people beach)", [1, 2], []),
        ("dog without +people", [2], []),
        ("dog but nobody", [2], ["-people"]),
        ("no one", [2, 4, 5], ["-people"]),
        ("christmas without red cars", [4], ['-"red cars"']),
        ("dog without red cars", [1, 2], ['-"red cars"']),
        ("dog not in december", [1], ["-month:12"]),
        ("dog -2025", [1], ["date:2025"]),
        ("dog without 2025", [1], ["-date:2025"]),
        ("+2025 dog", [2], ["date:2025"]),
        ("beach OR december 2025", [2, 3], ["date:2025-12"]),
        ("(beach OR png) 2025", [2], ["type:png", "date:2025"]),
    ],
)
def test_facts(unchanged: Engine, text: str, ids: list[int], meanings: list[str]) -> None:
    results = unchanged.finder.search(text)
    assert [hit.image.id for hit in results.hits] == ids
    assert [meaning for _, meaning in results.understood] == meanings


def test_what_was_typed_is_told_beside_what_was_understood(unchanged: Engine) -> None:
    results = unchanged.finder.search("two Dogs  last Summer not in December, without people")
    assert results.understood == (
        ("last Summer", "date:2026-06..2026-08"),
        ("not in December", "-month:12"),
        ("without people", "-people"),
    )
    assert unchanged.finder.search("dog date:2025 -person").understood == ()


def test_quotes_and_keys_make_words_of_facts(unchanged: Engine) -> None:
    for text in ('"2025"', '"last summer"', "tag:2025", "2025*", '"iphone"'):
        results = unchanged.finder.search(text)
        assert (results.hits, results.understood) == ((), ()), text


def test_tags_and_what_is_written_count_beside_facts(library: Engine) -> None:
    library.record([reading(6, {"canon": 0.9}), reading(7, {"dog": 0.9}, path="/photos/2025 dog.jpg")])
    library.catch_up()
    assert [hit.image.id for hit in library.finder.search("canon").hits] == [6, 2, 4]
    assert [hit.image.id for hit in library.finder.search("dog 2025").hits] == [2, 7]
    # A time of several words lets nothing else through, but what is called so.
    set_facts(library, 7, title="Summer 2019")
    library.record([reading(8, {"dog": 0.9}, path="/photos/summer 2019.jpg")])
    library.catch_up()
    assert [hit.image.id for hit in library.finder.search("dog summer 2019").hits] == [8]
    library.correct(3, "last summer", 1)
    assert {hit.image.id for hit in library.finder.search("last summer").hits} == {1, 3}


def test_a_longer_tag_wins_over_a_fact(library: Engine) -> None:
    library.correct(3, "birthday party 2025", 1)
    results = library.finder.search("birthday party 2025")
    assert [hit.image.id for hit in results.hits] == [3]
    assert results.understood == ()


def test_shapes_come_after_what_is_tagged_so(library: Engine) -> None:
    library.record([reading(6, {"landscape": 0.8})])
    set_facts(library, 6, width=100, height=200)
    library.catch_up()
    hits = library.finder.search("landscape").hits
    assert [hit.image.id for hit in hits] == [6, 2, 3, 4, 5]
    assert [round(hit.score, 2) for hit in hits] == [0.8, 0.3, 0.3, 0.3, 0.3]
    assert library.finder.search("dog portrait").unknown == ("portrait",)
    # A portrait shows a person as a rule: upright pictures of people come before others that are upright.
    assert [round(hit.score, 2) for hit in library.finder.search("portrait").hits] == [0.8, 0.3]
    library.record([reading(7, {"portrait": 0.9})])
    library.catch_up()
    assert [hit.image.id for hit in library.finder.search("portrait", everything=True).hits] == [7, 1, 6]


def test_no_alone_and_phrases_with_it_stay_words(library: Engine) -> None:
    library.record([reading(6, {"sign": 0.8})])
    library.catch_up()
    assert [hit.image.id for hit in library.finder.search("no entry").hits] == [6]
    assert library.finder.search("dog no").understood == ()
    assert library.finder.search("without").understood == ()


def test_what_was_understood_yesterday_is_not_remembered_today(library: Engine) -> None:
    days = [date(2026, 11, 27)]
    finder = library.finder.using(SearchOptions(today=lambda: days[-1]))
    assert [hit.image.id for hit in finder.search("yesterday").hits] == [5]
    before = finder.state()
    days.append(date(2026, 11, 28))
    assert finder.search("yesterday").hits == ()
    assert finder.state() != before


def test_new_cameras_are_known_at_once(library: Engine) -> None:
    assert library.finder.search("pixel 7").understood == ()
    library.record([reading(9, {})])
    set_facts(library, 6, camera="Google Pixel 7")
    assert library.finder.search("pixel 7").understood == (("pixel 7", 'camera:"pixel 7"'),)
    assert library.finder.search("7").understood == ()
    set_facts(library, 6, camera="SONY Cyber-shot HX9V")
    library.record([reading(10, {})])
    for text, found in (("sony", 1), ("hx9v", 1), ("cyber shot", 1), ("shot", 0), ("cyber", 0)):
        assert len(library.finder.search(text).understood) == found, text


def test_what_lies_in_a_folder_of_the_name_comes_after_what_is_seen(library: Engine) -> None:
    library.record(
        [
            reading(6, {"car": 0.55}),
            reading(7, {}, path="/photos/Car/7.jpg"),
            reading(8, {"car": 0.49}, path="/photos/Car/8.jpg"),  # by the tag and the folder .64, but not shown
            reading(9, {"car": 0.6}, path="/photos/Car/9.jpg"),
        ]
    )
    library.catch_up()
    hits = library.finder.search("car").hits
    assert [hit.image.id for hit in hits] == [9, 4, 6, 8, 7]
    assert hits[-1].score == pytest.approx(0.3)
    assert hits[-1].why["car"].source == "folder"
    # Where nothing shows it, the folder's name is all there is.
    library.record([reading(10, {}, path="/photos/Sailing/10.jpg")])
    library.catch_up()
    assert [hit.image.id for hit in library.finder.search("sailing").hits] == [10]
