"""What the user says of tags wins and stays, whatever is indexed later; every change can be undone.

Of `pets`, 1 is a cat (.9) with a dog (.2), 2 a dog (.8) at a traffic light (.6), 3 a car (.7) with a cat
of .05.  A dog is shown from .7 on, everything else from .5 on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.errors import ImsearchError
from tests.engine.support import LEXICON, correct, everything, ids, tags


def test_add_says_so_for_all_images_and_tags_in_one_change(pets: Engine) -> None:
    done = correct(pets, Verdict.ADD, [1, 2], "Beach", "dog")
    # The dog on 2 is the annotator's; now it is the user's too.
    assert done.changed == ((1, "beach"), (1, "dog"), (2, "beach"), (2, "dog"))
    assert done.images == 2
    assert tags(pets, 1) == {"beach": "user", "dog": "user", "cat": "fake"}
    assert ids(pets, "+beach +dog") == [1, 2]
    again = correct(pets, Verdict.ADD, [1, 3], "dog")
    assert (again.changed, again.unchanged) == (((3, "dog"),), ((1, "dog"),))


def test_what_is_so_already_is_no_change(pets: Engine) -> None:
    correct(pets, Verdict.REJECT, [1], "cat")
    before = pets.status().generation
    assert correct(pets, Verdict.REJECT, [1], "cat").unchanged == ((1, "cat"),)
    assert pets.status().generation == before
    assert len(pets.catalog.history()) == 1


def test_accept_confirms_only_what_was_suggested(pets: Engine) -> None:
    # The ghost of a cat on 3 is in the long tail; that is a suggestion.  On 2 there is none.
    done = correct(pets, Verdict.ACCEPT, [2, 3], "cat")
    assert (done.changed, done.refused) == (((3, "cat"),), ((2, "cat"),))
    assert tags(pets, 3) == {"cat": "user", "car": "fake"}


def test_a_rejected_tag_can_be_accepted_after_all(pets: Engine) -> None:
    correct(pets, Verdict.REJECT, [1], "cat")
    assert correct(pets, Verdict.ACCEPT, [1], "cat").changed == ((1, "cat"),)
    assert tags(pets, 1) == {"cat": "user"}


def test_remove_takes_back_only_what_the_user_added(pets: Engine) -> None:
    correct(pets, Verdict.ADD, [1], "dog", "beach")
    done = correct(pets, Verdict.REMOVE, [1], "dog", "beach", "cat", "car")
    assert done.changed == ((1, "dog"), (1, "beach"))
    assert done.refused == ((1, "cat"), (1, "car"))
    assert done.said == {(1, "dog"): "fake", (1, "cat"): "fake"}
    assert tags(pets, 1) == {"cat": "fake"}
    assert ids(pets, "dog") == [2, 1]  # the annotator's guess of .2 is back


def test_words_become_the_tags_the_lexicon_has_for_them(pets: Engine) -> None:
    assert correct(pets, Verdict.ADD, [1], "Automobiles").names == {"automobiles": ("car",)}
    done = correct(pets, Verdict.ADD, [1], "kitty", exact=True)
    assert done.changed == ((1, "kitty"),)
    # Once the user has it as a tag, it is one.
    assert correct(pets, Verdict.ADD, [2], "kitty").changed == ((2, "kitty"),)


def test_tags_of_a_namespace(pets: Engine) -> None:
    assert correct(pets, Verdict.ADD, [1], "emotion:happy").changed == ((1, "emotion:happy"),)
    assert ids(pets, "emotion:happy") == [1]


def test_a_reader_corrects_beside_a_writer(pets: Engine, folder: Path) -> None:
    with Engine.open(folder, LEXICON) as reader:
        assert correct(reader, Verdict.ADD, [1], "dog").number == 1
        assert correct(pets, Verdict.ADD, [1], "sea").number == 2
        assert correct(reader, Verdict.ADD, [1], "dog").number is None
        assert tags(reader, 1) == tags(pets, 1) == {"cat": "fake", "dog": "user", "sea": "user"}
        assert ids(reader, "+sea") == [1]  # the writer's own change is found at once
        pets.catch_up()
        assert ids(reader, "+dog") == [1, 2]
    assert pets.verify() == []


# -- the journal


CHANGES: list[Callable[[Engine], object]] = [
    lambda engine: correct(engine, Verdict.ADD, [1, 2], "dog", "beach"),
    lambda engine: correct(engine, Verdict.REJECT, [1], "dog", "cat"),
    lambda engine: correct(engine, Verdict.REMOVE, [2], "beach"),
    lambda engine: engine.corrections.rename("cat", "puss"),
    lambda engine: correct(engine, Verdict.ACCEPT, [1], "puss"),
    lambda engine: engine.corrections.merge(["puss", "dog"], "pet"),
    lambda engine: correct(engine, Verdict.ADD, [3], "pet"),
    lambda engine: engine.correct(3, "pet", 0),
    lambda engine: engine.corrections.rename("cat", "cat"),
]


def test_every_change_is_undone_one_after_the_other(pets: Engine) -> None:
    states = []
    for change in CHANGES:
        states.append(everything(pets))
        change(pets)
    for state in reversed(states):
        assert everything(pets) != state
        pets.corrections.undo()
        assert everything(pets) == state
    with pytest.raises(ImsearchError, match="nothing to undo"):
        pets.corrections.undo()
    assert pets.verify() == []


def test_a_change_after_an_undo_is_the_next_to_be_undone(pets: Engine) -> None:
    correct(pets, Verdict.ADD, [1], "beach")
    correct(pets, Verdict.ADD, [1], "sea")
    pets.corrections.undo()
    correct(pets, Verdict.ADD, [1], "sky")
    assert [pets.corrections.undo().tags for _ in range(2)] == [("sky",), ("beach",)]
