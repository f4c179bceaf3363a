"""Pictures a second on a Ray cluster of this machine alone, and of the local pipeline, one after the other in turns.

    python -m benchmarks.ray [--annotator everyday] [--pictures 200] [--processes 2] [--rounds 3] [--ship-bytes]

Both have the same number of processes, and one processor each.  Their start and the building of the models are not
counted: one picture goes first.  The best round of each counts, since other programs only ever make one slower.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.indexer.run import Run
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings

STORE = 200 << 20
"""Bytes of Ray's object store."""


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
            local: list[float] = []
            ray: list[float] = []
            for number in range(options.rounds):
                for rates, on in ((local, None), (ray, address)):
                    library = Path(folder) / f"library {name} {number} {on is None}"
                    settings = Settings(
                        library=library, annotators=(options.annotator,), device="cpu", workers=options.processes
                    )
                    rates.append(rate(pictures, settings, on, options.ship_bytes))
            rows.append(
                {
                    "picture": name,
                    "local/s": max(local),
                    "ray/s": max(ray),
                    "overhead": max(local) / max(ray) - 1,
                    "overhead of rounds": " ".join(f"{a / b - 1:+.2f}" for a, b in zip(local, ray, strict=True)),
                }
            )
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


def rate(pictures: Path, settings: Settings, address: str | None, ship_bytes: bool) -> float:
    """Pictures a second of one run."""
    if address is None:
        return timed(pictures, settings, None)
    from imsearch.indexer.ray import on_ray

    specs = make_manager().choose(settings.annotators)
    with on_ray(address, specs, settings, [pictures], ship_bytes=ship_bytes) as cluster:
        return timed(pictures, settings, cluster)


def timed(pictures: Path, settings: Settings, cluster: Callable[..., Run] | None) -> float:
    """``imsearch index`` in this process; one picture goes first."""
    with Library.open(settings=settings, write=True, create=True) as opened:
        opened.index([sorted(pictures.iterdir())[0]], cluster=cluster)
        start = time.perf_counter()
        done = opened.index([pictures], cluster=cluster)
        return done.annotated / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
