"""What every catalog does with what the user says of tags.

Of `pets`, 1 is a cat (.9) with a dog (.2), 2 a dog (.8) at a traffic light (.6), 3 a car (.7) with a cat of .05.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from imsearch.engine.review.corrections import Corrections
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.definitions import Definition, Phrase
from imsearch.engine.stores.home import Recorder
from imsearch.engine.stores.journal import Edit
from imsearch.errors import ImsearchError, UndoConflict
from imsearch.records import DEFINED
from tests.engine.support import LEXICON, reading, spec


@pytest.fixture
def corrections(catalog: CatalogReading, pets: Recorder) -> Corrections:
    return Corrections(catalog, pets, LEXICON, lambda: None)


def shown(catalog: CatalogReading, image: int) -> dict[str, str]:
    """The tags that an image shows, and who says so."""
    return {tag.name: tag.source for tag in catalog.tags_of([image])[image] if tag.shown}


def everything(catalog: CatalogReading) -> list[object]:
    """All that corrections can change."""
    found: list[object] = [catalog.tags_of([1, 2, 3]), catalog.verdicts_of([1, 2, 3]), catalog.renamed()]
    return [*found, catalog.tag_counts(), catalog.given_names(), catalog.rejected_names()]


def test_the_user_has_the_last_word(catalog: CatalogReading, pets: Recorder, corrections: Corrections) -> None:
    corrections.correct([1], ["cat"], Verdict.REJECT)
    corrections.correct([1, 2], ["sea"], Verdict.ADD)
    assert shown(catalog, 1) == {"sea": "user"} and shown(catalog, 3) == {"car": "fake"}
    assert catalog.verdicts_of([1, 2, 3]) == {1: {"cat": -1, "sea": 1}, 2: {"sea": 1}}
    assert (catalog.with_verdicts(), catalog.given_names(), catalog.rejected_names()) == ([1, 2], {"sea"}, {"cat"})
    assert catalog.tag_counts("", "user") == [("sea", 2)] and catalog.tag_counts("cat", "fake") == []
    assert catalog.holdings().corrections == 3
    pets.use_annotators([spec(version="2")])
    pets.record([reading(1, {"cat": 0.99})], [])
    assert shown(catalog, 1) == {"sea": "user"}


def test_a_correction_marks_what_it_changed(catalog: CatalogReading, corrections: Corrections) -> None:
    before = catalog.state()[1]
    done = corrections.correct([1, 2], ["dog"], Verdict.ADD)
    assert done.changed == ((1, "dog"), (2, "dog")) and catalog.changed_since(before) == [1, 2]
    after = catalog.state()
    assert corrections.correct([1], ["dog"], Verdict.ADD).unchanged == ((1, "dog"),)
    assert catalog.state() == after and len(catalog.history()) == 1


def test_what_annotators_say_is_known_to_whom_it_matters(corrections: Corrections) -> None:
    done = corrections.correct([2, 3], ["cat"], Verdict.ACCEPT)
    assert (done.changed, done.refused) == (((3, "cat"),), ((2, "cat"),))
    assert corrections.correct([1], ["cat"], Verdict.REMOVE).said == {(1, "cat"): "fake"}
    corrections.correct([1], ["kitty"], Verdict.ADD, exact=True)
    # Once the user has it as a tag, it is one, and no cat.
    assert corrections.correct([2], ["kitty"], Verdict.ADD).changed == ((2, "kitty"),)


def test_mistakes_change_nothing(catalog: CatalogReading, corrections: Corrections) -> None:
    before = catalog.state(), everything(catalog), catalog.tag_names()
    with pytest.raises(ImsearchError, match="needs a name"):
        corrections.correct([1], ["dog", " "], Verdict.ADD)
    with pytest.raises(ImsearchError, match="no image 99"):
        corrections.correct([1, 99], ["beach"], Verdict.ADD)
    with pytest.raises(ImsearchError, match="Did you mean 'traffic light'"):
        corrections.rename("trafic light", "signal")
    assert (catalog.state(), everything(catalog), catalog.tag_names()) == before


def test_nothing_of_a_transaction_that_fails_is_kept(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state(), everything(catalog), catalog.tag_names(), catalog.history()
    with pytest.raises(ZeroDivisionError), pets.revising() as revision:
        tag = revision.tag_ids({"sea"})["sea"]
        revision.set_verdicts([Edit(1, tag, None, 1)])
        revision.note("add", [Edit(1, tag, None, 1)])
        revision.mark_changed([1])
        raise ZeroDivisionError
    assert (catalog.state(), everything(catalog), catalog.tag_names(), catalog.history()) == before
    with pets.revising() as revision:  # and the next one begins anew
        assert "sea" not in revision.tag_names() and revision.last() is None


def test_a_renamed_tag_goes_by_its_new_name(catalog: CatalogReading, corrections: Corrections) -> None:
    before = catalog.state()[1]
    done = corrections.rename("traffic light", "signal")
    assert (done.tags, done.name, done.images) == (("traffic light",), "signal", 1)
    assert catalog.changed_since(before) == [2]
    assert shown(catalog, 2) == {"dog": "fake", "signal": "fake"}
    assert catalog.renamed() == {"traffic light": "signal"} and "traffic light" not in catalog.tag_names()
    assert catalog.tag_counts("sig") == [("signal", 1)]
    assert [tag.name for tag in catalog.tags_of([2], {"signal"})[2]] == ["dog", "signal"]


def test_a_name_in_use_is_not_taken_and_is_merged_into(catalog: CatalogReading, corrections: Corrections) -> None:
    with pytest.raises(ImsearchError, match='imsearch tag merge "cat" "dog"'):
        corrections.rename("cat", "dog")
    assert corrections.merge(["cat", "dog"], "pet").images == 3
    assert [(tag.name, tag.probability) for tag in catalog.tags_of([1])[1]] == [("pet", 0.9)]
    assert catalog.tag_counts("pet") == [("pet", 2)]


def test_names_resolve_in_one_step(catalog: CatalogReading, corrections: Corrections) -> None:
    corrections.rename("cat", "kit")
    corrections.rename("kit", "tiger")
    assert catalog.renamed() == {"cat": "tiger", "kit": "tiger"}
    corrections.rename("cat", "cat")
    assert shown(catalog, 1) == {"cat": "fake"} and catalog.renamed() == {"kit": "tiger"}


def test_verdicts_go_by_the_new_name_too(catalog: CatalogReading, corrections: Corrections) -> None:
    corrections.correct([1], ["cat"], Verdict.REJECT)
    corrections.correct([2], ["cat"], Verdict.ADD)
    corrections.rename("cat", "feline")
    assert catalog.verdicts_of([1, 2]) == {1: {"feline": -1}, 2: {"feline": 1}}
    assert corrections.correct([1], ["cat"], Verdict.ADD).names == {"cat": ("feline",)}
    assert shown(catalog, 1) == {"feline": "user"}


def test_counts_agree_with_the_tags_of_each_image(catalog: CatalogReading, recorder: Recorder) -> None:
    """All that a user can have said of two tags and of a third, before the two are merged into it."""
    corrections = Corrections(catalog, recorder, LEXICON, lambda: None)
    verdicts = (Verdict.CLEAR, Verdict.ADD, Verdict.REJECT)
    answers = [(cat, dog, pet) for cat in verdicts for dog in verdicts for pet in verdicts]
    recorder.record([reading(number, {"cat": 0.9, "dog": 0.8}) for number in range(len(answers))], [])
    for image, said in enumerate(answers, start=1):
        for name, verdict in zip(("cat", "dog", "pet"), said, strict=True):
            corrections.correct([image], [name], verdict)
    corrections.merge(["cat", "dog"], "pet")
    images = range(1, len(answers) + 1)
    # Pet added (9); pet open, unless cat and dog are both rejected (8).
    assert sum("pet" in shown(catalog, image) for image in images) == 17
    assert catalog.tag_counts() == [("pet", 17)]
    by_user = sum(verdicts.get("pet", 0) > 0 for verdicts in catalog.verdicts_of(images).values())
    assert catalog.tag_counts("", "user") == [("pet", by_user)]


# -- the journal


CHANGES: list[Callable[[Corrections], object]] = [
    lambda corrections: corrections.correct([1, 2], ["dog", "beach"], Verdict.ADD),
    lambda corrections: corrections.correct([1], ["dog", "cat"], Verdict.REJECT),
    lambda corrections: corrections.correct([2], ["beach"], Verdict.REMOVE),
    lambda corrections: corrections.rename("cat", "puss"),
    lambda corrections: corrections.correct([1], ["puss"], Verdict.ACCEPT),
    lambda corrections: corrections.merge(["puss", "dog"], "pet"),
    lambda corrections: corrections.correct([3], ["pet"], Verdict.ADD),
    lambda corrections: corrections.correct([3], ["pet"], Verdict.CLEAR),
    lambda corrections: corrections.rename("cat", "cat"),
]


def test_every_change_is_undone_one_after_the_other(catalog: CatalogReading, corrections: Corrections) -> None:
    states = []
    for change in CHANGES:
        states.append(everything(catalog))
        change(corrections)
    for state in reversed(states):
        assert everything(catalog) != state
        corrections.undo()
        assert everything(catalog) == state
    with pytest.raises(ImsearchError, match="nothing to undo"):
        corrections.undo()


def test_the_history_tells_what_was_done(catalog: CatalogReading, corrections: Corrections) -> None:
    for change in CHANGES:
        change(corrections)
    undone = corrections.undo()
    assert (undone.action, undone.tags, undone.name, undone.undone) == ("rename", ("cat",), "cat", True)
    assert [(each.action, each.tags, each.name, each.images) for each in catalog.history()] == [
        ("rename", ("cat",), "cat", 2),
        ("clear", ("pet",), None, 1),
        ("add", ("pet",), None, 1),
        ("merge", ("puss", "dog"), "pet", 3),
        ("accept", ("puss",), None, 1),
        ("rename", ("cat",), "puss", 2),
        ("remove", ("beach",), None, 1),
        ("reject", ("dog", "cat"), None, 1),
        ("add", ("dog", "beach"), None, 2),
    ]
    assert [each.number for each in catalog.history(2)] == [9, 8]
    assert [each.name for each in catalog.history(number=4)] == ["puss"]
    assert abs(catalog.history()[0].made_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_only_the_last_change_is_undone_by_its_number(corrections: Corrections) -> None:
    first = corrections.correct([1], ["sea"], Verdict.ADD).number
    second = corrections.correct([1], ["sky"], Verdict.ADD).number
    with pytest.raises(UndoConflict, match="no longer the last one"):
        corrections.undo(first)
    assert corrections.undo(second).undone
    with pytest.raises(UndoConflict, match="undone already"):
        corrections.undo(second)
    with pytest.raises(ImsearchError, match="no change 99"):
        corrections.undo(99)


# -- what a review asks


def test_what_was_said_and_judged_can_be_asked_as_numbers(
    catalog: CatalogReading, pets: Recorder, corrections: Corrections
) -> None:
    corrections.correct([1], ["cat"], Verdict.REJECT)
    tags, judged, annotators = catalog.judgement()
    assert judged == {(1, tags.id("cat"))} and list(annotators.values()) == ["fake"]
    (annotator,) = annotators
    rows = {tuple(row) for row in catalog.said_of([1, 3]).tolist()}
    assert rows == {
        (1, annotator, tags.id("cat"), 0.9, 1),
        (1, annotator, tags.id("dog"), 0.2, 0),
        (3, annotator, tags.id("car"), 0.7, 1),
        (3, annotator, tags.id("cat"), 0.05, 0),
    }
    assert catalog.said_of([]).shape == (0, 5)
    assert catalog.spelled([tags.id("dog")]) == {tags.id("dog"): "dog"}
    pets.forget_annotator("fake")
    assert catalog.said_of([1]).shape == (0, 5) and catalog.judgement().annotators == {}


# -- defined tags


def test_a_defined_tag_is_said_by_an_annotator_of_its_own(catalog: CatalogReading, pets: Recorder) -> None:
    before = catalog.state()[1]
    with pets.defining() as defining:
        tag = defining.tag("cosy")
        changed = defining.write(tag, [(1, 0.75), (2, 0.25)])
        defining.put(Phrase(tag, "by the fire", "fake 1", 0.125))
        defining.mark_changed(changed, always=True)
    assert catalog.changed_since(before) == [1, 2]
    assert catalog.definitions() == catalog.definitions(tag) == (Definition("cosy", "by the fire", "fake 1", 1, 1),)
    assert catalog.phrases() == [Phrase(tag, "by the fire", "fake 1", 0.125, before)]
    assert shown(catalog, 1) == {"cat": "fake", "cosy": DEFINED} and catalog.tag_counts("", DEFINED) == [("cosy", 1)]
    assert [each.name for each in catalog.annotators()] == ["fake"] and catalog.sources() == [DEFINED, "fake"]


def test_only_new_pictures_are_judged_anew(catalog: CatalogReading, pets: Recorder) -> None:
    with pets.defining() as defining:
        tag = defining.tag("cosy")
        defining.write(tag, [(1, 0.75), (2, 0.75)])
        defining.put(Phrase(tag, "by the fire", "fake 1", None))
    pets.record([reading(4)], [])
    with pets.defining() as defining:
        assert defining.write(tag, [(4, 0.5)], [2, 4]) == {2, 4}
        defining.judged(tag)
        assert defining.shown(tag) == 2
    assert [DEFINED in shown(catalog, image).values() for image in (1, 2, 4)] == [True, False, True]
    assert catalog.phrases()[0].generation == catalog.state()[1]


def test_a_definition_is_forgotten_by_either_name(
    catalog: CatalogReading, pets: Recorder, corrections: Corrections
) -> None:
    with pets.defining() as defining:
        tag = defining.tag("cosy")
        defining.write(tag, [(1, 0.75)])
        defining.put(Phrase(tag, "by the fire", "fake 1", None))
    corrections.rename("cosy", "snug")
    assert [each.name for each in catalog.definitions()] == ["snug"]
    with pets.defining() as defining:
        assert (defining.defined("cosy"), defining.defined("snug"), defining.defined("cat")) == (tag, tag, None)
        assert defining.write(tag, []) == {1}
        defining.remove(tag)
        defining.mark_changed([], always=True)
    assert catalog.definitions() == () and catalog.phrases() == [] and catalog.sources() == ["fake"]
