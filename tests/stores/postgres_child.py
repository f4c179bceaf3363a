"""Another process that works on a library in PostgreSQL: ``python -m tests.stores.postgres_child URL WHAT ...``.

It says "ready" when it has begun.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path

from imsearch.engine.review.corrections import Corrections
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.postgres.home import Home
from imsearch.records import Failure
from tests.engine.support import LEXICON, reading, spec


def begun() -> None:
    """Let the parent know."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def correct(url: str, tag: str, images: int) -> None:
    """Add a tag of its own to each image, one change after the other."""
    home = Home.open(url, write=False, create=False)
    corrections = Corrections(home.catalog, home.recorder(), LEXICON, lambda: None)
    begun()
    for image in range(1, images + 1):
        corrections.correct([image], [tag], Verdict.ADD, exact=True)
    home.close()


def record(url: str, first: str) -> None:
    """Index made-up pictures, two at a time, until it is killed."""
    home = Home.open(url, write=True, create=False)
    recorder = home.recorder()
    recorder.use_annotators([spec()])
    number = int(first)
    while True:
        recorder.record(
            [reading(number, {"cat": 0.9}, vector=(1, 0)), reading(number + 1, {"dog": 0.9}, vector=(0, 1))],
            [Failure(Path(f"/broken/{number}"), "empty")],
        )
        begun()
        number += 2


def hold(url: str) -> None:
    """Hold the lock for a run until it is killed."""
    with closing(Home.open(url, write=True, create=False)):
        begun()
        time.sleep(600)


if __name__ == "__main__":
    url, what, *arguments = sys.argv[1:]
    if what == "correct":
        correct(url, arguments[0], int(arguments[1]))
    elif what == "record":
        record(url, arguments[0])
    else:
        hold(url)
