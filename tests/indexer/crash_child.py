"""A process that indexes in forks of itself and kills them; started by test_crash.

It imports everything once, so that each fork costs little.  Each line of standard input is a JSON order, answered by a
line of JSON:

``{"library", "photos", "version"}`` indexes; with ``"kill": [module, name, when, n]`` the fork is killed ``"before"``
or ``"after"`` its n-th call of that function, with ``"seconds"`` after that time.  The answer is how the fork ended.
``{"library", "dump": true}`` answers with everything that can be asked of the library.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imsearch.engine import engine as engine_module
from imsearch.engine.engine import Engine
from imsearch.indexer import run as run_module
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Hit
from tests.fakes import WORDS, colour_spec

NEIGHBOURS_OF = ("moved.png", "old3.png", "new00.jpg", "new11.jpg")


def kill_at(module: str, name: str, when: str, number: int) -> None:
    """Let the n-th call of a function be the last thing this process does."""
    owner: Any = importlib.import_module(module)
    *path, attribute = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    function: Callable[..., Any] = getattr(owner, attribute)
    calls = []

    def last(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if when == "before" and len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **options)
        if when == "after" and len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, attribute, last)


def run(order: dict[str, Any]) -> None:
    """Index; a run that is to be killed commits often, so that there are many moments."""
    if order.get("kill"):
        engine_module._CATCH_UP_SECONDS = 0.0
        run_module.BATCHES_WAITING = 1
        kill_at(*order["kill"])
    with Engine.open(Path(order["library"]), Lexicon(), write=True, create=True) as engine:
        spec = colour_spec(version=order["version"], seconds=0.002)
        index([Path(order["photos"])], engine, [spec], IndexOptions(workers=2))


def dump(order: dict[str, Any]) -> dict[str, Any]:
    """Files, tags, vectors, failures, and the answers of both indexes, without ids, which depend on the order."""
    with Engine.open(Path(order["library"]), Lexicon()) as engine:
        catalog = engine.catalog
        known = catalog.known_files(Path("/"))
        images = {path: file.image_id for path, file in known.items() if file.image_id is not None}
        tags = catalog.tags_of(images.values())
        found = {
            query: sorted([_files(hit), round(hit.score, 4)] for hit in engine.finder.search(query, limit=1000).hits)
            for query in (*WORDS, "red blue", "red OR green OR blue", "red -blue")
        }
        near = {
            path: sorted([_files(hit), round(hit.score, 3)] for hit in engine.finder.similar(image, limit=1000).hits)
            for path, image in images.items()
            if Path(path).name in NEIGHBOURS_OF and catalog.vector(image, "colours") is not None
        }
        return {
            "problems": engine.verify(),
            "files": {path: [file.size, file.mtime_ns] for path, file in sorted(known.items())},
            "tags": {path: sorted(map(repr, tags[image])) for path, image in sorted(images.items())},
            "vectors": {path: str(catalog.vector(image, "colours")) for path, image in sorted(images.items())},
            "failures": [[str(failure.path), failure.reason] for failure in catalog.failures()],
            "found": found,
            "near": near,
        }


def _files(hit: Hit) -> list[str]:
    return sorted(map(str, hit.image.files))


def in_a_fork(order: dict[str, Any]) -> str:
    """Run an order in a fork; returns "done", "killed", or how else it ended."""
    child = os.fork()
    if child == 0:
        try:
            run(order)
        except BaseException:  # noqa: BLE001 - told on standard error and by the exit status
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if order.get("seconds"):
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {os.WTERMSIG(status)}"
    return "done" if os.WEXITSTATUS(status) == 0 else f"exit {os.WEXITSTATUS(status)}"


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        answer = dump(order) if order.get("dump") else in_a_fork(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
