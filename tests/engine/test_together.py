"""Readers work while a writer runs, merges and makes indexes anew."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

from imsearch.engine.engine import Engine
from tests.engine.support import LEXICON, reading, spec


def test_a_reader_searches_while_a_writer_commits_and_merges(folder: Path) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])

    def write() -> None:
        with Engine.open(folder, LEXICON, write=True) as engine:
            engine.use_annotators([spec()])
            for number in range(60):
                engine.record([reading(number, {"cat": 0.9, f"tag {number}": 0.5})])
                engine.catch_up()

    writer = Thread(target=write)
    totals = []
    with Engine.open(folder, LEXICON) as reader:
        writer.start()
        while writer.is_alive():
            totals.append(reader.finder.search("cat", limit=100).total)
        writer.join()
        totals.append(reader.finder.search("cat", limit=100).total)
        assert reader.notes == []
    assert totals == sorted(totals)
    assert totals[-1] == 60


def test_a_reader_notices_an_index_made_anew(folder: Path) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9})])
        engine.catch_up()
        with Engine.open(folder, LEXICON) as reader:
            assert reader.finder.search("cat").total == 1
            engine.rebuild()
            engine.record([reading(2, {"cat": 0.9})])
            engine.rebuild()
            assert reader.finder.search("cat").total == 2


def test_several_threads_share_a_reader(pets: Engine, folder: Path) -> None:
    found: list[list[int]] = []

    def search() -> None:
        found.extend([hit.image.id for hit in reader.finder.search("animal", min_score=0).hits] for _ in range(20))

    with Engine.open(folder, LEXICON) as reader:
        threads = [Thread(target=search) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [[1, 2, 3]] * 80
