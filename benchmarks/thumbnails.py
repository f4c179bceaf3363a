"""A grid of thumbnails as a browser asks for it: six connections at once, cold and warm, and what their making costs.

    python -m benchmarks.thumbnails [--pictures 60] [--rounds 5] [--formats] [--json]

The pages run in a process of their own under uvicorn, as `imsearch serve` runs them; the client is beside it on the
same processors.  Cold: no thumbnail exists (files are in the cache of the operating system, the server has answered one
other request).  Warm: the same grid again; from disk: again after a restart of the server.  "raw" is decoding,
shrinking and encoding alone, in a plain loop on one thread, in the same round; "of the bound" compares cold with raw
divided by the processors.  "CPU" is the time of the processors that the loop and the server used (Linux only), which
other busy programs lengthen much less than the time on the clock.  The best of the rounds counts; each round does all.
With --formats: what WebP and JPEG cost at each size instead.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image
from skimage.metrics import structural_similarity

from benchmarks.pictures import natural, report
from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.home import THUMBNAILS
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Annotation
from imsearch.specs import AnnotatorSpec
from imsearch.webui.thumbs.shrinking import fitted, shrink
from imsearch.webui.thumbs.thumbnails import BOXES

CONNECTIONS = 6
"""As browsers open to one server."""

KINDS: dict[str, tuple[str, tuple[int, int], float]] = {
    "12 MP JPEG": ("JPEG", (4000, 3000), 1.0),
    "12 MP JPEG, progressive": ("JPEG+", (4000, 3000), 0.2),
    "48 MP JPEG": ("JPEG", (8000, 6000), 0.2),
    "12 MP HEIC": ("HEIF", (4000, 3000), 0.2),
    "12 MP PNG": ("PNG", (4000, 3000), 0.2),
}
"""Format, pixels, and the share of --pictures in the grid."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pictures", type=int, default=60, help="in the grid (default: 60)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only these; may be given again")
    parser.add_argument("--formats", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    elif options.formats:
        report("Encoding thumbnails of 2 pictures, mean of the best of 3", list(formats()), options.json)
    else:
        rows = [row for kind in options.kind or KINDS for row in grid(kind, options.pictures, options.rounds)]
        report(f"A grid of thumbnails, {CONNECTIONS} connections, {os.cpu_count()} processors", rows, options.json)


def grid(kind: str, pictures: int, rounds: int) -> Iterator[dict[str, object]]:
    """One row a size of thumbnail."""
    format, size, share = KINDS[kind]
    count = max(CONNECTIONS, round(pictures * share))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(folder / "pictures", format, size, count + 1)
        fill(folder / "library", paths, size, format)
        for thumbnail in ("small", "medium") if kind == "12 MP JPEG" else ("small",):
            measured = [one_round(folder / "library", paths, thumbnail) for _ in range(rounds)]
            raw, raw_cpu, cold, cold_cpu, warm, disk = (min(column) for column in zip(*measured, strict=True))
            yield {
                "picture": kind,
                "MB each": sum(path.stat().st_size for path in paths) / len(paths) / 1e6,
                "grid": count,
                "size": thumbnail,
                "raw s": raw,
                "raw CPU s": raw_cpu,
                "cold s": cold,
                "cold CPU s": cold_cpu,
                "of the bound": cold / (raw / (os.cpu_count() or 1)),
                "warm ms": warm * 1000,
                "from disk ms": disk * 1000,
            }


def write(folder: Path, format: str, size: tuple[int, int], count: int) -> list[Path]:
    """Files as phones write them; few different ones, the others have a few more bytes at the end."""
    folder.mkdir()
    different = 6 if size[0] < 5000 else 2
    contents = []
    for seed in range(min(different, count)):
        buffer, image = io.BytesIO(), natural(size, seed)
        if format == "HEIF":
            pillow_heif.from_pillow(image).save(buffer, quality=60)
        elif format == "PNG":
            image.save(buffer, "PNG")
        else:
            image.save(buffer, "JPEG", quality=94, progressive=format == "JPEG+")
        contents.append(buffer.getvalue())
    paths = [folder / f"{number:05}" for number in range(count)]
    for number, path in enumerate(paths):
        # A HEIF has its additional bytes in a box that readers skip.
        more = b"\0\0\0\x0cfree" + number.to_bytes(4, "big")
        path.write_bytes(contents[number % len(contents)] + more)
    return paths


def fill(library: Path, paths: list[Path], size: tuple[int, int], format: str) -> None:
    """A library of these files, as indexing would make it, without running a model."""
    facts = ImageFacts(*size, format.rstrip("+"))
    readings = []
    for path in paths:
        status = path.stat()
        seen = FileSeen(path, status.st_size, status.st_mtime_ns)
        readings.append(Reading(seen, hashlib.sha256(path.read_bytes()).hexdigest(), facts, {"none": Annotation(())}))
    with Engine.open(library, Lexicon.load(), write=True, create=True) as engine:
        engine.use_annotators([AnnotatorSpec("none", "1", factory=_never)])
        engine.record(readings)


def _never(device: str) -> Annotator:
    raise AssertionError("nothing is annotated here")


def one_round(library: Path, paths: list[Path], size: str) -> tuple[float, ...]:
    """Seconds: raw and its CPU, cold and its CPU, warm, from disk.  The last picture only warms the server up."""
    shutil.rmtree(library / THUMBNAILS, ignore_errors=True)
    addresses = [f"/api/images/{number}/thumbnail?size={size}" for number in range(1, len(paths))]
    start, start_cpu = time.perf_counter(), time.process_time()
    for path in paths[:-1]:
        shrink(path.read_bytes(), BOXES["small" if size == "small" else "medium"])
    raw, raw_cpu = time.perf_counter() - start, time.process_time() - start_cpu
    with served(library) as (port, process):
        asyncio.run(fetch(port, [f"/api/images/{len(paths)}/thumbnail?size={size}"]))
        start_cpu = used(process)
        cold = asyncio.run(fetch(port, addresses))
        cold_cpu = used(process) - start_cpu
        warm = min(asyncio.run(fetch(port, addresses)) for _ in range(5))
    with served(library) as (port, process):
        asyncio.run(fetch(port, [f"/api/images/{len(paths)}/thumbnail?size={size}"]))
        disk = asyncio.run(fetch(port, addresses))
    return raw, raw_cpu, cold, cold_cpu, warm, disk


def used(process: int) -> float:
    """Seconds of the processors that a process has used until now; 0 where nothing tells."""
    told = Path(f"/proc/{process}/stat")
    if not told.exists():
        return 0.0
    fields = told.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(library: Path) -> Iterator[tuple[int, int]]:
    """The pages of the library in another process; gives the port and the number of the process."""
    command = [sys.executable, "-m", "benchmarks.thumbnails", "--serve", os.fspath(library)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()


def serve(library: Path) -> None:
    import uvicorn

    from imsearch.library import Library
    from imsearch.settings import Settings
    from imsearch.webui.app import create_app

    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    with Library.open(settings=Settings(library=library, semantic="off", device="cpu")) as opened:
        config = uvicorn.Config(create_app(opened), log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])


async def fetch(port: int, addresses: list[str]) -> float:
    """Ask for all of them over kept connections; returns the seconds until the last byte."""
    waiting = list(reversed(addresses))

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            writer.write(f"GET {waiting.pop()} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200") and b"x-imsearch-placeholder" not in head, head
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(min(CONNECTIONS, len(addresses)))))
    return time.perf_counter() - start


