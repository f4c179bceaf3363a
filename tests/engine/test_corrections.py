"""What the user says of tags wins and stays, whatever is indexed later; every change can be undone.

Of `pets`, 1 is a cat (.9) with a dog (.2), 2 a dog (.8) at a traffic light (.6), 3 a car (.7) with a cat
of .05.  A dog is shown from .7 on, everything else from .5 on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from imsearch.engine.changes import Correction, Verdict
from imsearch.engine.engine import Engine
from imsearch.engine.journal import history
from imsearch.engine.tagging import Word, settle
from imsearch.errors import ImsearchError
from imsearch.records import Tag
from tests.engine.support import LEXICON, reading, spec


def correct(engine: Engine, verdict: Verdict, images: list[int], *tags: str, exact: bool = False) -> Correction:
    return engine.corrections.correct(images, tags, verdict, exact=exact)


def tags(engine: Engine, image: int) -> dict[str, str]:
    """The shown tags of an image and who says so."""
    return {tag.name: tag.source for tag in engine.catalog.tags_of([image])[image] if tag.shown}


def ids(engine: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in engine.search(text, min_score=0).hits]


# -- verdicts


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
    assert len(history(pets.catalog)) == 1


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


def test_mistakes_change_nothing(pets: Engine) -> None:
    before = pets.status()
    with pytest.raises(ImsearchError, match="needs a name"):
        correct(pets, Verdict.ADD, [1], "dog", " ")
    with pytest.raises(ImsearchError, match="no image 99"):
        correct(pets, Verdict.ADD, [1, 99], "beach")
    assert pets.status() == before


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


# -- names


def test_a_renamed_tag_is_shown_and_found_by_its_new_name(pets: Engine) -> None:
    done = pets.corrections.rename("traffic light", "signal")
    assert (done.tags, done.name, done.images) == (("traffic light",), "signal", 1)
    assert tags(pets, 2) == {"dog": "fake", "signal": "fake"}
    assert pets.catalog.tag_counts() == [("car", 1), ("cat", 1), ("dog", 1), ("signal", 1)]
    assert "traffic light" not in pets.catalog.tag_names()
    assert ids(pets, "tag:signal") == [2]
    # The lexicon does not know this name: it means what it was called before.
    assert ids(pets, "traffic light") == [2]
    assert pets.verify() == []


def test_a_name_the_lexicon_does_not_know_keeps_its_kinds(pets: Engine) -> None:
    pets.corrections.rename("dog", "rex")
    assert ids(pets, "animal") == [1, 2, 3]  # a cat of .9, Rex of .8, a cat of .05
    assert ids(pets, "dog") == [2, 1]
    assert ids(pets, "rex") == [2, 1]


def test_a_name_the_lexicon_knows_means_what_the_lexicon_says(pets: Engine) -> None:
    pets.corrections.rename("car", "beach")
    assert ids(pets, "vehicle") == ids(pets, "car") == []
    assert ids(pets, "beach") == [3]


def test_merging_keeps_the_likeliest(pets: Engine) -> None:
    done = pets.corrections.merge(["cat", "dog"], "pet")
    assert done.images == 3
    assert [(tag.name, tag.probability) for tag in pets.catalog.tags_of([1])[1]] == [("pet", 0.9)]
    # On 3 there is only the ghost of a cat.
    assert pets.catalog.tag_counts("pet") == [("pet", 2)]
    hits = pets.search("tag:pet", min_score=0).hits
    assert [(hit.image.id, round(hit.score, 4)) for hit in hits] == [(1, 0.9), (2, 0.8), (3, 0.05)]
    assert pets.verify() == []


def test_renaming_to_a_tag_in_use_is_refused_and_merging_is_not(pets: Engine) -> None:
    with pytest.raises(ImsearchError, match='imsearch tag merge "cat" "dog"'):
        pets.corrections.rename("cat", "dog")
    assert pets.corrections.merge(["cat"], "dog").images == 2


def test_chains_resolve_and_cycles_are_refused(pets: Engine) -> None:
    pets.corrections.rename("cat", "kit")
    pets.corrections.rename("kit", "tiger")
    assert pets.catalog.renamed() == {"cat": "tiger", "kit": "tiger"}
    with pytest.raises(ImsearchError, match="goes by 'tiger' itself"):
        pets.corrections.rename("tiger", "cat")
    # "kit" is "tiger" by now, and so is what is merged into it.
    assert pets.corrections.merge(["dog"], "kit").name == "tiger"
    pets.corrections.rename("cat", "cat")
    assert tags(pets, 1) == {"cat": "fake"}
    with pytest.raises(ImsearchError, match="its own name already"):
        pets.corrections.rename("cat", "cat")


def test_an_unknown_tag_is_not_renamed(pets: Engine) -> None:
    with pytest.raises(ImsearchError, match="Did you mean 'traffic light'"):
        pets.corrections.rename("trafic light", "signal")
    with pytest.raises(ImsearchError, match="Did you mean 'cat'"):
        pets.corrections.rename("kitty", "puss")
    with pytest.raises(ImsearchError, match="nothing to merge"):
        pets.corrections.merge(["cat"], "cat")


def test_corrections_go_by_the_new_name_too(pets: Engine) -> None:
    correct(pets, Verdict.REJECT, [1], "cat")
    correct(pets, Verdict.ADD, [2], "cat")
    pets.corrections.rename("cat", "feline")
    assert tags(pets, 1) == {}
    assert pets.catalog.verdicts_of([1, 2]) == {1: {"feline": -1}, 2: {"feline": 1}}
    assert ids(pets, "feline") == [2, 3]
    # The old name is taken for the new one.
    assert correct(pets, Verdict.ADD, [1], "cat").names == {"cat": ("feline",)}
    assert correct(pets, Verdict.REMOVE, [2], "feline").changed == ((2, "feline"),)
    assert tags(pets, 1) == {"feline": "user"}
    assert tags(pets, 2) == {"dog": "fake", "traffic light": "fake"}


CAT, DOG, PET = 1, 2, 3  # ids of tags; cat and dog go by the name of pet
HEARD = [(CAT, Tag("pet", 0.9, "fake")), (DOG, Tag("pet", 0.8, "fake"))]


@pytest.mark.parametrize(
    ("words", "left", "verdict"),
    [
        pytest.param({}, [0.9, 0.8], None, id="nothing said"),
        pytest.param({CAT: -1}, [0.8], None, id="a rejection takes away what it was about"),
        pytest.param({CAT: -1, DOG: -1}, [], -1, id="where nothing is left, the name is rejected"),
        pytest.param({CAT: -1, DOG: 1}, [0.9, 0.8], 1, id="added under one name is there"),
        pytest.param({CAT: 1, PET: -1}, [0.9, 0.8], -1, id="the word on the name itself decides"),
        pytest.param({CAT: -1, PET: 1}, [0.9, 0.8], 1, id="the word on the name itself decides for it, too"),
    ],
)
def test_the_word_on_the_name_wins_then_what_was_added(
    words: dict[int, int], left: list[float], verdict: int | None
) -> None:
    said, verdicts = settle(HEARD, [Word(tag, PET, "pet", each) for tag, each in words.items()])
    assert [tag.probability for tag in said] == left
    assert verdicts.get("pet") == verdict


def test_counts_agree_with_the_tags_of_each_image(engine: Engine) -> None:
    """`tag_counts` follows the same rule as `settle`, in SQL: all that a user can have said before a merge."""
    answers = [(cat, dog, pet) for cat in (0, 1, -1) for dog in (0, 1, -1) for pet in (0, 1, -1)]
    engine.record([reading(number, {"cat": 0.9, "dog": 0.8}) for number in range(len(answers))])
    for image, said in enumerate(answers, start=1):
        for name, verdict in zip(("cat", "dog", "pet"), said, strict=True):
            engine.correct(image, name, verdict)
    engine.corrections.merge(["cat", "dog"], "pet")
    showing = [image for image in range(1, len(answers) + 1) if "pet" in tags(engine, image)]
    assert engine.catalog.tag_counts() == [("pet", len(showing))]
    # Those are: pet added (9); pet open, unless cat and dog are both rejected (8).
    assert len(showing) == 17
    assert sorted(ids(engine, "+tag:pet")) == showing
    assert engine.verify() == []


# -- the journal


def everything(engine: Engine) -> list[object]:
    found: list[object] = [engine.catalog.tags_of([1, 2, 3]), engine.catalog.verdicts_of([1, 2, 3])]
    return [*found, engine.catalog.renamed(), engine.catalog.tag_counts(), ids(engine, "cat OR dog OR tag:pet")]


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


def test_the_history_tells_what_was_done(pets: Engine) -> None:
    for change in CHANGES:
        change(pets)
    undone = pets.corrections.undo()
    assert (undone.action, undone.tags, undone.name, undone.undone) == ("rename", ("cat",), "cat", True)
    told = [(each.action, each.tags, each.name, each.images) for each in history(pets.catalog)]
    assert told == [
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
    assert [each.undone for each in history(pets.catalog)] == [True] + [False] * 8
    assert len(history(pets.catalog, 2)) == 2


def test_a_change_after_an_undo_is_the_next_to_be_undone(pets: Engine) -> None:
    correct(pets, Verdict.ADD, [1], "beach")
    correct(pets, Verdict.ADD, [1], "sea")
    pets.corrections.undo()
    correct(pets, Verdict.ADD, [1], "sky")
    assert [pets.corrections.undo().tags for _ in range(2)] == [("sky",), ("beach",)]


# -- what lasts


@pytest.fixture
def corrected(pets: Engine) -> Engine:
    """1 shows a puss by the user and no dog; "traffic light" is called "signal"."""
    correct(pets, Verdict.ACCEPT, [1], "cat")
    correct(pets, Verdict.REJECT, [1, 2], "dog")
    pets.corrections.rename("cat", "puss")
    pets.corrections.rename("traffic light", "signal")
    return pets


def check_corrected(engine: Engine) -> None:
    assert tags(engine, 1) == {"puss": "user"}
    assert tags(engine, 2) == {"signal": "fake"}
    assert ids(engine, "dog") == []
    assert ids(engine, "tag:puss")[0] == 1
    assert engine.verify() == []


def test_corrections_survive_indexing_again_and_newer_models(corrected: Engine) -> None:
    for version in ("1", "2"):
        corrected.use_annotators([spec(version=version)])
        corrected.record([reading(1, {"dog": 0.99, "cat": 0.8}), reading(2, {"dog": 0.99, "traffic light": 0.7})])
        corrected.catch_up()
        check_corrected(corrected)


def test_another_annotator_cannot_bring_back_what_was_rejected(corrected: Engine) -> None:
    corrected.use_annotators([spec("other", vector_length=None)])
    corrected.record([reading(1, {"dog": 0.99, "cat": 0.9}, annotator="other")])
    corrected.catch_up()
    check_corrected(corrected)


def test_corrections_follow_moved_copied_and_lost_files(corrected: Engine) -> None:
    corrected.record([reading(1, path="/elsewhere/copy.jpg")])
    corrected.forget([Path("/photos/1.jpg")])
    image = corrected.catalog.image(Path("/elsewhere/copy.jpg"))
    assert image is not None and image.id == 1
    check_corrected(corrected)
    corrected.forget([Path("/elsewhere/copy.jpg")])
    assert ids(corrected, "tag:puss") == [3]
    corrected.record([reading(1, path="/back.jpg")])
    corrected.catch_up()
    check_corrected(corrected)


def test_corrections_survive_a_rebuild_and_closing(corrected: Engine, folder: Path) -> None:
    corrected.rebuild()
    check_corrected(corrected)
    corrected.close()
    with Engine.open(folder, LEXICON, write=True) as engine:
        check_corrected(engine)
        assert engine.corrections.undo().name == "signal"


MOMENTS = {
    "before the transaction is committed": ("imsearch.engine.recorder", "_mark_changed", False),
    "before the text index follows": ("imsearch.engine.whoosh_index.WhooshTextIndex", "apply", True),
    "after the text index is written, before its state": ("imsearch.engine.whoosh_index", "write_state", True),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process to kill it")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda engine: correct(engine, Verdict.ADD, [1, 2], "beach"), id="add"),
        pytest.param(lambda engine: correct(engine, Verdict.REJECT, [1], "cat"), id="reject"),
        pytest.param(lambda engine: engine.corrections.merge(["cat", "dog"], "pet"), id="merge"),
    ],
)
def test_a_change_that_is_killed_is_made_wholly_or_not_at_all(
    folder: Path, moment: str, change: Callable[[Engine], object]
) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9, "dog": 0.2}), reading(2, {"dog": 0.8}), reading(3, {})])
        engine.catch_up()
        before = everything(engine)
    place, name, made = MOMENTS[moment]
    child = os.fork()
    if child == 0:
        try:
            killed_at(place, name)
            with Engine.open(folder, LEXICON, write=True) as engine:
                change(engine)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    with Engine.open(folder, LEXICON, write=True) as engine:
        after = everything(engine)
        assert engine.verify() == []
        assert len(history(engine.catalog)) == made
        if made:
            engine.corrections.undo()
        else:
            assert after == before
        assert everything(engine) == before


def killed_at(place: str, name: str) -> None:
    """Let this process die when the function is called."""
    module, _, owner = place.rpartition(".")
    target = (
        __import__(place, fromlist=["_"]) if owner[0].islower() else getattr(__import__(module, fromlist=["_"]), owner)
    )
    setattr(target, name, lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL))
