"""What keeps and makes thumbnails: the cache on disk, the memory, the pool of threads."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from imsearch.engine.stores.home import THUMBNAILS
from imsearch.webui.thumbs import thumbnail_cache
from imsearch.webui.thumbs.thumbnail_cache import Recent, ThumbnailCache
from imsearch.webui.thumbs.workers import Workers
from tests.patience import PATIENCE, wait_until

JPEG = b"\xff\xd8" + b"x" * 992 + b"\xff\xd9"


def test_the_oldest_go_first_when_there_is_too_much(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / THUMBNAILS, 10_000, sweep_after=3600)
    names = [f"{number:02}-small.jpg" for number in range(12)]
    for age, name in enumerate(names):
        cache.write(name, JPEG)
        os.utime(tmp_path / THUMBNAILS / name[:2] / name, times=(0, time.time() - 10_000 * (age + 1)))
    assert cache.read(names[0]) == JPEG
    assert cache.read(names[11]) == JPEG  # the oldest one, but used just now
    assert cache.sweep() == 9000  # a tenth is kept free
    left = sorted(path.name for path in (tmp_path / THUMBNAILS).glob("*/*"))
    assert left == [*names[:8], names[11]]
    assert cache.read(names[9]) is None


def test_the_limit_is_kept_without_being_asked(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / THUMBNAILS, 5000, sweep_after=0)
    for number in range(40):
        cache.write(f"{number:02}-small.jpg", JPEG)
    wait_until(lambda: not cache._sweeping)
    cache.write("last", JPEG)
    wait_until(lambda: not cache._sweeping)
    assert sum(path.stat().st_size for path in (tmp_path / THUMBNAILS).glob("*/*")) <= 6000


def test_no_limit_below_one_keeps_anything(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / THUMBNAILS, 0)
    cache.write("ab-small.jpg", JPEG)
    assert cache.read("ab-small.jpg") is None and not list(tmp_path.iterdir())


def test_what_was_cut_short_is_not_a_thumbnail(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10_000, sweep_after=3600)
    cache.write("ab-small.jpg", JPEG)
    for content in (JPEG[:500], b""):
        (tmp_path / "ab" / "ab-small.jpg").write_bytes(content)
        assert cache.read("ab-small.jpg") is None


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10_000, sweep_after=3600)
    cache.write("ab-small.jpg", JPEG)
    for name, age in (("old.new", 9000), ("young.new", 10)):
        (tmp_path / "ab" / name).write_bytes(JPEG)
        os.utime(tmp_path / "ab" / name, times=(0, time.time() - age))
    cache.sweep()
    assert {path.name for path in (tmp_path / "ab").iterdir()} == {"ab-small.jpg", "young.new"}


def test_memory_is_bounded() -> None:
    recent = Recent(2500)
    for name in "abc":
        recent.put(name, JPEG)
        recent.get("a")
    assert [name for name in "abc" if recent.get(name)] == ["a", "c"]
    recent.put("c", JPEG * 2)
    assert recent.get("a") is None and recent.get("c") == JPEG * 2


def test_a_full_disk_is_left_in_peace_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def full(self: Path, data: bytes) -> int:
        tried.append(self)
        raise OSError(28, "No space left on device")

    cache = ThumbnailCache(tmp_path, 10_000, sweep_after=3600)
    monkeypatch.setattr(Path, "write_bytes", full)
    for _ in range(3):
        cache.write("ab-small.jpg", JPEG)
    assert len(tried) == 1
    monkeypatch.undo()
    monkeypatch.setattr(thumbnail_cache, "_PAUSE", 0)
    cache._paused_until = 0
    cache.write("ab-small.jpg", JPEG)
    assert cache.read("ab-small.jpg") == JPEG


def test_work_is_bounded_and_done_once_at_a_time() -> None:
    workers: Workers[str] = Workers(2, "test")
    gate, started = threading.Event(), []

    def work(name: str) -> str:
        started.append(name)
        gate.wait(PATIENCE)
        return name

    flights = {name: workers.submit(name, partial(work, name)) for name in "abcd"}
    wait_until(lambda: len(started) == 2)
    assert workers.submit("a", lambda: "another") is flights["a"]
    assert workers.submit("d", lambda: "another") is flights["d"]
    assert (len(started), workers._running) == (2, 2)
    gate.set()
    assert [each.result(PATIENCE) for each in flights.values()] == ["a", "b", "c", "d"]
    wait_until(lambda: workers._running == 0)
    assert workers.flight("a") is None
    assert workers.submit("a", lambda: "new").result(PATIENCE) == "new"


def test_urgent_work_goes_first() -> None:
    workers: Workers[object] = Workers(1, "test")
    gate, order = threading.Event(), []
    workers.submit("first", lambda: gate.wait(PATIENCE))
    flights = [workers.submit("slow", lambda: order.append("slow"), later=10 * PATIENCE)]
    flights += [workers.submit("quick", lambda: order.append("quick"))]
    gate.set()
    for flight in flights:
        flight.result(PATIENCE)
    assert order == ["quick", "slow"]


def test_what_fails_is_told_and_stops_nothing() -> None:
    workers: Workers[int] = Workers(1, "test")
    failing = workers.submit("a", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failing.result(PATIENCE)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: workers.submit(n, lambda: n).result(PATIENCE), range(50))) == list(range(50))
