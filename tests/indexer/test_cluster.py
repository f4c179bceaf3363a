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
from imsearch.indexer.cluster_run import refuse_unseen
from imsearch.indexer.cluster_worker import Greeting, Job
from imsearch.indexer.item import Item
from imsearch.indexer.shares import IN_HAND, Batch, LostError, Member
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


NOT_MADE = """The actor died because of an error raised in its creation task, ray::Worker.__init__() (pid=1)
  At least one of the input arguments for this task could not be computed:
ModuleNotFoundError: No module named 'imsearch'"""
"""What Ray tells of a machine without imsearch."""


@pytest.mark.usefixtures("ray_on_path")
def test_of_what_ray_tells_of_a_lost_worker_one_line_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.exceptions import ActorDiedError, NodeDiedError, RayTaskError

    from imsearch.indexer import ray

    def result_of(error: Exception) -> None:
        monkeypatch.setattr("ray.get", lambda ref: raise_(error))
        ray.Actors(Job((), "cpu", None, 1, 6.0), ray.Shape()).result("a call")

    def raise_(error: Exception) -> None:
        raise error

    not_made = ActorDiedError()
    not_made.error_msg = NOT_MADE
    with pytest.raises(
        LostError, match=r"^No module named 'imsearch'\. Install the same version .* start Ray there again$"
    ):
        result_of(not_made)
    with pytest.raises(LostError, match=r"^Its node is gone$"):
        result_of(NodeDiedError("Its node is gone.\nIt may be the network."))  # type: ignore[no-untyped-call]
    with pytest.raises(OSError, match="No space left"):
        no_space: Any = RayTaskError
        result_of(no_space("annotate", "a long traceback", OSError(28, "No space left on device")))


@pytest.mark.usefixtures("ray_on_path")
def test_a_cluster_of_another_ray_or_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from imsearch.indexer import ray

    def init(**options: Any) -> None:
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.0.0\n    Python: 3.9.1\n")

    monkeypatch.setattr("ray.init", init)
    with pytest.raises(
        ImsearchError, match=r"Ray: 2\.0\.0 Python: 3\.9\.1\. Use the same Python and the same Ray on all"
    ):
        ray._connect("auto")


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


def test_a_run_does_not_begin_where_a_worker_cannot_be_used() -> None:
    backend = FakeBackend(lambda number: Fake(lambda name: False))
    cluster = Cluster(backend, 2, lambda greeting: f"The worker on {greeting.machine} is old")
    with pytest.raises(ImsearchError, match=r"^The worker on here is old\. Nothing was indexed\.$"):
        cluster.gather(5, 5)
    dead = Cluster(FakeBackend(lambda number: Fake(lambda name: False, dead=True)), 2, usable)
    with pytest.raises(ImsearchError, match=r"^A worker of the cluster could not be started: it died\. Nothing was"):
        dead.gather(5, 5)


def test_a_file_that_only_a_worker_cannot_open_ends_the_run(tmp_path: Path) -> None:
    """As below a folder where a disk is mounted here and not there."""
    here, gone = plain(tmp_path / "here.png", RED), tmp_path / "gone.png"
    home = Member(None, greeting=Greeting("far", imsearch.__version__, PYTHON))
    unopened = [Item(path, 1, 0).fail("it cannot be opened: No such file or directory") for path in (gone, here)]
    refuse_unseen(Batch(unopened[:1], home=home))  # it was removed meanwhile
    refuse_unseen(Batch([Item(here, 1, 0).fail("it is not a picture")], home=home))
    with pytest.raises(ImsearchError, match=r"worker on far cannot open .*here\.png, .*same path, or .*--ship-bytes"):
        refuse_unseen(Batch(unopened, home=home))
