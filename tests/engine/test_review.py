"""What is doubtful: near the threshold that the catalog holds or its tags tell, the user's answers left out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from imsearch.engine.engine import Engine
from imsearch.engine.review import doubts
from imsearch.engine.review.review import Thresholds
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.sql import schema
from imsearch.errors import ImsearchError
from imsearch.records import RANKING_ONLY
from tests.engine.support import reading, spec, tables


def listed(engine: Engine, word: str = "", limit: int = 20) -> list[tuple[int, str]]:
    return [(doubt.image.id, doubt.tag.name) for doubt in engine.reviewing.doubts(word, limit)]


def ask(engine: Engine, thresholds: Thresholds, word: str = "") -> list[str]:
    return [doubt.tag.name for doubt in engine.reviewing.doubts(word, thresholds=thresholds)]


def as_before(engine: Engine) -> None:
    """Make it a library of the time when thresholds were not stored."""
    with tables(engine).engine.begin() as connection:
        connection.execute(update(schema.annotators).values(threshold=None, thresholds=None))


@pytest.fixture
def doubtful(engine: Engine) -> Engine:
    """A library without thresholds.

    Dogs are shown from .7 on: the likeliest hidden one is 2 (.6), the unlikeliest shown one 3 (.76); between is .68.
    Cats, from .5 on: between .4 and .52 is .46.
    """
    as_before(engine)
    engine.record(
        [
            reading(1, {"dog": 0.99, "cat": 0.4}),
            reading(2, {"dog": 0.6, "cat": 0.01}),
            reading(3, {"dog": 0.76}),
            reading(4, {"dog": 0.05, "cat": 0.52}),
        ]
    )
    engine.catch_up()
    return engine


def test_what_is_nearest_to_its_threshold_comes_first_and_every_tag_in_turn(doubtful: Engine) -> None:
    # Odds over the odds of the threshold.  Cat: 1.27 for 4, 1.28 for 1.  Dog: 1.42 for 2, 1.49 for 3.
    assert listed(doubtful) == [(4, "cat"), (2, "dog"), (1, "cat"), (3, "dog")]
    assert listed(doubtful, limit=2) == [(4, "cat"), (2, "dog")]
    assert listed(doubtful, "dog") == [(2, "dog"), (3, "dog")]
    assert doubtful.reviewing.doubts("dog")[0].threshold == pytest.approx(0.68)


def test_stored_thresholds_are_used_and_not_guessed(doubtful: Engine) -> None:
    assert doubtful.reviewing.doubts("dog")[0].threshold == pytest.approx(0.68)
    doubtful.use_annotators([spec()])  # as the next run does, though it has nothing to annotate
    # Cat: 1.08 for 4, 1.5 for 1.  Dog: 1.36 for 3, 1.56 for 2.
    assert listed(doubtful) == [(4, "cat"), (3, "dog"), (1, "cat"), (2, "dog")]
    assert {doubt.tag.name: doubt.threshold for doubt in doubtful.reviewing.doubts()} == {"cat": 0.5, "dog": 0.7}


def test_what_the_user_has_judged_is_no_doubt(doubtful: Engine) -> None:
    doubtful.corrections.correct([4], ["cat"], Verdict.ACCEPT)
    doubtful.corrections.correct([2], ["dog"], Verdict.REJECT)
    assert listed(doubtful) == [(1, "cat"), (3, "dog")]


def test_what_another_annotator_is_sure_of_is_no_doubt(doubtful: Engine) -> None:
    doubtful.use_annotators([spec("other", vector_length=None)])
    doubtful.record([reading(4, {"cat": 0.99}, annotator="other")])
    assert listed(doubtful, "cat") == [(1, "cat")]


def test_renamed_tags_are_one_word_with_the_thresholds_of_each(doubtful: Engine) -> None:
    doubtful.corrections.merge(["cat", "dog"], "pet")
    # 1 and 4 are surely or doubtfully pets by the likelier of their tags.
    assert listed(doubtful, "pet") == [(4, "pet"), (2, "pet"), (3, "pet")]


def test_a_tag_that_was_never_shown_has_a_threshold_of_a_half(engine: Engine) -> None:
    as_before(engine)
    engine.record([reading(1, {"zebra": 0.45, "yak": 0.05})])
    assert listed(engine) == [(1, "zebra")]


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "library from before"])
def test_tags_that_are_never_shown_are_not_asked_about(engine: Engine, stored: bool) -> None:
    hiding = replace(spec(), thresholds={"blurry": RANKING_ONLY})
    engine.use_annotators([hiding])
    engine.record([reading(1, {"zebra": 0.45, "blurry": 0.48}), reading(2, {"zebra": 0.55, "blurry": 0.99})])
    if not stored:
        as_before(engine)
    # What the catalog holds counts; else what is installed tells.
    known = Thresholds() if stored else Thresholds([hiding])
    assert ask(engine, known) == ["zebra", "zebra"]
    assert engine.reviewing.names(thresholds=known) == ["zebra"]
    # By whatever name the user calls it.
    engine.corrections.rename("blurry", "out of focus")
    assert ask(engine, known) == ["zebra", "zebra"]
    assert ask(engine, known, "out of focus") == []
    assert engine.reviewing.never_asked("out of focus", known)
    assert not engine.reviewing.never_asked("zebra", known)


def test_of_an_annotator_that_is_not_installed_only_what_it_has_shown_is_asked_about(engine: Engine) -> None:
    engine.record([reading(1, {"zebra": 0.45, "yak": 0.48}), reading(2, {"zebra": 0.55})])
    assert sorted(ask(engine, Thresholds())) == ["yak", "zebra", "zebra"]  # its thresholds are stored
    as_before(engine)
    assert ask(engine, Thresholds()) == ["zebra", "zebra"]


def test_how_many_doubts_the_user_has_judged(doubtful: Engine) -> None:
    assert doubtful.reviewing.judged() == 0
    doubtful.corrections.correct([4], ["cat"], Verdict.ACCEPT)
    doubtful.corrections.correct([1], ["dog"], Verdict.REJECT)  # which nobody doubted
    assert (doubtful.reviewing.judged(), doubtful.reviewing.judged("dog")) == (1, 0)
    assert doubtful.reviewing.names() == ["dog", "cat"]
    doubtful.corrections.correct([1], ["cat"], Verdict.REJECT)
    assert doubtful.reviewing.names() == ["dog"]


def test_an_unknown_tag_is_an_error(doubtful: Engine) -> None:
    with pytest.raises(ImsearchError, match="Did you mean 'cat'"):
        doubtful.reviewing.doubts("Kitty")


def test_whoever_is_in_a_hurry_gets_the_newest_and_each_call_goes_on(
    doubtful: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "_AT_ONCE", 1)
    hurried = [[(doubt.image.id, doubt.tag.name) for doubt in doubtful.reviewing.doubts(patience=0)] for _ in range(5)]
    # Alone, 4 shows cats from .5 on at most, and is nearest to that; 3 shows dogs likewise.
    assert hurried[:2] == [[(4, "cat")], [(4, "cat"), (3, "dog")]]
    assert hurried[-1] == listed(doubtful) == [(4, "cat"), (2, "dog"), (1, "cat"), (3, "dog")]


def test_what_is_said_anew_is_asked_anew_and_corrections_need_no_reading(doubtful: Engine) -> None:
    assert listed(doubtful, "dog") == [(2, "dog"), (3, "dog")]
    before = doubtful.reviewing._said.read().version
    doubtful.corrections.correct([2], ["dog"], Verdict.REJECT)
    assert listed(doubtful, "dog") == [(3, "dog")]
    assert doubtful.reviewing._said.read().version == before
    doubtful.record([reading(5, {"dog": 0.7})])
    assert listed(doubtful, "dog") == [(5, "dog"), (3, "dog")]


def test_the_tags_that_are_in_doubt_most_often(doubtful: Engine) -> None:
    doubtful.record([reading(5, {"cat": 0.45})])
    assert doubtful.reviewing.names() == ["cat", "dog"]
    assert doubtful.reviewing.names(1) == ["cat"]
