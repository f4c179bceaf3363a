"""A query is ranked once for a state of the library, however often and by how many it is asked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.cache import Memory
from imsearch.engine.search.feedback import Feedback
from imsearch.engine.search.finder import Neighbours
from imsearch.engine.search.options import SearchOptions
from imsearch.engine.search.ranking import Ranking
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.errors import ImsearchError
from tests.engine.support import reading
from tests.patience import PATIENCE


class Counting:
    """How often an engine ranks."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ranked = 0
        answering = engine.finder._answering
        rank = answering._rank

        def counted(*args: object) -> object:
            self.ranked += 1
            return rank(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(answering, "_rank", counted)


@pytest.fixture
def many(engine: Engine) -> Engine:
    """Forty pictures of cats, ever less likely, with dogs here and there and vectors."""
    random = np.random.default_rng(3)
    engine.record(
        [
            reading(
                number,
                {"cat": 1 - number / 45, "dog": float(random.random())},
                vector=(float(random.random()), float(random.random())),
            )
            for number in range(1, 41)
        ]
    )
    engine.catch_up()
    return engine


def test_pages_facets_and_neighbours_rank_once(many: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(many, monkeypatch)
    first = many.finder.search("cat", limit=5)
    second = many.finder.search("cat", limit=5, offset=5, facets=True)
    everything = many.finder.search("cat", limit=100, everything=True)
    assert [hit.image.id for hit in (*first.hits, *second.hits)] == list(range(1, 11))
    assert many.finder.search_ids("cat", everything=True) == list(range(1, 41))
    assert many.finder.neighbours("cat", 2) == Neighbours(1, 3, 2, first.total)
    assert first.total == first.relevant == everything.relevant < everything.total == 40
    assert many.finder.search("cat", limit=5) == first
    assert counting.ranked == 1


def test_the_ends_of_a_list_have_one_neighbour(many: Engine) -> None:
    count = many.finder.search("cat").total
    assert many.finder.neighbours("cat", 1) == Neighbours(None, 2, 1, count)
    assert many.finder.neighbours("cat", 40) == Neighbours(None, None, 0, count)
    assert many.finder.neighbours("cat", 40, everything=True) == Neighbours(39, None, 40, 40)
    assert many.finder.neighbours("cat", 99) == Neighbours(None, None, 0, count)


@pytest.mark.parametrize("ranking", [Ranking(), Ranking(feedback=Feedback(hits=5, candidates=20))])
@pytest.mark.parametrize(
    "text", ["cat", "dog", "cat dog", "cat -dog", "cat OR dog", "+dog cat", "cat date:2023", "like:3"]
)
def test_everything_begins_with_what_is_relevant(many: Engine, ranking: Ranking, text: str) -> None:
    finder = many.finder.using(SearchOptions(ranking=ranking))
    relevant = finder.search(text, limit=100)
    everything = finder.search(text, limit=100, everything=True)
    assert everything.hits[: relevant.total] == relevant.hits
    assert everything.hits == finder.search(text, limit=100, min_score=0).hits
    assert everything.relevant == relevant.relevant == relevant.total


def test_sorting_mixes_what_is_relevant_with_the_rest(many: Engine) -> None:
    relevant = many.finder.search("cat sort:-size", limit=100)
    everything = many.finder.search("cat sort:-size", limit=100, everything=True)
    kept = {hit.image.id for hit in relevant.hits}
    assert [hit for hit in everything.hits if hit.image.id in kept] == list(relevant.hits)
    assert (everything.relevant, everything.total) == (relevant.total, 40)
    assert [hit.image.id for hit in everything.hits] == list(range(40, 0, -1))


def test_a_least_score_takes_the_place_of_the_cut(many: Engine) -> None:
    found = many.finder.search("cat", min_score=0.5, limit=100)
    everything = many.finder.search("cat", min_score=0.5, everything=True)
    assert found.total == found.relevant == everything.relevant == sum(1 - n / 45 >= 0.5 for n in range(1, 41))


def test_a_change_is_seen_at_once(many: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(many, monkeypatch)
    before = many.finder.search("cat")
    many.correct(1, "cat", -1)
    after = many.finder.search("cat")
    assert before.hits[0].image.id == 1
    assert 1 not in [hit.image.id for hit in after.hits]
    assert counting.ranked == 2


def test_another_process_changes_what_is_found(many: Engine, folder: Path) -> None:
    from tests.engine.support import LEXICON

    with Engine.open(folder, LEXICON) as reader:
        assert reader.finder.search("beach").total == 0
        many.record([reading(50, {"beach": 0.9})])
        many.catch_up()
        assert [hit.image.id for hit in reader.finder.search("beach").hits] == [41]


def test_a_file_outside_the_library_is_looked_at_each_time(many: Engine, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"a picture")
    looked: list[Path] = []

    def look(catalog: CatalogReading, path: Path, name: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        looked.append(path)
        return np.array([1, 0], np.float32)

    finder = many.finder.using(SearchOptions(look=look))
    finder.search(f"like:{outside}")
    finder.search(f"like:{outside}")
    assert looked == [outside, outside]
    assert len(finder._answers) == 0
    finder.search("like:1")
    assert len(finder._answers) == 1


def test_by_default_no_query_opens_a_file(many: Engine, tmp_path: Path) -> None:
    """Nor does it tell whether there is one."""
    there, missing = tmp_path / "outside.jpg", tmp_path / "missing.jpg"
    there.write_bytes(b"a picture")
    for path in (there, missing):
        with pytest.raises(ImsearchError, match=f"like:{path} is neither a picture file nor an image of the library"):
            many.finder.search(f"like:{path}")


def test_numbers_that_no_library_has_are_no_pictures(many: Engine) -> None:
    from imsearch.errors import QueryError

    with pytest.raises(QueryError, match="like:9999999999999999999999"):
        many.finder.search("like:" + "9" * 30)


def test_hits_without_their_tails_are_the_same_otherwise(pets: Engine) -> None:
    pets.corrections.merge(["car"], "vehicle")
    pets.correct(1, "beach", 1)
    for text in ("cat", "cat dog", "automobile", "anim*"):
        whole, brief = (pets.finder.search(text, everything=True, tail=tail).hits for tail in (True, False))
        for one, other in zip(whole, brief, strict=True):
            assert (one.image, one.score, one.why) == (other.image, other.score, other.why)
            matched = {tag.name for tag in one.why.values()}
            assert {tag for tag in one.tags if tag.shown or tag.name in matched} <= set(other.tags) <= set(one.tags)
    assert [tag.name for tag in pets.finder.search("cat", tail=False).hits[0].tags] == ["beach", "cat"]


# ---- the memory itself


def test_threads_that_ask_the_same_make_it_once() -> None:
    memory: Memory[int] = Memory(4, 100, lambda value: 1)
    begun, go_on = threading.Event(), threading.Event()
    made = []

    def make() -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        made.append(1)
        return 7

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(memory.get, "x", make)
        assert begun.wait(PATIENCE)
        others = [threads.submit(memory.get, "x", make) for _ in range(7)]
        go_on.set()
        assert {each.result(PATIENCE) for each in (first, *others)} == {7}
    assert made == [1]


def test_errors_are_not_kept() -> None:
    memory: Memory[int] = Memory(4, 100, lambda value: 1)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        memory.get("x", fail)
    assert memory.get("x", lambda: 3) == 3


def test_the_memory_has_bounds() -> None:
    memory: Memory[int] = Memory(3, 10, lambda value: None if value == 0 else value)
    for key, value in (("a", 1), ("b", 2), ("c", 3)):
        memory.get(key, lambda value=value: value)  # type: ignore[misc]
    memory.get("a", lambda: 9)
    memory.get("d", lambda: 4)  # a fourth: "b" was asked for the longest ago
    assert [memory.get(key, lambda: 0) for key in ("a", "c", "d", "b")] == [1, 3, 4, 0]
    memory.get("e", lambda: 6)  # 6 + 4 fill it
    assert memory.get("a", lambda: 0) == 0
    memory.get("huge", lambda: 11)
    assert len(memory) == 2
