"""What indexing costs on a Ray cluster of this machine alone, and by the local pipeline, one after the other in turns.

    python -m benchmarks.ray [--annotator everyday] [--pictures 96] [--processes 2] [--rounds 3] [--ship-bytes]

Both have the same number of processes.  A picture's cost is the difference between a run over many pictures and one
over a sixth of them, so that the start, the building of the models and the first, slow forward pass are in none of
them; they are told apart.  The best round of each counts, since other programs only ever make one slower.  Processor
time is that of all processes, those of Ray itself included; unlike the clock, it hardly depends on what else runs.
Set OMP_NUM_THREADS=1, so that a model has one thread in both.  Linux only.
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


BATCH = 16
"""Pictures that each worker gets before anything is measured."""


class Cost(NamedTuple):
    """Seconds of a run: by the clock, and of processors."""

    clock: float
    processor: float


Costs = dict[int, list[Cost]]
"""Of each round, by the number of pictures."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--pictures", type=int, default=96, help="of each size (default: 96)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ship-bytes", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    first, few, many = BATCH * options.processes, options.pictures // 6, options.pictures
    with tempfile.TemporaryDirectory() as folder, one_node(options.processes) as address:
        for name, size in SIZES.items():
            paths = write_jpegs(Path(folder) / name, size, first + few + many)
            parts = paths[:first], paths[first : first + few], paths[first + few :]
            local: Costs = {few: [], many: []}
            ray: Costs = {few: [], many: []}
            for number in range(options.rounds):
                for costs, on in ((local, None), (ray, address)):
                    settings = Settings(
                        library=Path(folder) / f"library {name} {number} {on is None}",
                        annotators=(options.annotator,),
                        device="cpu",
                        workers=options.processes,
                    )
                    for part, cost in zip(parts, run(parts, settings, on, options.ship_bytes), strict=True):
                        costs.get(len(part), []).append(cost)
                        print(name, "local" if on is None else "ray", len(part), cost, file=sys.stderr)
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


def run(parts: Sequence[Sequence[Path]], settings: Settings, address: str | None, ship_bytes: bool) -> list[Cost]:
    """Index one part after the other, here or on a cluster; the cost of each."""
    if address is None:
        return timed(parts, settings, None)
    from imsearch.indexer.ray import on_ray

    specs = make_manager().choose(settings.annotators)
    with on_ray(address, specs, settings, [parts[0][0].parent], ship_bytes=ship_bytes) as cluster:
        return timed(parts, settings, cluster)


def timed(parts: Sequence[Sequence[Path]], settings: Settings, cluster: Callable[..., Run] | None) -> list[Cost]:
    """``imsearch index`` in this process."""
    used = processor_seconds if cluster else own_seconds
    costs = []
    with Library.open(settings=settings, write=True, create=True) as opened:
        for part in parts:
            start, before = time.perf_counter(), used()
            done = opened.runs.index(part, cluster=cluster)
            costs.append(Cost(time.perf_counter() - start, used() - before))
            assert done.annotated == len(part)
    return costs


def compared(local: Costs, ray: Costs) -> dict[str, float]:
    """The best of each, and how much more Ray takes: .15 is 15 %."""
    clock, clock_on_ray = of_a_picture(local, "clock"), of_a_picture(ray, "clock")
    processor, processor_on_ray = of_a_picture(local, "processor"), of_a_picture(ray, "processor")
    return {
        "local/s": 1 / clock,
        "ray/s": 1 / clock_on_ray,
        "overhead": clock_on_ray / clock - 1,
        "local processor ms": 1000 * processor,
        "ray processor ms": 1000 * processor_on_ray,
        "overhead in processor time": processor_on_ray / processor - 1,
    }


def of_a_picture(costs: Costs, kind: str) -> float:
    """Return the seconds that a picture adds to a run."""
    (few, least), (many, most) = (
        (number, min(getattr(cost, kind) for cost in found)) for number, found in costs.items()
    )
    return float(most - least) / (many - few)


def own_seconds() -> float:
    """What this process and the decoders of ended runs have used so far; the idle cluster beside it does not count."""
    return sum(os.times()[:4])


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
