"""Free text asks the space of the pictures: with an encoder of two dimensions whose angles are known."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imsearch.engine.engine import Engine
from imsearch.engine.search.fusion import Fusion
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.search.ranking import Ranking
from imsearch.engine.search.vector_table import VectorTable
from imsearch.engine.stores.changes import Verdict
from tests.engine.support import LEXICON, correct, ids, reading, spec

NORTH, EAST, SOUTH = (0.0, 1.0), (1.0, 0.0), (0.0, -1.0)
KNOWN = {
    "purring": NORTH,
    "a purring kitty": NORTH,
    "vroom": EAST,
    "purring dog": NORTH,
    "a purring dog": NORTH,
    "dog vroom": EAST,
    "vroom dog kitty": EAST,
    "kitty vroom": EAST,
    "dog": NORTH,
    "beach": NORTH,
}


FEW = Fusion(alone=0.3, clear=-9, alone_clear=-9)
"""Among four pictures none is much likelier than the others."""


class Compass:
    """Knows the directions of some texts, and which texts it was asked."""

    scale = 4.0
    reader = ""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.version = "1"
        self.calibrated = False

    def versions(self) -> Mapping[str, str]:
        return {"fake": self.version, "another": "1"}

    def get(self, name: str) -> Compass:
        assert name == "fake"
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([KNOWN.get(text, (0.0, 0.0)) for text in texts], np.float32)

    def pictures(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def towards(self, direction: NDArray[np.float32]) -> NDArray[np.float32]:
        return direction

    def probability(self, cosines: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return np.asarray((1 + cosines) / 2, np.float32) if self.calibrated else None


@pytest.fixture
def compass() -> Compass:
    return Compass()


@pytest.fixture
def seen(folder: Path, compass: Compass) -> Iterator[Engine]:
    """1 a cat in the north, 2 a dog in the east, 3 a car in the south, 4 of no tag between north and east."""
    options = SearchOptions(encoders=compass, ranking=Ranking(fusion=FEW))
    with Engine.open(folder, LEXICON, create=True, options=options) as engine:
        engine.use_annotators([spec()])
        engine.record(
            [
                reading(1, {"cat": 0.8}, vector=(0, 2)),
                reading(2, {"dog": 0.8}, vector=(5, 0)),
                reading(3, {"car": 0.8}, vector=SOUTH),
                reading(4, {}, vector=(1, 1)),
            ]
        )
        engine.catch_up()
        yield engine


def test_unknown_words_find_the_pictures_near_to_them(seen: Engine) -> None:
    results = seen.finder.search("purring", min_score=0)
    assert [hit.image.id for hit in results.hits] == [1, 4]  # the others are no nearer than most
    assert (results.unknown, results.sense) == (("purring",), "purring")
    assert all(0 < hit.score < 1 for hit in results.hits)


def test_the_text_as_a_whole_is_told_as_a_reason(seen: Engine, compass: Compass) -> None:
    compass.calibrated = True
    hits = seen.finder.search("cat vroom", min_score=0).hits
    assert {word: (tag.name, tag.source) for word, tag in hits[0].why.items()} == {
        "cat": ("cat", "fake"),
    }  # of a text of which nothing is known, nothing is told
    (first, *_) = seen.finder.search("vroom dog and kitty", min_score=0).hits
    assert (first.image.id, first.why["dog"].name) == (2, "dog")
    whole = first.why["vroom dog kitty"]
    assert (whole.name, whole.source) == ("as a whole", "fake")
    assert whole.probability == pytest.approx(1.0, abs=1e-3)


def test_the_encoder_may_know_how_likely(seen: Engine, compass: Compass) -> None:
    compass.calibrated = True
    found = {hit.image.id: hit.score for hit in seen.finder.search("purring", min_score=0).hits}
    assert found == pytest.approx({1: 1.0, 4: (1 + math.sqrt(0.5)) / 2}, abs=1e-3)


def test_the_text_is_asked_with_the_words_that_are_left_out(seen: Engine, compass: Compass) -> None:
    assert seen.finder.search("a purring kitty", min_score=0).sense == "a purring kitty"
    assert compass.asked == ["a purring kitty"]


def test_and_joins_words_as_a_space_does(seen: Engine) -> None:
    assert seen.finder.search("vroom dog and kitty", relax=False).sense == "vroom dog kitty"


def test_known_words_keep_their_order_unless_the_space_speaks_up(seen: Engine) -> None:
    # Both are as likely by the words; the text points east, where the dog is.
    seen.record([reading(5, {"dog": 0.8}, vector=SOUTH)])
    seen.catch_up()
    results = seen.finder.search("dog vroom", min_score=0)
    assert [hit.image.id for hit in results.hits][:2] == [2, 5]
    assert results.hits[0].score > 0.5


def test_of_a_single_known_word_the_probability_hardly_moves(seen: Engine) -> None:
    (hit, *others) = seen.finder.search("dog", min_score=0).hits
    assert hit.image.id == 2 and hit.score == pytest.approx(0.8, abs=0.1)
    assert {hit.image.id for hit in others} == {1, 4}  # the text points north: found, and less likely
    assert all(each.score < 0.3 for each in others)


def test_a_known_word_that_nothing_shows_is_answered_by_the_space(seen: Engine) -> None:
    results = seen.finder.search("beach", min_score=0)
    assert [hit.image.id for hit in results.hits] == [1, 4]
    assert (results.unknown, results.sense) == ((), "")


@pytest.mark.parametrize(
    "text",
    ["tag:purring", "-purring dog", "purring OR dog", "mood:purring", "(purring by:user)", "date:2020", "+purring"],
)
def test_nobody_is_asked_of_words_that_are_not_plain(seen: Engine, compass: Compass, text: str) -> None:
    assert seen.finder.search(text, min_score=0).sense == ""
    assert "purring" not in compass.asked


def test_a_text_of_which_nothing_is_known_is_left_out(seen: Engine) -> None:
    results = seen.finder.search("qwertz dog")
    assert (results.unknown, results.sense) == (("qwertz",), "")
    assert [hit.image.id for hit in results.hits] == [2]


def test_without_words_to_avoid(seen: Engine) -> None:
    assert ids(seen, "purring -cat") == [4]
    assert ids(seen, 'purring -"traffic light"') == [1, 4]
    assert ids(seen, "-dog -car") == [1, 4]


def test_conditions_hold(seen: Engine) -> None:
    assert ids(seen, "purring name:4") == [4]
    assert seen.finder.search("purring name:3", min_score=0).total == 0


def test_a_rejected_word_is_not_found_by_its_text(seen: Engine) -> None:
    correct(seen, Verdict.REJECT, [1], "dog")
    assert 1 not in ids(seen, "dog")


def test_what_the_user_said_stays_certain(seen: Engine) -> None:
    correct(seen, Verdict.ADD, [3], "dog")
    assert seen.finder.search("dog").hits[0].image.id == 3
    assert seen.finder.search("dog").hits[0].score == 1


def test_vectors_of_another_version_are_not_compared(seen: Engine, compass: Compass) -> None:
    compass.version = "2"
    results = seen.finder.search("purring", min_score=0)
    assert (results.total, results.sense, compass.asked) == (0, "", [])


def test_the_annotator_of_the_settings_is_asked_first(seen: Engine) -> None:
    assert seen.finder.texts.choose(()) == "fake"
    seen.use_annotators([spec("another", vector_length=3)])
    assert seen.finder.texts.choose(()) == "another"
    assert seen.finder.texts.choose(("no", "fake")) == "fake"


def test_new_pictures_and_gone_ones_are_compared_as_they_are(seen: Engine) -> None:
    assert ids(seen, "purring") == [1, 4]
    seen.record([reading(5, {}, vector=(0.1, 1)), reading(2, {"dog": 0.8}, vector=NORTH)])
    seen.forget([Path("/photos/1.jpg")])
    assert set(ids(seen, "purring")) == {2, 5}


def test_it_may_be_left_out(seen: Engine, compass: Compass) -> None:
    apart = seen.finder.using(replace(seen.finder.options, whole=False))
    assert ids(apart, "purring dog") == [2] and compass.asked == []
    alone = seen.finder.using(replace(seen.finder.options, ranking=Ranking(fusion=replace(FEW, nearest=0))))
    assert ids(alone, "purring dog") == [2] and compass.asked == ["purring dog"]


def test_without_clear_evidence_nothing_is_found_by_the_text(seen: Engine, compass: Compass) -> None:
    finder = seen.finder.using(SearchOptions(encoders=compass))
    compass.scale = 1.0
    assert finder.search("beach", min_score=0).total == 0
    assert ids(finder, "dog") == [2]
    seen.record([reading(number, {}, vector=SOUTH) for number in range(10, 60)])
    compass.scale = 20.0
    assert ids(finder, "beach") == [1]
    assert ids(finder, "dog") == [2, 1]


def test_an_encoder_that_fails_at_pictures_counts_for_nothing(seen: Engine, compass: Compass) -> None:
    compass.pictures = lambda vectors: np.zeros((len(vectors), 0), np.float32)  # type: ignore[method-assign]
    assert ids(seen, "a purring dog") == [2] and ids(seen, "purring") == []


def test_a_large_library_finds_the_same(seen: Engine) -> None:
    asked = ("purring", "purring -cat", "dog vroom", "dog", "beach", "qwertz dog")
    whole = [ids(seen, text) for text in asked]
    assert ids(seen, "car purring")[-1] == 3
    seen.record([reading(9, {"tree": 0.9}, vector=SOUTH)])
    seen.catch_up()
    large = seen.finder.using(replace(seen.finder.options, exact=2))
    assert [ids(large, text) for text in asked] == whole
    assert ids(large, "car purring")[-1] == 3


def test_a_picture_to_look_like_and_words_beside(seen: Engine) -> None:
    assert ids(seen, "like:4 purring")[0] == 1
    assert ids(seen, "like:4 vroom")[0] == 2


@pytest.mark.parametrize("exact", [100, 2])
def test_a_large_library_is_asked_for_the_nearest(seen: Engine, compass: Compass, exact: int) -> None:
    table = VectorTable(seen.catalog, seen.indexes, "fake", compass, exact=exact)
    compared = table.compare(np.array(NORTH, np.float32))
    assert compared.ids.tolist() == [1, 2, 3, 4] and compared.whole == (exact == 100)
    assert compared.cosines == pytest.approx([1, 0, -1, math.sqrt(0.5)], abs=2e-3)
    assert sorted(compared.usual) == pytest.approx([-1, 0, math.sqrt(0.5), 1], abs=2e-3)
    found, cosines = table.among([2, 4, 99], np.array(NORTH, np.float32))
    assert dict(zip(found.tolist(), cosines.tolist(), strict=True)) == pytest.approx(
        {2: 0, 4: math.sqrt(0.5)}, abs=1e-3
    )


def test_a_word_that_is_hardly_believed_is_answered_by_the_space(seen: Engine) -> None:
    seen.record([reading(5, {"purring": 0.01}, vector=SOUTH)])
    seen.catch_up()
    best, *others = seen.finder.search("purring", min_score=0).hits
    assert (best.image.id, best.score > 0.3) == (1, True)
    assert [hit.image.id for hit in others][-1] == 5
