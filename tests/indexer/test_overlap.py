"""While an annotator finishes one batch, it begins the next and the one before is written; failures are as ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.indexer.run import BATCHES_BEGUN
from imsearch.records import Annotation
from imsearch.specs import AnnotatorSpec
from tests.fakes import SIZE, WORDS, Calls, ColourAnnotator
from tests.make_pictures import plain
from tests.patience import PATIENCE, wait_until

BATCH = 4


class Split(ColourAnnotator):
    """Begins by doing nothing, and finishes by looking at colours; notes which batches are under way.

    In finish it waits until `next_begins` says so, given the number of its batch.
    """

    def __init__(self, calls: Calls, last: int = 0, **options: Any) -> None:
        super().__init__(calls, batch_size=BATCH, **options)
        self.last = last
        self.begun = self.finished = self.most = 0
        self.finishing = [threading.Event() for _ in range(100)]
        self.beginning = threading.Lock()
        self.threads: set[tuple[str, int]] = set()

    def begin(self, batch: Sequence[Any]) -> Any:
        assert self.beginning.acquire(blocking=False), "one batch begins at a time"
        self.threads.add(("begin", threading.get_ident()))
        self.begun += 1
        self.most = max(self.most, self.begun - self.finished)
        self.beginning.release()
        return list(batch)

    def finish(self, begun: Any) -> Sequence[Annotation]:
        self.threads.add(("finish", threading.get_ident()))
        number = self.finished + 1
        self.finishing[number].set()
        # The next batch begins before this one is finished; a pipeline without overlap would wait in vain.
        wait_until(lambda: self.begun > number or number >= self.last)
        self.finished += 1
        return super().annotate(begun)

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        raise AssertionError("it is split")


def spec_of(annotator: ColourAnnotator) -> AnnotatorSpec:
    return AnnotatorSpec("split", "1", lambda _: annotator, vocabulary=WORDS, vector_length=4, input_size=SIZE)


def many(folder: Path, batches: int) -> Path:
    folder.mkdir()
    for number in range(BATCH * batches):
        plain(folder / f"{number:03}.png", seed=number + 1)
    return folder


def test_the_next_batch_begins_before_the_last_is_finished_or_written(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotator = Split(Calls(), last=6)
    record, written = engine.record, [0]

    def record_late(*arguments: Any) -> None:
        # The second batch is being finished before the first is written.
        assert annotator.finishing[2].wait(PATIENCE)
        record(*arguments)
        written[0] += 1

    monkeypatch.setattr(engine, "record", record_late)
    report = index([many(tmp_path / "many", 6)], engine, [spec_of(annotator)])
    assert (report.annotated, annotator.begun, annotator.finished) == (6 * BATCH, 6, 6)
    assert written[0] and annotator.calls.closed == 1
    assert len(annotator.threads) == 2  # one begins, another finishes
    # In hand of the one, waiting, and in hand of the other.
    assert annotator.most <= BATCHES_BEGUN + 2


def test_order_and_tags_are_as_those_of_an_annotator_in_one_piece(engine: Engine, tmp_path: Path) -> None:
    folder = many(tmp_path / "many", 3)
    paths = sorted(folder.iterdir())
    index([folder], engine, [spec_of(Split(Calls()))])
    images = [engine.catalog.image(path) for path in paths]
    ids = [image.id for image in images if image]
    assert ids == sorted(ids) and len(ids) == len(paths)
    stored = engine.catalog.tags_of(ids)
    split = [{tag.name: tag.probability for tag in stored[id]} for id in ids]
    index([folder], engine, [AnnotatorSpec("whole", "1", lambda _: ColourAnnotator(Calls()), vector_length=4)])
    stored = engine.catalog.tags_of(ids)
    whole = [{tag.name: tag.probability for tag in stored[id] if tag.source == "whole"} for id in ids]
    assert split == whole


def test_what_cannot_be_finished_begins_again_one_by_one(engine: Engine, photos: Path) -> None:
    annotator = Split(Calls(), fails_on=(1, 0, 0))
    report = index([photos], engine, [spec_of(annotator)])
    assert [(f.path.name, f.reason) for f in report.failures] == [("red.png", "ValueError: this colour hurts")]
    assert (report.annotated, annotator.calls.batches, annotator.begun) == (2, [3, 1, 1, 1], 4)


def test_what_cannot_begin_is_tried_one_by_one(engine: Engine, photos: Path) -> None:
    class Reluctant(Split):
        def begin(self, batch: Sequence[Any]) -> Any:
            if len(batch) > 1 or batch[0].mean(axis=(0, 1))[0] > 250:
                raise ValueError("not this")
            return super().begin(batch)

    report = index([photos], engine, [spec_of(Reluctant(Calls()))])
    assert [(f.path.name, f.reason) for f in report.failures] == [("red.png", "ValueError: not this")]
    assert report.annotated == 2


@pytest.mark.parametrize("half", ["begin", "finish"])
def test_a_batch_for_which_memory_runs_out_is_halved(engine: Engine, tmp_path: Path, half: str) -> None:
    class Small(Split):
        def begin(self, batch: Sequence[Any]) -> Any:
            if half == "begin" and len(batch) > 2:
                raise MemoryError
            return super().begin(batch)

        def finish(self, begun: Any) -> Sequence[Annotation]:
            if half == "finish" and len(begun) > 2:
                raise MemoryError
            return super().finish(begun)

    annotator = Small(Calls())
    report = index([many(tmp_path / "many", 6)], engine, [spec_of(annotator)], IndexOptions(workers=1))
    assert (report.annotated, report.failures) == (6 * BATCH, ())
    assert set(annotator.calls.batches) == {2}


def test_what_had_begun_at_ctrl_c_is_finished_and_stored(engine: Engine, tmp_path: Path) -> None:
    folder = many(tmp_path / "many", 12)

    class Interrupting(Split):
        def begin(self, batch: Sequence[Any]) -> Any:
            begun = super().begin(batch)
            if self.begun == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return begun

    annotator = Interrupting(Calls())
    with pytest.raises(KeyboardInterrupt):
        index([folder], engine, [spec_of(annotator)])
    assert annotator.begun == annotator.finished >= 3
    assert len(engine.catalog.known_files(folder)) == BATCH * annotator.begun
    assert annotator.calls.closed == 1
    assert index([folder], engine, [spec_of(Split(Calls()))]).annotated == BATCH * (12 - annotator.begun)


def test_what_finish_returns_is_checked(engine: Engine, photos: Path) -> None:
    class Short(Split):
        def finish(self, begun: Any) -> Any:
            return super().finish(begun)[1:]

    report = index([photos], engine, [spec_of(Short(Calls()))])
    assert {failure.reason for failure in report.failures} == {"it returned 0 annotations for 1 pictures"}
