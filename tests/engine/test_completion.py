"""What could stand where somebody types."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS
from imsearch.engine.search.completion import Completion, complete
from imsearch.engine.search.names import Names
from imsearch.engine.search.place import place_at
from imsearch.engine.stores.batch import Reading
from tests.engine.support import reading, set_facts

TAGS = {"car": 9, "cat": 30, "traffic light": 7, "light": 2, "cable car": 4, "emotion:happy": 5, "emotion:very sad": 1}
COUNTS = {
    "tag": TAGS,
    "year": {"2023": 20, "2024": 3},
    "month": {"2023-05": 8, "2023-07": 12, "2024-01": 3},
    "camera": {"Canon EOS R6": 5, "Leica": 9},
    "lens": {"RF 50mm": 5},
    "type": {"jpeg": 30, "png": 1},
    "annotator": {"user": 2, "everyday": 31},
    "folder": {"/photos/a b": 3, "/photos/c": 2},
}


class Library:
    """What a small library knows."""

    def names(self, kind: str) -> Names:
        return Names(COUNTS[kind])

    def namespaces(self) -> Names:
        return Names({"emotion": 2})

    def words(self, prefix: str) -> Iterable[tuple[str, tuple[str, ...]]]:
        known = {"automobile": ("car",), "animal": ("cat",), "carriage": ("car", "cable car")}
        return [(word, tags) for word, tags in known.items() if word.startswith(prefix.lower())]


def completed(marked: str, limit: int = 8) -> tuple[Completion, list[str]]:
    """What is offered at the ``|``, and the texts that come of it."""
    cursor = marked.index("|")
    text = marked.replace("|", "")
    found = complete(text, cursor, Library(), limit)
    return found, [text[: found.start] + each.text + text[found.end :] for each in found.suggestions]


TABLE = [
    ("ca|", ["cat", "car", '"cable car"', "camera:", "carriage"]),
    ("CA|", ["cat", "car", '"cable car"', "camera:", "carriage"]),
    ("car|", ["car", '"cable car"', "carriage"]),
    ("dog -ca|", ["dog -cat", "dog -car", 'dog -"cable car"', "dog -camera:", "dog -carriage"]),
    ("(dog OR +tr|)", ['(dog OR +"traffic light")']),
    ("li|", ["light", '"traffic light"', "like:"]),
    ("traffic li|", ['"traffic light"', "traffic light", 'traffic "traffic light"', "traffic like:"]),
    ("dog traffic l|", ['dog "traffic light"']),
    ("dog, traffic -li|", ["dog, traffic -light", 'dog, traffic -"traffic light"', "dog, traffic -like:"]),
    ('"traffic l|', ['"traffic light"']),
    ('"traffic l|" dog', ['"traffic light" dog']),
    ('dog "tr| cat', ['dog "traffic light" cat']),
    ("autom|", ["automobile"]),
    ("emo|", ["emotion:happy", 'emotion:"very sad"', "emotion:"]),
    ("emotion:v|", ['emotion:"very sad"']),
    ('emotion:"very s|', ['emotion:"very sad"']),
    ("tag:tr|", ['tag:"traffic light"']),
    ('tag:"traffic li|ght" x', ['tag:"traffic light" x']),
    ("shows:li|", ["shows:light", 'shows:"traffic light"']),
    ("camera:r|", ['camera:"Canon EOS R6"']),
    ('camera:"canon e|', ['camera:"Canon EOS R6"']),
    ('camera:="canon e|', ['camera:="Canon EOS R6"']),
    ("camera:|", ["camera:Leica", 'camera:"Canon EOS R6"']),
    ("lens:50|", ['lens:"RF 50mm"']),
    ("type:|", ["type:jpeg", "type:png"]),
    ("by:us|", ["by:user"]),
    ("annotator:|", ["annotator:everyday", "annotator:user"]),
    ("folder:a|", ['folder:"/photos/a b"']),
    ("date:|", ["date:2024", "date:2023"]),
    ("date:2023|", ["date:2023", "date:2023-07", "date:2023-05"]),
    ("date:>=2023-0|", ["date:>=2023-07", "date:>=2023-05"]),
    ("date:2023..20|", ["date:2023..2024", "date:2023..2023"]),
    ("is:d|", ["is:duplicate"]),
    ("sort:-d|", ["sort:-date"]),
    ("orientation:|", ["orientation:portrait", "orientation:landscape", "orientation:square"]),
    ("iso:4|", []),
    ("zz|", []),
    ("ca|r", ["cat", "car", '"cable car"', "camera:", "carriage"]),
]


@pytest.mark.parametrize(("marked", "expected"), TABLE, ids=[marked for marked, _ in TABLE])
def test_completions(marked: str, expected: list[str]) -> None:
    found, texts = completed(marked)
    assert texts[: len(expected)] == expected
    assert expected or not found.suggestions


def test_nothing_typed_offers_the_most_frequent_tags() -> None:
    _, texts = completed("|", limit=3)
    assert texts == ["cat", "car", '"traffic light"']
    assert completed("dog |", limit=1)[1] == ["dog cat"]


def test_keys_are_told_though_tags_fill_the_list() -> None:
    _, texts = completed("ca|", limit=3)
    assert texts == ["cat", "car", "camera:"]


def test_what_is_told_of_each() -> None:
    (tag, *_, word), _ = completed("car|")[0].suggestions, None
    assert (tag.label, tag.kind, tag.images, tag.hint) == ("car", "tag", 9, "")
    assert (word.label, word.kind, word.images, word.hint) == ("carriage", "word", None, "car, cable car")
    (synonym,) = completed("autom|")[0].suggestions
    assert (synonym.images, synonym.hint) == (9, "car")
    key = completed("camer|")[0].suggestions[0]
    assert (key.text, key.kind, key.hint) == ("camera:", "key", KEYS["camera"].hint)
    assert {each.kind for each in completed("by:|")[0].suggestions} == {"source"}


def test_every_key_has_a_hint_and_every_fixed_value_is_understood() -> None:
    for key in KEYS:
        assert KEYS[key].hint
        for name, _ in KEYS.values(key):
            parse(f"{key}:{name}")


def test_a_cursor_outside_of_the_text_counts_as_its_end() -> None:
    assert place_at("cat", 99) == place_at("cat", 3)
    assert complete("", 5, Library()).start == 0


def test_a_tag_with_quotation_marks_becomes_a_condition() -> None:
    class Odd(Library):
        def names(self, kind: str) -> Names:
            return Names({'5" gun': 1})

    (found,) = complete("5", 1, Odd()).suggestions
    assert found.text == 'shows:"5%22 gun"'


# ---- of a library


def texts(engine: Engine, typed: str) -> list[str]:
    return [each.text for each in engine.finder.completer.complete(typed, len(typed), 8).suggestions]


def test_words_of_the_lexicon_only_where_they_find_something(pets: Engine) -> None:
    assert texts(pets, "aut") == ["automobile"]
    assert texts(pets, "ki") == ["kitty"]
    assert texts(pets, "beac") == []
    (vehicle,) = pets.finder.completer.complete("vehi", 4, 8).suggestions
    assert (vehicle.kind, vehicle.hint) == ("word", "car")


def test_counts_follow_the_library(pets: Engine) -> None:
    assert texts(pets, "ca") == ["car", "cat", "camera:"]
    pets.record([reading(number, {"cat": 0.9, "cap": 0.9}) for number in (4, 5)])
    pets.catch_up()
    texts(pets, "ca")  # a moment old, and has the new ones read
    pets.finder.completer.close()
    assert texts(pets, "ca") == ["cat", "cap", "car", "camera:"]


def test_values_of_the_library(engine: Engine) -> None:
    def dated(number: int, month: int) -> Reading:
        made = reading(number, {"cat": 0.9})
        assert made.facts is not None
        return dataclasses.replace(made, facts=dataclasses.replace(made.facts, taken_at=datetime(2023, month, 1)))

    engine.record([dated(1, 5), dated(2, 5), dated(3, 6)])
    set_facts(engine, 1, camera="Box 1")
    found = engine.finder.completer.complete("date:2023-", 10, 8).suggestions
    assert [(each.label, each.images) for each in found] == [("2023-06", 1), ("2023-05", 2)]
    assert texts(engine, "camera:b") == ['"Box 1"']
    assert texts(engine, "annotator:") == ["fake"]
    assert texts(engine, "folder:ph") == ["/photos"]
