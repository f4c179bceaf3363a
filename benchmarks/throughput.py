"""Pictures a second: decoding alone, the model alone, and the whole program, all in one run.

    python -m benchmarks.throughput [--annotator everyday] [--pictures 400] [--runtimes torch,openvino] [--json]

On a processor each runtime has a row (the setting `cpu_runtime`), measured in turns with the others over --rounds, of
which the medians count.  The naive loop decodes each picture in full, one after the other, and runs the model by
PyTorch in float32 on batches of 16.  CPU ms: processor time a picture of the whole program with its decoders, which
other programs on the machine disturb less than they do its pictures a second.

End to end can be no faster than the slower of the two bounds; the last column says how near it comes.  Decoding alone
and the model compete for the same processor where there is no other device; then the bound is that of both together.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from PIL import Image

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.annotator import Annotator
from imsearch.indexer.annotating import pick_device
from imsearch.indexer.options import default_workers
from imsearch.library import Library
from imsearch.pictures.picture import Picture, read_picture
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from imsearch.specs import AnnotatorSpec

VARIABLE = "IMSEARCH_CPU_RUNTIME"
BATCH = 16
WARM_UP = 2
"""Batches that are not timed: the first ones allocate memory and choose algorithms."""


class Measured(NamedTuple):
    """Pictures a second of one round, and the CPU time of a picture end to end, in milliseconds."""

    naive: float
    decode: float
    model: float
    whole: float
    cpu_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--pictures", type=int, default=400, help="of each size (default: 400)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runtimes", default="torch,openvino", help="on a processor (default: torch,openvino)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    (spec,) = make_manager().choose([options.annotator])
    device = pick_device(options.device)
    runtimes = options.runtimes.split(",") if device == "cpu" else ["torch"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            paths = write_jpegs(Path(folder) / name, size, options.pictures)
            found: dict[str, list[Measured]] = {runtime: [] for runtime in runtimes}
            for number in range(options.rounds):
                for runtime in runtimes:
                    library = Path(folder) / f"library {name} {runtime} {number}"
                    with chosen(runtime):
                        found[runtime].append(measure(paths, library, spec, device))
            rows += [summary(name, runtime, found[runtime], device) for runtime in runtimes]
    load = f"load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else "load unknown"
    report(f"Throughput of {spec.name} on {device}, {default_workers()} readers, {load}", rows, options.json)


@contextmanager
def chosen(runtime: str) -> Iterator[None]:
    """Annotators built meanwhile run by this runtime."""
    with patch.dict(os.environ, {VARIABLE: runtime}):
        yield


def measure(paths: list[Path], library: Path, spec: AnnotatorSpec, device: str) -> Measured:
    """One round, with the runtime that is chosen."""
    naive = naive_rate(paths, spec, device)
    annotator = spec.factory(device)
    decode = decode_rate(paths, annotator, spec.input_size)
    model = model_rate(paths[0], annotator, spec.input_size, len(paths))
    return Measured(naive, decode, model, *whole_rate(paths, library, spec, device))


def summary(picture: str, runtime: str, rounds: list[Measured], device: str) -> dict[str, object]:
    """The medians of the rounds, and how near the whole comes to its bounds."""
    naive, decode, model, whole, cpu_ms = (statistics.median(values) for values in zip(*rounds, strict=True))
    both = decode * model / (decode + model)
    bound = min(decode, model) if device != "cpu" else both
    return {
        "picture": picture,
        "runtime": runtime,
        "naive/s": naive,
        "decode/s": decode,
        "model/s": model,
        "one after the other/s": both,
        "end to end/s": whole,
        "CPU ms": cpu_ms,
        "of naive": whole / naive,
        "of the slower": whole / min(decode, model),
        "of the bound": whole / bound,
    }


def naive_rate(paths: list[Path], spec: AnnotatorSpec, device: str) -> float:
    """The loop one would write: decode in full, resize, run the network in float32; over a few batches."""
    batches = [paths[at : at + BATCH] for at in range(0, min(len(paths), 3 * BATCH), BATCH)]
    with chosen("torch"), full_precision():
        annotator = spec.factory(device)
        annotator.annotate([annotator.prepare(naive_picture(path, spec.input_size)) for path in batches[0]])
        start = time.perf_counter()
        for batch in batches:
            annotator.annotate([annotator.prepare(naive_picture(path, spec.input_size)) for path in batch])
        return sum(map(len, batches)) / (time.perf_counter() - start)


def naive_picture(path: Path, side: int) -> Picture:
    """A picture that was decoded in full and resized."""
    with Image.open(path) as image:
        resized = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    return Picture(path, "", *resized.size, "JPEG", {}, (), resized)


def full_precision() -> AbstractContextManager[object]:
    """PyTorch computes in float32 meanwhile, also where the processor has bfloat16."""
    return patch("imsearch.training.runtime.autocast", lambda device: nullcontext())


def decode_rate(paths: list[Path], annotator: Annotator, input_size: int) -> float:
    """Reading, decoding and preparing on as many threads as the indexer uses."""
    with ThreadPoolExecutor(default_workers()) as pool:
        start = time.perf_counter()
        for _ in pool.map(lambda path: annotator.prepare(read_picture(path, input_size)), paths):
            pass
        return len(paths) / (time.perf_counter() - start)


def model_rate(path: Path, annotator: Annotator, input_size: int, count: int) -> float:
    """Batches of one prepared picture, over and over."""
    batch = [annotator.prepare(read_picture(path, input_size))] * annotator.batch_size
    for _ in range(WARM_UP):
        annotator.annotate(batch)
    rounds = max(1, count // len(batch))
    start = time.perf_counter()
    for _ in range(rounds):
        annotator.annotate(batch)
    return rounds * len(batch) / (time.perf_counter() - start)


def whole_rate(paths: list[Path], library: Path, spec: AnnotatorSpec, device: str) -> tuple[float, float]:
    """Pictures a second of ``imsearch index`` in this process, and the CPU time of a picture in milliseconds.

    The model is built once more in the timed run, so that few pictures show less than the program's speed.
    """
    settings = Settings(library=library, annotators=(spec.name,), device=device)
    with Library.open(settings=settings, write=True, create=True) as opened:
        opened.runs.index(paths[:1])
        seconds, cpu, count = timed(opened, paths[1:])
    return count / seconds, 1000 * cpu / count


def timed(library: Library, paths: list[Path]) -> tuple[float, float, int]:
    """Index; seconds, seconds of processors, and the number of pictures annotated."""
    start, before = time.perf_counter(), cpu_seconds()
    annotated = library.runs.index(paths).annotated
    return time.perf_counter() - start, cpu_seconds() - before, annotated


def cpu_seconds() -> float:
    """Of this process and those that it started and that have ended, as the decoders of a finished run have."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
