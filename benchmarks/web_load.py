"""How fast the search page comes while many people search at once.

    python -m benchmarks.web_load [--images 10000] [--readers 50] [--seconds 20] [--indexing] [--address /] [--json]

`imsearch serve` runs in a process of its own over a library of synthetic images, each with 20 weighted tags and a
vector; the readers are in another process beside it, one connection each, and share the processors with it.  Each asks
for the page of a query, again and again, and never says which pages it has already, so that every page is made.
Queries are one or two tags, drawn from 500 by Zipf's law: few are asked often, many seldom; one in five is for the next
sixty pictures.

Readers either look at a page for a second on average (exponentially distributed), which is fast for people, or not at
all: then the server is always busy with all of them, and the time of a page is their number divided by the rate.
With --indexing a third process records 16 images a second meanwhile, a batch every two seconds, as an indexing run
does; after each batch all that the server remembers of queries is worth nothing.

"CPU" is the time of the server's processor that each page takes (Linux only), which other busy programs lengthen much
less than the time on the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np

from benchmarks.pictures import report
from benchmarks.query_latency import never, synthetic, synthetic_library
from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
from imsearch.specs import AnnotatorSpec

QUERIES = 500
FURTHER = 0.2
"""Of the pages, so many are further down."""
MOST = 20_000
"""Pages asked for in one measurement at most."""
WARM_SECONDS = 3.0
"""Before anything is measured."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--address", default="/", help="what to ask for: / or /api/search")
    parser.add_argument("--indexing", action="store_true", help="record images meanwhile")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        _, words, odds = synthetic_library(library, options.images)
        queries = _queries([str(word) for word in np.random.default_rng(1).choice(words, 2000, p=odds)])
        with _server(library) as (process, port), _recording(library, options.images, options.indexing):
            rows = []
            for think in (1.0, 0.0):
                load = Load(port, options.address, queries, options.readers, think)
                asyncio.run(load.run(WARM_SECONDS))
                rows.append(load.measured(process.pid, options.seconds))
    beside = ", 16 images a second recorded beside" if options.indexing else ""
    report(f"{options.readers} readers of {options.address} over {options.images:,} images{beside}", rows, options.json)


def _queries(words: Sequence[str]) -> list[str]:
    """Different ones of one or two words, those with frequent words likelier."""
    pick = random.Random(2)
    found: dict[str, None] = {}
    while len(found) < QUERIES:
        chosen = pick.sample(words, pick.choice((1, 1, 2)))
        found[" ".join(f'"{word}"' if " " in word else word for word in chosen)] = None
    return list(found)


@dataclass
class Load:
    """Readers of one server.  think: seconds that they look at a page, on average."""

    port: int
    address: str
    queries: Sequence[str]
    readers: int
    think: float
    times: list[float] = field(default_factory=list)
    bytes: int = 0

    def measured(self, server: int, seconds: float) -> dict[str, object]:
        """Run for so long; what it was like."""
        self.times, self.bytes = [], 0
        cpu, start = _cpu(server), time.perf_counter()
        asyncio.run(self.run(seconds))
        spent, used = time.perf_counter() - start, _cpu(server) - cpu
        p50, p95, p99 = np.percentile(np.array(self.times) * 1000, [50, 95, 99]).tolist()
        return {
            "think s": self.think,
            "pages": len(self.times),
            "pages/s": len(self.times) / spent,
            "p50 ms": p50,
            "p95 ms": p95,
            "p99 ms": p99,
            "CPU ms": used / len(self.times) * 1000,
            "KB": self.bytes / len(self.times) / 1000,
        }

    async def run(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        await asyncio.gather(*(self._reader(random.Random(number), end) for number in range(self.readers)))

    async def _reader(self, pick: random.Random, end: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        weights = list(accumulate(1 / (1 + rank) for rank in range(len(self.queries))))
        try:
            await asyncio.sleep(pick.random() * self.think)
            while time.perf_counter() < end and len(self.times) < MOST:
                (query,) = pick.choices(self.queries, cum_weights=weights)
                offset = "&offset=60" if pick.random() < FURTHER else ""
                start = time.perf_counter()
                asked = f"{self.address}?q={quote(query)}{offset}"
                writer.write(f"GET {asked} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                length = await _answer(reader)
                self.bytes += length
                self.times.append(time.perf_counter() - start)
                if self.think:
                    await asyncio.sleep(min(pick.expovariate(1 / self.think), max(0.0, end - time.perf_counter())))
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end; returns the length of its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b" 200 " not in head[:20]:
        raise SystemExit(f"The server answered: {head.decode(errors='replace')}")
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return length


def _cpu(pid: int) -> float:
    """Seconds of the processor that a process has used; 0 where nobody tells."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server(library: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`imsearch serve` on a free port."""
    command = [sys.executable, "-m", "imsearch", "serve", "--port", "0", "--library", str(library)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        address = next(word for word in process.stdout.readline().split() if word.startswith("http"))
        yield process, urlsplit(address).port or 0
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _recording(library: Path, count: int, wanted: bool) -> Iterator[None]:
    """Records images in another process, if that is wanted."""
    if not wanted:
        yield
        return
    context = get_context("spawn")
    stop = context.Event()
    process = context.Process(target=_record, args=(library, count, stop))
    process.start()
    try:
        yield
    finally:
        stop.set()
        process.join()


def _record(library: Path, count: int, stop: Event) -> None:
    lexicon = Lexicon.load()
    words = np.array(lexicon.tags)
    odds = 1 / np.arange(1, len(words) + 1)
    with Engine.open(library, lexicon, write=True) as engine:
        engine.use_annotators([AnnotatorSpec("synthetic", "1", factory=never, vector_length=1280)])
        (more,) = synthetic(1000, words, odds / odds.sum(), first=count)
        for start in range(0, len(more), 32):
            engine.record(more[start : start + 32])
            if stop.wait(2):
                return


if __name__ == "__main__":
    main()
