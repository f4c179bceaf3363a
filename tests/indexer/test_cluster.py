"""What goes to which worker, and what becomes of it when workers are lost; the workers are plain objects here."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import imsearch
from imsearch.errors import ImsearchError
from imsearch.indexer.cluster import REASON, Cluster
from imsearch.indexer.cluster_worker import Greeting, Job, Worker
from imsearch.indexer.item import Item
from imsearch.indexer.shares import IN_HAND, Batch, LostError
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, colour_spec
from tests.make_pictures import RED, plain

PYTHON = ".".join(platform.python_version_tuple()[:2])


class Fake:
    """A worker that annotates by marking items; deadly names end it."""

    def __init__(self, deadly: Callable[[str], bool], broken: str = "", dead: bool = False) -> None:
        self.deadly, self.broken, self.dead = deadly, broken, dead

    def greet(self, build: Sequence[str]) -> Greeting:
        broken = {name: self.broken for name in build if self.broken}
        return Greeting("here", imsearch.__version__, PYTHON, {"colours": "1"}, batch_size=4, broken=broken)

    def annotate(self, items: list[Item], *parcels: Any) -> tuple[list[Item], list[str]]:
        self.dead = self.dead or any(self.deadly(item.path.name) for item in items)
        for item in items:
            item.sha256 = "done"
        return items, []

    def close(self) -> None: ...


class FakeBackend:
    """Calls are answered when they are waited for, the latest first; a dead worker loses all it has in hand."""

    def __init__(self, make: Callable[[int], Fake]) -> None:
        self.make = make
        self.workers: list[Fake] = []
        self.calls: dict[int, tuple[Fake, str, tuple[Any, ...]]] = {}
        self.number = 0
        self.most = 0

    def start(self) -> Fake:
        self.workers.append(self.make(len(self.workers)))
        return self.workers[-1]

    def call(self, worker: Fake, method: str, *arguments: Any) -> int:
        self.number += 1
        self.calls[self.number] = worker, method, arguments
        hand = sum(other is worker and name == "annotate" for other, name, _ in self.calls.values())
        self.most = max(self.most, hand)
        return self.number

    def wait(self, refs: Sequence[Any], seconds: float) -> Sequence[Any]:
        return [max(refs)]

    def result(self, ref: Any) -> Any:
        worker, method, arguments = self.calls.pop(ref)
        result = None if worker.dead else getattr(worker, method)(*arguments)
        if worker.dead:
            raise LostError("it died")
        return result

    def put(self, value: object) -> object:
        return value

    def end(self, worker: Fake) -> None:
        worker.dead = True


def usable(greeting: Greeting) -> str:
    return ""


def run(backend: FakeBackend, names: Sequence[str], number: int = 2, size: int = 4) -> tuple[list[Item], list[str]]:
    """The items that come back, in order, and the notes."""
    notes: list[str] = []
    cluster = Cluster(backend, number, usable)
    cluster.note = notes.append
    cluster.gather(5, 5)
    items = [Item(Path(name), 1, 0, decode=True) for name in names]
    batches = (Batch(items[start : start + size]) for start in range(0, len(items), size))
    found = [item for batch in cluster.stream("annotate", batches, lambda item: True, Event()) for item in batch.items]
    cluster.close(1)
    return found, notes


NAMES = [f"{number:02}" for number in range(50)]


def test_everything_comes_back_in_order_and_little_is_in_hand() -> None:
    backend = FakeBackend(lambda number: Fake(lambda name: False))
    found, notes = run(backend, NAMES)
    assert [item.path.name for item in found] == NAMES
    assert all(item.sha256 == "done" and not item.reason for item in found)
    assert backend.most == IN_HAND and not notes and len(backend.workers) == 2


@pytest.mark.parametrize("number", [1, 2, 5])
def test_of_a_batch_only_the_file_to_blame_fails(number: int) -> None:
    backend = FakeBackend(lambda worker: Fake(lambda name: name in ("07", "30")))
    found, notes = run(backend, NAMES, number)
    assert [item.path.name for item in found] == NAMES
    assert [(item.path.name, item.lasts) for item in found if item.reason] == [("07", True), ("30", True)]
    assert {item.reason for item in found if item.reason} == {REASON}
    assert len(notes) == 5  # no more are told


def test_workers_that_die_of_no_file_cost_nothing() -> None:
    lives = [2, 1, 3]

    def make(number: int) -> Fake:
        left = [lives[number] if number < len(lives) else 1000]

        def dies(name: str) -> bool:
            left[0] -= name.endswith(("0", "4", "8"))
            return left[0] < 0

        return Fake(dies)

    found, notes = run(FakeBackend(make), NAMES)
    assert [item.path.name for item in found] == NAMES and not any(item.reason for item in found)
    assert len(notes) == 3


def test_a_run_whose_workers_all_die_at_once_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.indexer.cluster.WITHOUT", 0.1)
    monkeypatch.setattr("imsearch.indexer.cluster.TURN", 0.01)
    with pytest.raises(ImsearchError, match=r"no worker .* run the same command again"):
        run(FakeBackend(lambda number: Fake(lambda name: True, dead=number > 1)), NAMES)


def test_workers_that_cannot_build_an_annotator_are_let_go_where_others_can() -> None:
    backend = FakeBackend(lambda number: Fake(lambda name: False, broken="no memory" if number == 0 else ""))
    notes: list[str] = []
    cluster = Cluster(backend, 2, usable)
    cluster.note = notes.append
    cluster.gather(5, 5)
    assert cluster.needs("colours", Event()) == "" and cluster.batch_size == 4
    assert notes == ["The worker on here is not used: the annotator colours cannot be used there: no memory"]
    other = Cluster(FakeBackend(lambda number: Fake(lambda name: False, broken="no memory")), 2, usable)
    other.gather(5, 5)
    assert other.needs("colours", Event()) == "no memory"


@pytest.mark.usefixtures("ray_on_path")
@pytest.mark.parametrize(
    ("greeting", "told"),
    [
        (Greeting("far", "0.0.1", PYTHON), "has imsearch 0.0.1, and this is"),
        (Greeting("far", imsearch.__version__, "2.7"), "runs Python 2.7, and this is"),
        (Greeting("far", imsearch.__version__, PYTHON, problem="no colours"), "lacks an annotator: no colours"),
        (Greeting("far", imsearch.__version__, PYTHON, {"colours": "0"}), "version 0 of the annotator colours"),
        (
            Greeting("far", imsearch.__version__, PYTHON, {"colours": "1"}, unseen=(Path("/photos"),)),
            "does not see /photos. Mount it there at the same path, or send the pictures with --ship-bytes",
        ),
        (Greeting("far", imsearch.__version__, PYTHON, {"colours": "1"}), ""),
    ],
)
def test_why_a_worker_cannot_be_used(greeting: Greeting, told: str) -> None:
    from imsearch.indexer.ray import problem_of

    problem = problem_of(greeting, {"colours": "1"})
    assert told in problem and bool(told) == bool(problem)


@pytest.mark.usefixtures("ray_on_path")
def test_a_worker_takes_a_gpu_where_there_are_some() -> None:
    from imsearch.indexer import ray

    nodes = [
        {"Alive": True, "Resources": {"CPU": 16.0, "GPU": 2.0}},
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
    ]
    assert ray._shape(nodes, "auto") == (ray.Shape(8, 1), 2)
    assert ray._shape(nodes, "cpu") == (ray.Shape(1, 0), 20)
    assert ray._shape(nodes[1:], "auto") == (ray.Shape(1, 0), 4)
    for device, wrong in (("cuda", "offers a GPU"), ("cuda:1", "say --device cuda")):
        with pytest.raises(ImsearchError, match=wrong):
            ray._shape(nodes[1:], device)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    class Manager:
        def choose(self, names: Sequence[str]) -> tuple[AnnotatorSpec, ...]:
            return (colour_spec(Calls()),)

    monkeypatch.setattr("imsearch.plugins.manager.make_manager", Manager)
    return Worker(Job(("colours",), "cpu", None, 1, 6.0))


@pytest.mark.parametrize("kept", [True, False])
def test_bytes_that_a_worker_does_not_have_any_more_are_read_again(worker: Worker, tmp_path: Path, kept: bool) -> None:
    assert worker.greet(["colours"]).broken == {}
    path = plain(tmp_path / "a.png", RED)
    (item,) = worker.read([Item(path, path.stat().st_size, 0)])
    assert item.sha256 and not item.data
    if not kept:
        worker._kept.clear()
    item.decode, item.wanted = True, ("colours",)
    ((done,), _) = worker.annotate([item])
    assert not done.reason and done.annotations["colours"].tags[0].name == "red"


def test_a_file_that_changed_since_it_was_read_fails(worker: Worker, tmp_path: Path) -> None:
    worker.greet(["colours"])
    path = plain(tmp_path / "a.png", RED)
    (item,) = worker.read([Item(path, path.stat().st_size, 0)])
    worker._kept.clear()
    path.write_bytes(path.read_bytes() + b"more")
    item.decode, item.wanted = True, ("colours",)
    ((done,), _) = worker.annotate([item])
    assert done.reason == "it changes while it is being read; index it again later"
