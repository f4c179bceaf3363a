"""Pictures a second: decoding alone, the model alone, and the whole program, all in one run.

    python -m benchmarks.throughput [--annotator everyday] [--pictures 400] [--json]

End to end can be no faster than the slower of the two bounds; the last column says how near it comes.  Decoding alone
and the model compete for the same processor where there is no other device; then the bound is that of both together.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.pictures import SIZES, report, write_jpegs
from imsearch.annotator import Annotator
from imsearch.indexer.annotating import pick_device
from imsearch.indexer.options import default_workers
from imsearch.library import Library
from imsearch.pictures.picture import read_picture
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from imsearch.specs import AnnotatorSpec

WARM_UP = 2
"""Batches that are not timed: the first ones allocate memory and choose algorithms."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--pictures", type=int, default=400, help="of each size (default: 400)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    (spec,) = make_manager().choose([options.annotator])
    device = pick_device(options.device)
    annotator = spec.factory(device)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in SIZES.items():
            paths = write_jpegs(Path(folder) / name, size, options.pictures)
            decode = decode_rate(paths, annotator, spec.input_size)
            model = model_rate(paths[0], annotator, spec.input_size, options.pictures)
            whole = whole_rate(paths[0].parent, Path(folder) / f"library {name}", spec, device)
            both = decode * model / (decode + model)
            bound = min(decode, model) if device != "cpu" else both
            rows.append(
                {
                    "picture": name,
                    "decode/s": decode,
                    "model/s": model,
                    "one after the other/s": both,
                    "end to end/s": whole,
                    "of the slower": whole / min(decode, model),
                    "of the bound": whole / bound,
                }
            )
    report(f"Throughput of {spec.name} on {device}, {default_workers()} readers", rows, options.json)


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


def whole_rate(pictures: Path, library: Path, spec: AnnotatorSpec, device: str) -> float:
    """``imsearch index`` in this process, the building of the model not counted: one picture goes first."""
    settings = Settings(library=library, annotators=(spec.name,), device=device)
    first = sorted(pictures.iterdir())[0]
    with Library.open(settings=settings, write=True, create=True) as opened:
        opened.runs.index([first])
        start = time.perf_counter()
        report = opened.runs.index([pictures])
        return report.annotated / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
