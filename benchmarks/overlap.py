"""How near indexing comes to its slowest stage, with a device that computes without holding the interpreter.

    python -m benchmarks.overlap [--pictures 600] [--batch 4] [--forward 40] [--post 1.16] [--tags 48] [--json]

The device is simulated: a forward pass sleeps, as a thread does that waits for a GPU.  Making tags of its output is
Python, as much as `everyday` needs.  In one row decoding is what is slow: it sleeps, too, as if other processors did
it.  Each stage is measured alone first; no run can be faster than the slowest of them.  "Under way" is between the
first and the last forward pass: without looking for pictures and the last update of the index, which matter in short
runs.  "In one" is an annotator that is not split in `begin` and `finish`.

All of it runs in one interpreter, which has some 4 ms of work for a picture beside the tags, most of it writing: a
device that needs less than that for a picture waits, whatever overlaps.  Where other programs keep the processors busy,
threads wait for these, and the ratio says little.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report, write_jpegs
from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import Picture, read_picture
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec

T = TypeVar("T")

SIDE = 32
SLOW_DECODING, READERS = 120.0, 8
"""Milliseconds a picture, and threads that wait for them."""


class Simulated(Annotator):
    """Sleeps for each batch, and then computes in Python for each picture."""

    def __init__(self, batch_size: int, forward: float, post: float, tags: int) -> None:
        """forward: seconds a batch.  post: seconds a picture."""
        self.batch_size, self._forward, self._post = batch_size, forward, post
        self._names = [f"tag {number}" for number in range(tags)]
        self.begun: list[float] = []

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        return picture.array(SIDE, SIDE)

    def begin(self, batch: Sequence[Any]) -> Any:
        self.begun.append(time.perf_counter())
        time.sleep(self._forward)
        return batch

    def finish(self, begun: Any) -> Sequence[Annotation]:
        return [self._tagged(float(pixels[0, 0, 0]) / 255) for pixels in begun]

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        return self.finish(self.begin(batch))

    def _tagged(self, probability: float) -> Annotation:
        until = time.thread_time() + self._post
        while time.thread_time() < until:
            pass
        return Annotation(tuple(Tag(name, probability) for name in self._names))


class InOne(Simulated):
    """The same, not split."""

    begin, finish = Annotator.begin, Annotator.finish

    def annotate(self, batch: Sequence[Any]) -> Sequence[Annotation]:
        return Simulated.finish(self, Simulated.begin(self, batch))


class Elsewhere:
    """Decodes small pictures here, after waiting as if other processors decoded large ones."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def call(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        time.sleep(self._seconds)
        return work(*arguments, **options)

    def warm_up(self) -> None: ...

    def close(self) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--forward", type=float, default=40.0, help="milliseconds a batch (default: 40)")
    parser.add_argument("--post", type=float, default=1.16, help="milliseconds a picture (default: 1.16)")
    parser.add_argument("--tags", type=int, default=48, help="of each picture (default: 48)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = write_jpegs(Path(folder) / "pictures", (SIDE, SIDE), options.pictures)
        cases: tuple[tuple[str, type[Simulated], float], ...] = (
            ("in one, the model is slow", InOne, 0.0),
            ("split, the model is slow", Simulated, 0.0),
            ("split, decoding is slow", Simulated, SLOW_DECODING / 1000),
        )
        for name, kind, decoding in cases:
            forward = options.forward / 1000
            annotator = kind(options.batch, forward, options.post / 1000, options.tags)
            decode = decode_rate(paths, annotator, Elsewhere(decoding))
            model = model_rate(annotator)
            post = post_rate(annotator)
            whole, steady, seen = rates(paths, Path(folder) / name, annotator, Elsewhere(decoding))
            slowest = min(decode, model, post)
            rows.append(
                {
                    "annotator": name,
                    "decode/s": decode,
                    "model/s": model,
                    "post/s": post,
                    "end to end/s": whole,
                    "of the slowest": whole / slowest,
                    "under way/s": steady,
                    "of it": steady / slowest,
                    "bound": seen,
                }
            )
    title = f"{options.forward:g} ms a batch of {options.batch}, {options.post:g} ms of Python a picture; load"
    report(f"{title} {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", rows, options.json)


def decode_rate(paths: Sequence[Path], annotator: Annotator, decoding: Elsewhere) -> float:
    """Reading, decoding and preparing, on as many threads as the indexer is told to use."""
    with ThreadPoolExecutor(READERS) as pool:
        start = time.perf_counter()
        for _ in pool.map(lambda path: annotator.prepare(decoding.call(read_picture, path, SIDE)), paths):
            pass
        return len(paths) / (time.perf_counter() - start)


def post_rate(annotator: Simulated, batches: int = 10) -> float:
    """Making tags alone."""
    batch = [np.zeros((SIDE, SIDE, 3), np.uint8)] * annotator.batch_size
    start = time.perf_counter()
    for _ in range(batches):
        Simulated.finish(annotator, batch)
    return batches * len(batch) / (time.perf_counter() - start)


def model_rate(annotator: Simulated, batches: int = 25) -> float:
    """Forward passes alone."""
    start = time.perf_counter()
    for _ in range(batches):
        Simulated.begin(annotator, ())
    return batches * annotator.batch_size / (time.perf_counter() - start)


def rates(paths: Sequence[Path], library: Path, annotator: Simulated, decoding: Elsewhere) -> tuple[float, float, str]:
    """Of a whole run; between its first and last forward pass; and the line of work that its profile says bounds it."""
    spec = AnnotatorSpec("simulated", "1", lambda device: annotator, input_size=SIDE)
    with Engine.open(library, Lexicon(), write=True, create=True) as engine:
        index([paths[0]], engine, [spec], decoding=decoding)
        annotator.begun.clear()
        found = index([paths[0].parent], engine, [spec], IndexOptions(workers=READERS), decoding=decoding)
        assert found.profile is not None
        first, *_, last = annotator.begun
        steady = (len(annotator.begun) - 1) * annotator.batch_size / (last - first)
        return found.annotated / found.seconds, steady, found.profile.bound


if __name__ == "__main__":
    main()
