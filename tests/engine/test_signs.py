"""Signs around and between words, and words of tags that count less than the tags."""

# ruff: noqa: RUF001 - signs that look like others are what this is about

from __future__ import annotations

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.tree import Word
from imsearch.engine.stores.changes import Verdict
from tests.engine.support import correct, reading


def found(engine: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in engine.finder.search(text, everything=True).hits]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "#dog",
            "dogs'",
            "dog/",
            "'dog'",
            "(dog)",
            "[dog]",
            "{dog}",
            "<dog>",
            "dog…",
            "@dog",
            "~dog",
            "_dog_",
            "‚dog‘",
        ),
        *(
            "“dog”",
            "「dog」",
            "（dog）",
            "ｄｏｇ",
            "dog！",
            "dog、",
            "— dog",
            "dog -",
            "| dog",
            "dog |",
            "dog &",
            "…dog",
        ),
    ],
)
def test_signs_around_words(pets: Engine, text: str) -> None:
    results = pets.finder.search(text, everything=True)
    assert ([hit.image.id for hit in results.hits], results.unknown) == ([2, 1], ()), text


@pytest.mark.parametrize(
    ("text", "first"),
    [
        *(
            (f"dog{sign}cat", {1, 2, 3})
            for sign in ("/", "|", " | ", " & ", "&", "+", ",", ";", "，", "—", "–", "\\", "｜")
        ),
        *((f"cat {sign}dog", {1, 3}) for sign in ("-", "!", "–", "—", "−", "－", "！", "‑")),
        *((f"(cat {sign}dog)", {1, 3}) for sign in ("!", "–")),
        *((f"cat {sign}(dog)", {1, 3}) for sign in ("!", "–")),
    ],
)
def test_signs_between_words(pets: Engine, text: str, first: set[int]) -> None:
    assert set(found(pets, text)) == first


def test_either_of_two_words_counts_as_much_as_it_does_alone(pets: Engine) -> None:
    assert pets.finder.search("cat/dog").hits[0].score == pytest.approx(0.9)
    assert pets.finder.search("cat&dog").hits[0].score < 0.9
    assert found(pets, "traffic_light") == found(pets, "+traffic_light") == [2]


def test_words_of_tags_count_less_than_tags(engine: Engine) -> None:
    engine.record([reading(1), reading(2)])
    correct(engine, Verdict.ADD, [1], "granny smith", exact=True)
    correct(engine, Verdict.ADD, [2], "granny", exact=True)
    engine.catch_up()
    assert [round(hit.score, 2) for hit in engine.finder.search("granny", everything=True).hits] == [1.0, 0.5]
    assert found(engine, "granny") == [2, 1]


def test_what_a_known_tag_is_called_is_no_hint_unless_the_user_said_it(engine: Engine) -> None:
    engine.record([reading(1, {"traffic light": 0.9, "red car": 0.9}), reading(2), reading(3)])
    correct(engine, Verdict.ADD, [2], "traffic light", exact=True)
    engine.catch_up()
    engine.corrections.rename("red car", "my old beetle")
    assert found(engine, "beetle") == [1]
    assert 2 in found(engine, "traffic")


def test_what_only_people_say_of_pictures_is_a_name(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.9}, path="/p/zoe cat.jpg"), reading(2)])
    correct(engine, Verdict.ADD, [2], "nana lou", "dog", exact=True)
    engine.catch_up()
    words = engine.finder.current_words()

    def is_name(text: str) -> bool:
        return words.is_name(Word(text), lambda word: word in ("zoe", "cat"))

    assert [text for text in ("zoe", "nana", "cat", "dog", "unicorn") if is_name(text)] == ["zoe", "nana"]
