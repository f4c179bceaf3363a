"""What indexing costs on a Ray cluster of this machine alone, and by the local pipeline, one after the other in turns.

    python -m benchmarks.ray [--annotator everyday] [--pictures 200] [--processes 2] [--rounds 3] [--ship-bytes]

Both have the same number of processes.  Their start and the building of the models are not counted: one picture goes
first.  The best round of each counts, since other programs only ever make one slower.  Processor time is that of all
processes, those of Ray itself included; unlike the clock, it tells the same on a machine that is busy.  Linux only.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.indexer.run import Run
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings

STORE = 200 << 20
"""Bytes of Ray's object store."""


class Cost(NamedTuple):
    """Seconds for one picture: by the clock, and of processors."""

    clock: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--pictures", type=int, default=200, help="of each size (default: 200)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ship-bytes", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder, one_node(options.processes) as address:
        for name, size in SIZES.items():
            pictures = write_jpegs(Path(folder) / name, size, options.pictures)[0].parent
            local: list[Cost] = []
            ray: list[Cost] = []
            for number in range(options.rounds):
                for costs, on in ((local, None), (ray, address)):
                    library = Path(folder) / f"library {name} {number} {on is None}"
                    settings = Settings(
                        library=library, annotators=(options.annotator,), device="cpu", workers=options.processes
                    )
                    costs.append(cost(pictures, settings, on, options.ship_bytes))
                    print(name, "local" if on is None else "ray", costs[-1], file=sys.stderr)
            rows.append({"picture": name} | compared(local, ray))
    report(f"{options.annotator}, {options.processes} processes, {options.pictures} pictures", rows, options.json)


@contextmanager
def one_node(cpus: int) -> Iterator[str]:
    """A cluster of one node in processes of this machine, on loopback; its address."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    node = {"num_cpus": cpus, "node_ip_address": "127.0.0.2", "object_store_memory": STORE, "include_dashboard": False}
    cluster: Any = Cluster(initialize_head=True, head_node_args=node)
    try:
        yield str(cluster.address)
    finally:
        cluster.shutdown()


def cost(pictures: Path, settings: Settings, address: str | None, ship_bytes: bool) -> Cost:
    """What a picture costs in one run."""
    if address is None:
        return timed(pictures, settings, None)
    from imsearch.indexer.ray import on_ray

    specs = make_manager().choose(settings.annotators)
    with on_ray(address, specs, settings, [pictures], ship_bytes=ship_bytes) as cluster:
        return timed(pictures, settings, cluster)


def timed(pictures: Path, settings: Settings, cluster: Callable[..., Run] | None) -> Cost:
    """``imsearch index`` in this process; one picture goes first."""
    with Library.open(settings=settings, write=True, create=True) as opened:
        opened.runs.index([sorted(pictures.iterdir())[0]], cluster=cluster)
        start, before = time.perf_counter(), processor_seconds()
        done = opened.runs.index([pictures], cluster=cluster)
        seconds, used = time.perf_counter() - start, processor_seconds() - before
    return Cost(seconds / done.annotated, used / done.annotated)


def compared(local: Sequence[Cost], ray: Sequence[Cost]) -> dict[str, float]:
    """The best of each, and how much more Ray takes: .15 is 15 %."""
    clock, clock_on_ray = min(each.clock for each in local), min(each.clock for each in ray)
    processor, processor_on_ray = min(each.processor for each in local), min(each.processor for each in ray)
    return {
        "local/s": 1 / clock,
        "ray/s": 1 / clock_on_ray,
        "overhead": clock_on_ray / clock - 1,
        "local processor ms": 1000 * processor,
        "ray processor ms": 1000 * processor_on_ray,
        "overhead in processor time": processor_on_ray / processor - 1,
    }


def processor_seconds() -> float:
    """What this process and all below it have used so far, ended ones included."""
    parents, used = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended just now
            fields = file.read_text().rpartition(")")[2].split()
            parents[int(file.parent.name)], used[int(file.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    own, todo = 0, [os.getpid()]
    while todo:
        process = todo.pop()
        own += used.get(process, 0)
        todo += [child for child, parent in parents.items() if parent == process]
    return own / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
