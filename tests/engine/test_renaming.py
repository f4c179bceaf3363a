"""Tags that go by another name since the user renamed or merged them."""

from __future__ import annotations

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.tagging import Word, settle
from imsearch.errors import ImsearchError
from imsearch.records import Tag
from tests.engine.support import correct, ids, reading, tags


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
    hits = pets.finder.search("tag:pet", min_score=0).hits
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
    with pytest.raises(ImsearchError, match="'cat' is itself renamed to 'tiger'"):
        pets.corrections.rename("tiger", "cat")
    # "kit" is "tiger" by now, and so is what is merged into it.
    assert pets.corrections.merge(["dog"], "kit").name == "tiger"
    pets.corrections.rename("cat", "cat")
    assert tags(pets, 1) == {"cat": "fake"}
    with pytest.raises(ImsearchError, match="already has its own name"):
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
