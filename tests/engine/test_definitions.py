"""Tags that stand for a phrase: judged by a compass of two dimensions, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.definitions import definitions
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.definitions import Definition
from imsearch.engine.stores.sql.thresholds import stored_limits
from imsearch.errors import ImsearchError
from tests.engine.support import LEXICON, correct, ids, reading, spec, tables, tags
from tests.engine.test_text_space import NORTH, SOUTH, Compass


@pytest.fixture
def compass() -> Compass:
    """Says that what lies straight ahead is certain, and what lies aside as likely as not."""
    found = Compass()
    found.calibrated = True
    return found


@pytest.fixture
def seen(folder: Path, compass: Compass) -> Iterator[Engine]:
    """1 in the north, 2 in the north-west, 3 in the south, 4 without a vector."""
    with Engine.open(folder, LEXICON, create=True, options=SearchOptions(encoders=compass)) as engine:
        engine.use_annotators([spec()])
        engine.record(
            [
                reading(1, {"cat": 0.8}, vector=NORTH),
                reading(2, {}, vector=(-3, 0.3)),
                reading(3, {"car": 0.8}, vector=SOUTH),
                reading(4),
            ]
        )
        engine.catch_up()
        yield engine


def test_a_phrase_becomes_a_tag_of_its_own(seen: Engine) -> None:
    told = seen.definitions.define("content", "purring")
    assert told == Definition("content", "purring", "fake 1", 2, 0)
    assert tags(seen, 1) == {"cat": "fake", "content": "defined"}
    assert ids(seen, "tag:content") == ids(seen, "content by:defined") == [1, 2]
    assert ids(seen, "shows:content") == [1, 2] and ids(seen, "tag:content>0.9") == [1]
    assert seen.finder.search("cat", facets=True).facets["tag"] == (("cat", 1), ("content", 1))
    assert dict(seen.catalog.tag_counts("", "defined")) == {"content": 2}
    assert seen.verify() == []


def test_it_is_no_annotator(seen: Engine) -> None:
    seen.definitions.define("content", "purring")
    assert [each.name for each in seen.status().annotators] == ["fake"]
    with pytest.raises(ImsearchError, match="imsearch tags undefine"):
        seen.forget_annotator("defined")


def test_doubtful_ones_are_asked_about_and_answers_hold(seen: Engine) -> None:
    seen.definitions.define("content", "purring")
    with tables(seen).reading() as connection:
        assert stored_limits(connection)[2].threshold("content") == 0.5
    assert [(doubt.image.id, doubt.tag.name) for doubt in seen.reviewing.doubts("content")] == [(2, "content")]
    correct(seen, Verdict.REJECT, [2], "content")
    assert ids(seen, "tag:content") == [1]
    seen.definitions.undefine("content")
    assert seen.catalog.verdicts_of([2]) == {2: {"content": -1}}


def test_new_pictures_are_judged_with_the_next_refresh(seen: Engine) -> None:
    seen.definitions.define("content", "purring")
    seen.record([reading(5, {}, vector=NORTH), reading(1, {"dog": 0.9}, vector=SOUTH)])
    assert seen.definitions.refresh() == 2
    seen.catch_up()
    assert ids(seen, "tag:content") == [5, 2]
    assert seen.definitions.refresh() == 0
    assert tags(seen, 1) == {"dog": "fake"}


def test_another_version_judges_all_anew(seen: Engine, compass: Compass) -> None:
    seen.definitions.define("content", "purring")
    seen.use_annotators([spec(version="2")])
    assert seen.definitions.refresh() == 0  # nobody who takes text made the vectors
    compass.version = "2"
    seen.record([reading(3, {"car": 0.8}, vector=NORTH)])
    seen.definitions.refresh()
    seen.catch_up()
    assert ids(seen, "tag:content") == [3]
    assert [each.space for each in definitions(seen.catalog)] == ["fake 2"]


def test_another_way_to_read_judges_all_anew(seen: Engine, compass: Compass) -> None:
    seen.definitions.define("content", "purring")
    compass.reader, compass.calibrated, compass.scale = "sentences", False, 50.0
    assert seen.definitions.refresh() == 2
    assert [(each.space, each.shown, each.perhaps) for each in definitions(seen.catalog)] == [
        ("fake 1 sentences", 0, 1),
    ]


def test_one_may_be_defined_anew_and_forgotten(seen: Engine) -> None:
    seen.definitions.define("content", "purring")
    seen.definitions.define("loud", "vroom")
    assert seen.definitions.define("content", "vroom").shown == 2
    assert ids(seen, "tag:content") == ids(seen, "tag:loud") != [1, 2]
    assert [each.name for each in definitions(seen.catalog)] == ["content", "loud"]
    assert seen.definitions.undefine("loud") == 2
    assert seen.definitions.undefine("content") == 2
    assert definitions(seen.catalog) == () and "defined" not in seen.catalog.sources()
    assert ids(seen, "tag:content") == []
    with pytest.raises(ImsearchError, match="'content' is not defined"):
        seen.definitions.undefine("content")


def test_a_renamed_one_goes_by_its_new_name(seen: Engine) -> None:
    seen.definitions.define("content", "purring")
    seen.corrections.rename("content", "glad")
    assert ids(seen, "tag:glad") == [1, 2] and [each.name for each in definitions(seen.catalog)] == ["glad"]
    assert seen.definitions.define("content", "vroom").name == "glad"
    assert seen.definitions.undefine("glad") == 2 and definitions(seen.catalog) == ()


def test_a_reader_defines_beside_a_run(seen: Engine, folder: Path, compass: Compass) -> None:
    with Engine.open(folder, LEXICON, options=SearchOptions(encoders=compass)) as reader:
        reader.definitions.define("content", "purring")
    seen.catch_up()
    assert ids(seen, "tag:content") == [1, 2]


def test_without_calibration_a_picture_is_judged_against_the_others(seen: Engine, compass: Compass) -> None:
    compass.calibrated = False
    compass.scale = 20.0
    seen.record([reading(number, {}, vector=SOUTH) for number in range(10, 400)])
    told = seen.definitions.define("content", "purring")
    assert (told.shown, told.perhaps) == (1, 0) and tags(seen, 1)["content"] == "defined"
    # One more is judged as that was, though two are less than one by themselves.
    seen.record([reading(500, {}, vector=NORTH)])
    (new,) = seen.catalog.images_by_path([Path("/photos/500.jpg")]).values()
    seen.definitions.refresh()
    chances = [
        tag.probability for tags in seen.catalog.tags_of([1, new]).values() for tag in tags if tag.name == "content"
    ]
    assert chances == [pytest.approx(chances[0], abs=1e-3)] * 2 and chances[0] > 0.5


def test_what_nobody_can_tell_is_refused_and_nothing_changes(seen: Engine, compass: Compass) -> None:
    before = seen.catalog.state()
    with pytest.raises(ImsearchError, match="Nothing is known of 'qwertz'"):
        seen.definitions.define("odd", "qwertz")
    compass.version = "2"
    with pytest.raises(ImsearchError, match="No annotator of this library takes text"):
        seen.definitions.define("content", "purring")
    assert seen.catalog.state() == before and "odd" not in seen.catalog.tag_names()