def formats() -> Iterator[dict[str, object]]:
    """Time of the processor, bytes and likeness to what is encoded (SSIM of the luminance), for each way to encode."""
    whole = [natural((4000, 3000), seed) for seed in range(2)]
    ways: list[tuple[str, dict[str, object]]] = [("JPEG", {"quality": quality}) for quality in (75, 82, 88)]
    ways += [("JPEG", {"quality": 82, "optimize": True})]
    ways += [("WEBP", {"quality": quality, "method": method}) for quality in (75, 82) for method in (0, 2, 4)]
    for size, box in BOXES.items():
        images = [image.resize(fitted(*image.size, box), Image.Resampling.BICUBIC, reducing_gap=2) for image in whole]
        for format, how in ways:
            taken, encoded = zip(*(best(partial(_encoded, image, format, how)) for image in images), strict=True)
            yield {
                "size": size,
                "format": f"{format} {' '.join(f'{name}={value}' for name, value in how.items())}",
                "CPU ms": 1000 * sum(taken) / len(taken),
                "KB": sum(map(len, encoded)) / len(encoded) / 1000,
                "SSIM": float(np.mean([_alike(*pair) for pair in zip(images, encoded, strict=True)])),
            }


def best(work: Callable[[], bytes], times: int = 3) -> tuple[float, bytes]:
    """Seconds of the processor: that of a clock would count other programs too."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        result = work()
        taken.append(time.process_time() - start)
    return min(taken), result


def _encoded(image: Image.Image, format: str, how: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **how)
    return buffer.getvalue()


def _alike(image: Image.Image, encoded: bytes) -> float:
    decoded = Image.open(io.BytesIO(encoded)).convert("L")
    return float(structural_similarity(np.asarray(image.convert("L")), np.asarray(decoded)))


if __name__ == "__main__":
    main()
