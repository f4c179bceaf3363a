"""Reading ahead is parallel, ordered and bounded; the three kinds of threads really overlap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imsearch.engine.engine import Engine
from imsearch.indexer import read
from imsearch.indexer.options import IndexOptions, default_workers
from imsearch.indexer.pipeline import index
from imsearch.indexer.read import ordered
from imsearch.indexer.report import SilentObserver
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, ColourAnnotator, colour_spec
from tests.make_pictures import plain
from tests.patience import PATIENCE


def nothing(item: int) -> int:
    return 0


def test_results_come_in_order_although_later_ones_are_ready_first() -> None:
    later = threading.Event()

    def slow_at_first(number: int) -> int:
        if number == 0:
            assert later.wait(PATIENCE)
        elif number == 5:
            later.set()
        return number

    with ThreadPoolExecutor(4) as pool:
        assert list(ordered(pool, slow_at_first, range(20), lambda: 8, nothing)) == list(range(20))


def taken_ahead(window: int, weight: int) -> int:
    """How many items are taken from the source before the first result is handed out."""
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(2) as pool:
        results = ordered(pool, lambda number: number, source(), lambda: window, lambda number: weight)
        next(results)
        ahead = len(taken)
        results.close()  # type: ignore[attr-defined]
    return ahead


def test_the_window_is_bounded_in_items_and_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken_ahead(window=7, weight=0) == 7
    monkeypatch.setattr(read, "WINDOW_BYTES", 1000)
    assert taken_ahead(window=7, weight=400) == 3
    assert taken_ahead(window=7, weight=5000) == 2  # one at a time is always let through


def test_an_error_reaches_the_consumer_and_the_rest_is_dropped() -> None:
    done: list[int] = []

    def failing(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        done.append(number)
        return number

    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="three"):
        list(ordered(pool, failing, range(1000), lambda: 5, nothing))
    assert len(done) < 20


def many(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        plain(folder / f"{number:03}.png", seed=number + 1)
    return folder


def test_few_pictures_wait_at_any_time(engine: Engine, tmp_path: Path) -> None:
    calls = Calls()
    waiting: list[int] = []

    class Counting(ColourAnnotator):
        def annotate(self, batch):  # type: ignore[no-untyped-def]
            waiting.append(calls.prepared - calls.annotated)
            return super().annotate(batch)

    spec = AnnotatorSpec("colours", "1", lambda device: Counting(calls), vector_length=4, input_size=8)
    index([many(tmp_path / "many", 200)], engine, [spec], IndexOptions(batch_size=5, workers=2))
    assert calls.annotated == 200
    assert max(waiting) <= 3 * 5 + 2 * (5 + 2)  # in hand, ready, being gathered; and the window


def test_reading_annotating_and_writing_overlap(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = many(tmp_path / "many", 100)
    times: dict[str, list[tuple[float, float]]] = {"read": [], "annotate": [], "record": []}

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            time.sleep(0.005)
            result = function(*args, **options)
            times[stage].append((started, time.perf_counter()))
            return result

        return call

    def overlap(one: str, other: str) -> bool:
        return any(a < d and c < b for a, b in times[one] for c, d in times[other])

    monkeypatch.setattr(read, "_read_once", timed("read", read._read_once))
    monkeypatch.setattr(engine, "record", timed("record", engine.record))
    monkeypatch.setattr(ColourAnnotator, "annotate", timed("annotate", ColourAnnotator.annotate))
    index([folder], engine, [colour_spec()], IndexOptions(workers=1))
    assert overlap("read", "annotate") and overlap("annotate", "record") and overlap("read", "record")


def test_the_observer_is_told_everything_one_call_at_a_time(engine: Engine, photos: Path) -> None:
    events: list[tuple[object, ...]] = []
    inside = threading.Lock()

    class Watch(SilentObserver):
        def _event(self, *event: object) -> None:
            assert inside.acquire(blocking=False)
            events.append(event)
            inside.release()

        def scanned(self, files: int) -> None:
            self._event("scanned", files)

        def planned(self, files: int, size: int) -> None:
            self._event("planned", files, size)

        def done(self, files: int, size: int) -> None:
            self._event("done", files, size)

        def indexed(self, paths: object) -> None:
            self._event("indexed", paths)

    size = sum(path.stat().st_size for path in photos.rglob("*.png"))
    index([photos], engine, [colour_spec()], observer=Watch())
    everything = [photos / "green.png", photos / "red.png", photos / "sub" / "blue.png"]
    assert events == [
        ("scanned", 2),
        ("scanned", 3),
        ("planned", 3, size),
        ("indexed", everything),
        ("done", 3, size),
    ]


def test_a_worker_for_each_processor() -> None:
    assert default_workers() >= 1
