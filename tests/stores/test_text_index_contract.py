"""What every text index does."""

from __future__ import annotations

import pytest

from imsearch.engine.stores.derived import State
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.words.postings import REJECTED, weight_of

STATE: State = ("library", 7)
FAR = 70_000_000_000
"""An id that needs more than 32 bits."""


def content(index: TextIndex, tag: str) -> dict[int, tuple[float, bool, bool]]:
    """Probability, shown and rejected of the images that have a tag."""
    postings = index.postings(tag)
    columns = zip(
        postings.images.tolist(),
        postings.probabilities.tolist(),
        postings.shown.tolist(),
        postings.rejected.tolist(),
        strict=True,
    )
    return {image: (round(probability, 5), shown, rejected) for image, probability, shown, rejected in columns}


@pytest.fixture
def pets(text_index: TextIndex) -> TextIndex:
    """Cats on 3, 4 and `FAR`, nothing on 5; 6, which is not there, was removed."""
    cat = {"cat": weight_of(0.9, True), "hot dog": weight_of(0.25, False)}
    text_index.apply({3: cat, FAR: {"cat": weight_of(1.0, True)}, 5: {}}, None)
    text_index.apply({4: {"cat": weight_of(0.001, False)}, 6: None}, STATE)
    return text_index


def test_an_empty_index_finds_nothing(text_index: TextIndex) -> None:
    assert text_index.state is None
    assert len(text_index.images()) == 0
    assert content(text_index, "cat") == {}


def test_postings_tell_how_likely_a_tag_is_and_whether_it_is_shown(pets: TextIndex) -> None:
    assert content(pets, "cat") == {3: (0.9, True, False), FAR: (1, True, False), 4: (0.001, False, False)}
    assert content(pets, "hot dog") == {3: (0.25, False, False)}


def test_a_tag_is_found_as_a_whole_and_as_it_is_spelled(pets: TextIndex) -> None:
    assert content(pets, "hot") == content(pets, "Cat") == content(pets, "ca") == {}


def test_half_a_character_is_in_no_document(pets: TextIndex, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["text_index"] != "Whoosh":  # which cannot be asked
        assert content(pets, "\udc80") == {}


def test_all_images_are_told_also_those_without_tags(pets: TextIndex) -> None:
    assert sorted(pets.images().tolist()) == [3, 4, 5, FAR]


def test_the_state_is_that_of_the_last_piece(text_index: TextIndex) -> None:
    text_index.apply({1: {"cat": 0.5}}, None)
    assert text_index.state is None
    text_index.apply({}, STATE)
    assert text_index.state == STATE
    text_index.apply({2: {"cat": 0.5}}, None)
    assert text_index.state == STATE  # done again, the piece does no harm


def test_documents_are_replaced_and_removed_and_twice_does_no_harm(pets: TextIndex) -> None:
    for _ in range(2):
        pets.apply({3: {"cat": REJECTED, "\u72ac": 0.5}, 4: None}, ("library", 8))
    assert pets.state == ("library", 8)
    assert content(pets, "hot dog") == {}
    assert {image: rejected for image, (_, _, rejected) in content(pets, "cat").items()} == {3: True, FAR: False}
    assert content(pets, "\u72ac") == {3: (0.5, False, False)}
    assert sorted(pets.images().tolist()) == [3, 5, FAR]


def test_each_commit_is_told_from_the_one_before(pets: TextIndex) -> None:
    before = pets.commit()
    assert pets.commit() == before
    pets.apply({8: {"cat": 0.5}}, ("library", 8))
    pets.refresh()
    assert pets.commit() != before


def test_clearing_leaves_nothing(pets: TextIndex) -> None:
    pets.clear()
    assert pets.state is None and len(pets.images()) == 0 and content(pets, "cat") == {}
    pets.apply({1: {"cat": 0.5}}, STATE)
    assert content(pets, "cat") == {1: (0.5, False, False)}


def test_what_was_written_is_sound_and_can_be_read_after_closing(pets: TextIndex) -> None:
    pets.check()
    before = content(pets, "cat")
    pets.close()
    assert content(pets, "cat") == before and pets.state == STATE


def test_long_postings_survive_blocks_merges_and_deletions(text_index: TextIndex) -> None:
    probability = {image: round(((image * 37) % 1000) / 1000, 3) for image in range(1, 3001)}
    for start in range(1, 3001, 300):
        piece = range(start, start + 300)
        text_index.apply({image: {"cat": weight_of(probability[image], False), "one": 1.0} for image in piece}, None)
    text_index.apply(dict.fromkeys(range(100, 2900)), STATE)
    expected = {image: probability[image] for image in (*range(1, 100), *range(2900, 3001))}
    assert {image: value for image, (value, _, _) in content(text_index, "cat").items()} == pytest.approx(expected)
    assert set(content(text_index, "one")) == set(expected)
