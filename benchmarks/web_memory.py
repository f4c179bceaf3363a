"""How much memory `imsearch serve` holds, and what it gives back: after a model, after a large upload, after facets.

    python -m benchmarks.web_memory [--images 20000] [--idle 5] [--annotator everyday] [--json]

The server runs in a process of its own over a library of synthetic images, and lets models go after `--idle` seconds
in place of ten minutes.  "MB" is its resident memory (Linux only); what is not its own are files of programs, which the
system takes away when it needs room.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import numpy as np
from PIL import Image

from benchmarks.pictures import report
from benchmarks.query_latency import synthetic_library

PROGRAM = """
import sys
from pathlib import Path
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.guard import memory
from imsearch.webui.app import create_app
from imsearch.webui.serving import serve
from imsearch.webui.sockets import bind
from imsearch.webui.trying import Limits

memory.EVERY = 5.0
settings = Settings(library=Path(sys.argv[1]), annotators=(sys.argv[3],), device="cpu", semantic="off")
sockets = bind("127.0.0.1", 0)
with Library.open(settings=settings) as library:
    app = create_app(library)
    app.state.site.trying.limits = Limits(idle=float(sys.argv[2]))
    serve(app, sockets, lambda: print(sockets[0].getsockname()[1], flush=True), proxy=None, verbose=False)
"""
QUERIES = ("", "type:jpeg", "date:2015..2024")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--idle", type=float, default=5.0)
    parser.add_argument("--annotator", default="everyday")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        synthetic_library(library, options.images)
        command = [sys.executable, "-c", PROGRAM, str(library), str(options.idle), options.annotator]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            rows = measure(server, options.idle)
        finally:
            server.terminate()
            server.wait()
    report(f"imsearch serve over {options.images:,} images", rows, options.json)


def measure(server: subprocess.Popen[str], idle: float) -> list[dict[str, object]]:
    assert server.stdout is not None
    base = f"http://127.0.0.1:{int(server.stdout.readline())}"
    rows: list[dict[str, object]] = []

    def note(what: str) -> None:
        rows.append({"when": what, **resident(server.pid)})

    ask(base, "/api/status")
    note("started")
    for query in QUERIES:
        ask(base, f"/api/facets?q={query}")
    note("after facets")
    time.sleep(12)
    note("after facets, left alone")
    upload(base, 640)
    note("a picture tried")
    time.sleep(idle + 12)
    note("the model dropped")
    upload(base, 8000)
    note("a picture of 64 megapixels tried")
    time.sleep(idle + 12)
    note("the model dropped again")
    for _ in range(3):
        upload(base, 640)
        time.sleep(idle + 6)
    note("and three times more")
    return rows


def resident(pid: int) -> dict[str, object]:
    """Megabytes by what they are."""
    status = Path(f"/proc/{pid}/status").read_text()
    kinds = {"MB": "VmRSS", "of them its own": "RssAnon"}
    return {name: round(int(status.split(f"{kind}:")[1].split()[0]) / 1000) for name, kind in kinds.items()}


def ask(base: str, address: str, data: bytes | None = None, kind: str = "") -> object:
    headers = {"Content-Type": kind} if kind else {}
    with urllib.request.urlopen(urllib.request.Request(base + address, data, headers), timeout=300) as answer:
        return json.load(answer)


def upload(base: str, side: int) -> None:
    noise = np.random.default_rng(side).integers(0, 255, (side // 8, side // 8, 3), np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).resize((side, side)).save(written, "JPEG", quality=90)
    mark = uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    body = head.encode() + written.getvalue() + f"\r\n--{mark}--\r\n".encode()
    for _ in range(5):
        try:
            ask(base, "/api/annotate", body, f"multipart/form-data; boundary={mark}")
            return
        except urllib.error.HTTPError as error:  # loading a model may take longer than an answer
            if error.code != 504:
                raise


if __name__ == "__main__":
    main()
