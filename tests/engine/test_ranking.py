"""Each ingredient of ranking on a few pictures whose scores can be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import insert, update

from imsearch.engine.engine import Engine
from imsearch.engine.search.feedback import Feedback, best
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.search.ranking import Ranking, rank
from imsearch.engine.stores.sql import schema as s
from imsearch.engine.words.postings import REJECTED, Postings
from imsearch.engine.words.resolved import All, Demanded, Like, Negated, Resolved, Term
from imsearch.errors import ImsearchError
from tests.engine.support import reading, tables

CAT, DOG = Term("cat", ("cat",)), Term("dog", ("dog",))
TAGS = {"cat": {1: 0.9, 3: 0.05}, "dog": {1: 0.2, 2: 0.8}}
# The cosine of 1 and 2 is .6, which counts e**-2; 3 has no vector.
VECTORS = {1: (1.0, 0.0), 2: (3.0, 4.0)}


def lookup_in(tags: Mapping[str, Mapping[int, float]]) -> Mapping[str, Postings]:
    found = {}
    for tag, images in tags.items():
        weights = np.array(list(images.values()), np.float32)
        found[tag] = Postings(np.array(list(images), np.int64), weights, weights >= 0.5, weights == REJECTED)
    return found


def vectors(ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
    return {image: np.array(VECTORS[image], np.float32) for image in ids if image in VECTORS}


def ranked(
    query: Resolved,
    tags: Mapping[str, Mapping[int, float]] = TAGS,
    ranking: Ranking | None = None,
    min_score: float | None = 0.0,
) -> dict[int, float]:
    """Scores by image, best first."""
    postings, nothing = lookup_in(tags), lookup_in({"": {}})[""]
    ids, scores = rank(
        query,
        lambda tag: postings.get(tag, nothing),
        np.arange(1, 4),
        min_score,
        ranking=ranking or Ranking(feedback=Feedback()),
        vectors=vectors,
    )
    return {image: round(float(score), 4) for image, score in zip(ids, scores, strict=True)}


# ---- visual evidence


def test_a_picture_like_the_best_hits_of_a_word_is_lifted() -> None:
    # 1 votes for the cat in 2, and 2 for the dog in 1: each is believed a tenth.
    cat_in_2, dog_in_1 = 0.1 * math.exp(-2) * 0.9, 0.1 * math.exp(-2) * 0.8
    found = ranked(All((CAT, DOG)))
    assert found[1] == pytest.approx(math.sqrt(0.9 * (1 - 0.8 * (1 - dog_in_1))), abs=1e-4)
    assert found[2] == pytest.approx(math.sqrt(0.8 * cat_in_2), abs=1e-4)
    assert found[3] == pytest.approx(math.sqrt(0.05 * 0.001), abs=1e-4)  # without a vector it is as it was
    assert list(found) == [1, 2, 3]


def test_likeness_alone_makes_no_result_and_no_vote_is_about_oneself() -> None:
    assert ranked(CAT) == {1: 0.9, 3: 0.05}


def test_several_hits_are_independent_witnesses() -> None:
    # All three point the same way: 3 hears .5 and .4 from the others, at full weight.
    same = {1: (1.0, 0.0), 2: (2.0, 0.0), 3: (3.0, 0.0)}
    postings = lookup_in({"cat": {1: 0.5, 2: 0.4, 3: 0.1}})
    _, scores = rank(
        CAT,
        lambda tag: postings[tag],
        np.arange(1, 4),
        0.0,
        ranking=Ranking(feedback=Feedback(weight=1.0)),
        vectors=lambda ids: {image: np.array(same[image], np.float32) for image in ids},
    )
    assert scores.tolist() == pytest.approx([1 - 0.5 * 0.6 * 0.9, 1 - 0.6 * 0.5 * 0.9, 1 - 0.9 * 0.5 * 0.6], abs=1e-5)


def test_what_the_user_rejected_is_not_lifted() -> None:
    found = ranked(All((CAT, DOG)), {**TAGS, "cat": {1: 0.9, 2: REJECTED}})
    assert found[2] == pytest.approx(math.sqrt(0.8 * 0.001), abs=1e-4)


def test_words_to_avoid_get_no_votes() -> None:
    # 1 speaks for a dog in 2; the cat in 1 says nothing of a cat in 2, which would cost it a little.
    dog = 1 - (1 - 0.8) * (1 - 0.1 * math.exp(-2) * 0.2)
    assert ranked(All((DOG, Negated(CAT)))) == {2: pytest.approx(dog, abs=1e-4)}


def test_only_the_best_candidates_are_voted_on() -> None:
    few = Ranking(feedback=Feedback(candidates=1))
    assert ranked(All((CAT, DOG)), ranking=few)[2] == pytest.approx(math.sqrt(0.8 * 0.001), abs=1e-4)


def test_of_equal_scores_the_first_are_best() -> None:
    assert best(np.array([0.5, 0.9, 0.5, 0.5], np.float32), 3).tolist() == [0, 1, 2]


# ---- joining words


@pytest.mark.parametrize(
    ("mean", "score"), [("geometric", math.sqrt(0.18)), ("arithmetic", 0.55), ("least", 0.2), ("greatest", 0.9)]
)
def test_means(mean: str, score: float) -> None:
    found = ranked(All((CAT, DOG)), ranking=Ranking(mean=mean, feedback=None))
    assert found[1] == pytest.approx(score, abs=1e-4)


# ---- like


def like(**cosines: float) -> Like:
    ids = np.array([int(name[1:]) for name in cosines], np.int64)
    return Like("7", ids, np.array(list(cosines.values()), np.float32))


def test_like_alone_goes_by_the_cosine() -> None:
    assert ranked(like(i2=0.6, i3=-0.5)) == {2: 0.6, 3: 0.0}


def test_like_with_a_word_counts_as_a_further_word() -> None:
    plain = Ranking(feedback=None)
    found = ranked(All((DOG, like(i1=0.6, i3=1.0))), ranking=plain)
    assert found == {
        1: pytest.approx(math.sqrt(0.2 * math.exp(-2)), abs=1e-4),
        3: pytest.approx(math.sqrt(0.001 * 1.0), abs=1e-4),
        2: pytest.approx(math.sqrt(0.8 * 0.001), abs=1e-4),
    }
    assert list(found) == [1, 3, 2]
    assert set(ranked(All((Demanded(DOG), like(i1=0.6))), ranking=plain)) == {2}


def test_like_takes_an_image_of_the_library_or_a_file(pets: Engine) -> None:
    near = pets.finder._answering.likeness.like("1", None, None, [])
    assert (near.ids.tolist(), near.scores.tolist()) == ([2, 3], pytest.approx([0.6, 0.0], abs=1e-3))
    assert pets.finder._answering.likeness.like("/photos/1.jpg", None, None, []).ids.tolist() == [2, 3]
    with pytest.raises(ImsearchError, match="like:77"):
        pets.finder._answering.likeness.like("77", None, None, [])


# ---- the end of the list


def test_the_list_ends_where_relevance_does() -> None:
    tags = {"cat": {1: 0.4, 2: 0.25, 3: 0.06}}
    plain = Ranking(feedback=None)
    assert list(ranked(CAT, tags, plain, None)) == [1, 2]
    assert list(ranked(CAT, tags, plain, 0.22)) == [1, 2]
    assert list(ranked(CAT, tags, plain, 0.0)) == [1, 2, 3]


def test_pages_join_to_the_whole(engine: Engine) -> None:
    engine.record([reading(number, {"cat": 0.5 + number % 2 / 10}) for number in (9, 4, 7, 2, 5, 8)])
    engine.catch_up()
    whole = [hit.image.id for hit in engine.finder.search("cat").hits]
    pages = [hit.image.id for start in (0, 2, 4) for hit in engine.finder.search("cat", limit=2, offset=start).hits]
    assert pages == whole
    assert whole == [1, 3, 5, 2, 4, 6]  # .6 are the pictures 9, 7, 5, recorded first, third and fifth


# ---- what people wrote


@pytest.fixture
def written(engine: Engine) -> Engine:
    """1 is called rexTheDog and is .4 a dog; 2 lies in a folder of Berlin; 3 has keywords, a title, a description."""
    engine.record(
        [
            reading(1, {"dog": 0.4}, path="/photos/rexTheDog.jpg"),
            reading(2, {"cat": 0.9}, path="/home/anna/2019 Berlin/IMG_1234.jpg"),
            reading(3, {"cat": 0.2}, path="/photos/3.jpg"),
        ]
    )
    rows = [("keyword", "hot dogs"), ("title", "Golden Gate"), ("description", "Rex and a kitty")]
    with tables(engine).engine.begin() as connection:
        connection.execute(insert(s.texts), [{"image_id": 3, "source": source, "text": text} for source, text in rows])
    engine.rebuild()
    return engine


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dog", {1: 1 - 0.6 * 0.45, 3: 0.7}),  # the tag and the name; the keyword in another form
        ("tag:dog", {1: 0.4}),
        ("rex", {1: 0.55, 3: 0.5}),  # nobody but names and descriptions knows it
        ("berlin", {2: 0.3}),
        ("2019", {2: 0.3}),
        ('"golden gate"', {3: 0.6}),
        ('"golden dog"', {3: 0.6}),  # the weaker of both
        ('"rex gate"', {3: 0.5}),
        ("cat", {2: 0.9, 3: 0.2}),
        ("kitty", {2: 0.9, 3: 1 - 0.8 * 0.5}),
        ("+rex", {1: 0.55}),  # a description is no proof
        ("anna", {}),
        ("img", {}),
    ],
)
def test_written_words_are_evidence(written: Engine, text: str, expected: dict[int, float]) -> None:
    hits = written.finder.search(text, min_score=0).hits
    assert {hit.image.id: hit.score for hit in hits} == pytest.approx(expected, abs=1e-4)


def test_a_hit_says_where_a_word_is_written(written: Engine) -> None:
    def why(text: str) -> dict[int, tuple[str, float, str]]:
        hits = written.finder.search(text, min_score=0).hits
        return {hit.image.id: (tag.name, tag.probability, tag.source) for hit in hits for tag in hit.why.values()}

    assert why("dog") == {1: ("dog", 0.55, "name"), 3: ("dogs", 0.7, "keyword")}
    assert why("berlin") == {2: ("berlin", 0.3, "folder")}
    assert why('"golden gate"') == {3: ("golden gate", 0.6, "title")}
    assert why("cat")[2] == ("cat", 0.9, "fake")


def test_unknown_words_stay_unknown(written: Engine) -> None:
    assert written.finder.search("rex unicorn").unknown == ("unicorn",)


def test_a_rejected_word_is_not_believed_of_a_name(written: Engine) -> None:
    written.correct(1, "dog", -1)
    assert [hit.image.id for hit in written.finder.search("dog", min_score=0).hits] == [3]


def test_a_renamed_file_is_found_by_its_new_name_only(engine: Engine) -> None:
    engine.record([reading(1, {"cat": 0.5}, path="/photos/rex.jpg")])
    engine.record([reading(1, path="/photos/bello.jpg")])
    engine.forget([engine.catalog.paths_of([1])[1][1]])
    assert [hit.image.id for hit in engine.finder.search("bello").hits] == [1]
    assert engine.finder.search("rex").total == 0


def test_written_words_can_be_left_out(written: Engine) -> None:
    finder = written.finder.using(SearchOptions(ranking=Ranking(written=False, feedback=None)))
    assert {hit.image.id: round(hit.score, 4) for hit in finder.search("dog", min_score=0).hits} == {1: 0.4}


# ---- facets


def test_ids_alone_come_in_the_same_order(pets: Engine) -> None:
    assert pets.finder.search_ids("animal", min_score=0) == [
        hit.image.id for hit in pets.finder.search("animal", min_score=0).hits
    ]
    assert pets.finder.search_ids("unicorn") == []


def test_facets_count_the_whole_result(engine: Engine) -> None:
    readings = [
        reading(1, {"cat": 0.9, "grass": 0.6}, path="/photos/a/1.jpg"),
        reading(2, {"cat": 0.8, "grass": 0.7, "dog": 0.2}, path="/photos/a/2.jpg"),
        reading(3, {"cat": 0.7}, path="/photos/b/3.jpg"),
        reading(4, {"dog": 0.9}, path="/photos/b/4.jpg"),
    ]
    facts = readings[0].facts
    assert facts is not None
    engine.record([replace(readings[0], facts=replace(facts, taken_at=datetime(2023, 5, 1))), *readings[1:]])
    with tables(engine).engine.begin() as connection:
        connection.execute(update(s.images).where(s.images.c.id < 4).values(camera="Box"))
    engine.correct(2, "grass", -1)
    engine.correct(3, "beach", 1)
    found = engine.finder.search("cat", limit=1, facets=True)
    assert len(found.hits) == 1
    assert found.facets == {
        "tag": (("cat", 3), ("beach", 1), ("grass", 1)),
        "year": (("2023", 1),),
        "camera": (("Box", 3),),
        "type": (("jpeg", 3),),
        "annotator": (("fake", 3), ("user", 1)),
        "folder": (("/photos/a", 2), ("/photos/b", 1)),
    }
    assert engine.finder.search("cat").facets == {}
    engine.corrections.merge(["beach"], "grass")
    assert engine.finder.search("cat", facets=True).facets["tag"] == (("cat", 3), ("grass", 2))
