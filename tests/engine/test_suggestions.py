"""Words written otherwise than they are known: prefixes, fuzzy words, and "did you mean"."""

from __future__ import annotations

import pytest

from imsearch.engine.engine import Engine
from imsearch.languages.spelling import near
from tests.engine.support import reading


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("dgo", ["dog"]),  # swapped
        ("dg", []),  # too short to tell
        ("dogg", ["dog"]),
        ("cog", ["cat", "dog"][1:]),
        ("bat", ["cat"]),
        ("trafic ligth", ["traffic light"]),  # two mistakes in a long word
        ("traf light", []),
        ("xyzzy", []),
    ],
)
def test_words_that_look_alike(word: str, found: list[str]) -> None:
    assert [name for _, name in near(word, ["cat", "dog", "traffic light"])] == found


def test_the_nearest_come_first_and_then_those_that_begin_alike() -> None:
    names = ["bath", "cart", "cat", "chat", "coat"]
    assert near("caat", names) == [(1, "cart"), (1, "cat"), (1, "chat"), (1, "coat")]
    assert near("bath", names) == [(0, "bath")]
    assert near("cath", names) == [(1, "cat"), (1, "bath")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ca*", [(1, 0.9), (3, 0.7)]),  # cat and car
        ("CA*", [(1, 0.9), (3, 0.7)]),
        ("ani*", [(1, 0.9), (2, 0.8), (3, 0.05)]),  # the lexicon's "animal" stands for its kinds
        ("tag:ani*", []),
        ("tag:ca*", [(1, 0.9), (3, 0.7)]),
        ("auto*", [(3, 0.7)]),  # a synonym of car
        ("ca* -do*", [(1, round(0.9 * 0.8, 4)), (3, 0.7)]),
        ("+ca*", [(1, 0.9), (3, 0.7)]),
        ("dgo~", [(2, round(0.8 * 0.9, 4)), (1, round(0.2 * 0.9, 4))]),
        ("dog~", [(2, 0.8), (1, 0.2)]),
        ("tag:dgo~", [(2, 0.72), (1, 0.18)]),
        ("car~", [(1, round(0.9 * 0.9, 4)), (3, 0.7)]),  # the cat is one letter off
        ("zz*", []),
        ("zzzz~", []),
    ],
)
def test_prefixes_and_fuzzy_words(pets: Engine, text: str, expected: list[tuple[int, float]]) -> None:
    hits = pets.finder.search(text, min_score=0).hits
    assert [hit.image.id for hit in hits] == [image for image, _ in expected]
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=2e-4)


def test_who_rejects_one_word_of_a_prefix_has_not_rejected_the_others(pets: Engine) -> None:
    pets.correct(3, "cat", -1)
    assert [hit.image.id for hit in pets.finder.search("ca*").hits] == [1, 3]


def test_a_hit_of_a_prefix_says_which_tag_answered(pets: Engine) -> None:
    (hit,) = pets.finder.search("traf*").hits
    assert {word: tag.name for word, tag in hit.why.items()} == {"traf*": "traffic light"}


def test_unknown_words_get_suggestions_that_find_something(pets: Engine) -> None:
    results = pets.finder.search("dgo catd beech unicorn zz*")
    assert results.unknown == ("dgo", "catd", "beech", "unicorn", "zz*")
    # "beach" is known to the lexicon, but no picture shows one.
    assert results.suggestions == {"dgo": ("dog",), "catd": ("cat",)}
    assert results.total == 0


def test_what_more_pictures_show_is_suggested_first(engine: Engine) -> None:
    engine.record([reading(1, {"boast": 0.9, "toast": 0.9}), reading(2, {"coast": 0.9}), reading(3, {"coast": 0.8})])
    engine.record([reading(4, {"roast": 0.9, "hoast": 0.1}), reading(5, {"toast": 0.9, "roast": 0.9, "coast": 0.9})])
    engine.catch_up()
    assert engine.finder.search("xoast").suggestions == {"xoast": ("coast", "roast", "toast")}


def test_suggestions_never_embarrass(engine: Engine) -> None:
    tags = ("cock", "bed", "mob", "day", "dome", "hay", "tunnel", "cat", "beach", "car", "sunset", "mountain")
    engine.record([reading(1, dict.fromkeys(tags, 0.9))])
    engine.catch_up()
    # English words are spelled right, whether or not the library knows them; neither are short names misspelt words.
    for word in ("coca", "red", "my mom", "bay", "rome", "hat", "ra", "cah", "Xat", "beech", "goat"):
        assert engine.finder.search(word).suggestions == {}, word
    # A word that is not fit is not suggested, though nothing else is near.
    for word in ("cockk", "coxk"):
        assert engine.finder.search(word).suggestions == {}, word
    for typed, meant in (("cra", "car"), ("bedd", "bed"), ("sunest", "sunset"), ("moutnian", "mountain")):
        assert engine.finder.search(typed).suggestions == {typed: (meant,)}, typed
    assert engine.finder.search("cock").total == 1


def test_own_tags_are_suggested_before_words_of_the_lexicon(engine: Engine) -> None:
    engine.record([reading(1, {"automobily": 0.9, "car": 0.9})])
    engine.catch_up()
    assert engine.finder.search("automobilx").suggestions == {"automobilx": ("automobily", "automobile")}


def test_mistyped_keys_are_told_from_namespaces(engine: Engine) -> None:
    engine.record([reading(1, {"data:good": 0.9, "cat": 0.8})])
    engine.catch_up()
    results = engine.finder.search('camra:canon dat:2023 colour:red lense:"50 mm" data:god')
    assert results.suggestions == {
        "camra:canon": ("camera:canon",),
        "dat:2023": ("date:2023",),
        "lense:50 mm": ('lens:"50 mm"',),
        "data:god": ("data:good",),  # the library has such a namespace
    }


def test_known_words_get_none(pets: Engine) -> None:
    results = pets.finder.search("cat date:2023 unicorn~")
    assert (results.unknown, results.suggestions) == (("unicorn~",), {})
