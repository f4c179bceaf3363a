"""Thresholds are kept with the annotator, and what is shown agrees with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.limits import Limits
from imsearch.engine.stores.sql.thresholds import stored_limits
from imsearch.records import RANKING_ONLY
from imsearch.specs import AnnotatorSpec
from tests.engine.support import ids, reading, spec, tables, tags


def limits(engine: Engine) -> dict[str, Limits]:
    """By name and version; without annotators that have none."""
    names = {number: f"{each.name} {each.version}" for number, each in enumerate(engine.status().annotators, 1)}
    with tables(engine).reading() as connection:
        return {names[annotator]: found for annotator, found in stored_limits(connection).items()}


def changed(common: float = 0.5, version: str = "1", /, **own: float) -> AnnotatorSpec:
    """The fake annotator with other thresholds."""
    return replace(spec(version=version), threshold=common, thresholds=own)


def test_a_run_stores_the_thresholds_of_its_annotators(engine: Engine) -> None:
    assert limits(engine) == {"fake 1": Limits(0.5, {"dog": 0.7})}
    # Whatever kind of number a plugin takes.
    engine.use_annotators([changed(np.float32(0.25), "2", dog=np.float64(0.75), mug=RANKING_ONLY)])  # type: ignore[arg-type]
    assert limits(engine)["fake 2"] == Limits(0.25, {"dog": 0.75, "mug": 2.0})
    with tables(engine).reading() as connection:
        found = stored_limits(connection)[2]
    assert [found.threshold(tag) for tag in ("cat", "dog", "mug")] == [0.25, 0.75, RANKING_ONLY]


def test_the_same_version_with_other_thresholds_shows_by_these_at_once(pets: Engine) -> None:
    assert (tags(pets, 1), tags(pets, 2)) == ({"cat": "fake"}, {"dog": "fake", "traffic light": "fake"})
    before = pets.finder.state()
    # Cats never, dogs from .1 on, all else from .65 on: no model looks at the pictures again.
    pets.use_annotators([changed(0.65, cat=RANKING_ONLY, dog=0.1, unicorn=0.3)])
    assert pets.finder.state() != before
    assert [tags(pets, image) for image in (1, 2, 3)] == [{"dog": "fake"}, {"dog": "fake"}, {"car": "fake"}]
    pets.catch_up()
    assert ids(pets, "+dog") == [2, 1] and ids(pets, "+cat") == []
    assert pets.verify() == []


def test_the_same_thresholds_change_nothing(pets: Engine) -> None:
    before = pets.finder.state()
    pets.use_annotators([spec()])
    assert pets.finder.state() == before


def test_a_new_version_replaces_what_was_shown(pets: Engine) -> None:
    pets.use_annotators([changed(0.95, "2", dog=0.1)])
    # What the old version showed stays until its pictures are looked at again.
    assert tags(pets, 1) == {"cat": "fake"}
    pets.record([reading(1, {"cat": 0.9, "dog": 0.2}, vector=(1, 0))])
    assert tags(pets, 1) == {"dog": "fake"}
    assert [(doubt.tag.name, doubt.threshold) for doubt in pets.reviewing.doubts()] == [("cat", 0.95), ("dog", 0.1)]


@pytest.mark.parametrize("number", [1, 3000])
def test_many_thresholds_are_no_burden(pets: Engine, number: int) -> None:
    own = {f"tag {each}": 0.5 for each in range(number)} | {"cat": RANKING_ONLY}
    pets.record([reading(4, own | {"cat": 0.9}, vector=(1, 1))])
    pets.use_annotators([changed(0.5, **dict.fromkeys(own, RANKING_ONLY))])
    assert tags(pets, 4) == {}
