"""Renaming, undoing and reviewing over a library without pictures: ``python -m benchmarks.corrections [IMAGES]``.

Every image has the five tags that are merged, among 32; so 20,000 images give 100,000 postings to rename.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.changes import Verdict
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec

MERGED = [f"merged {number}" for number in range(5)]
BATCH = 2000


def _no_model(device: str) -> Annotator:
    raise AssertionError("nothing is annotated here")


def _reading(number: int, random: np.random.Generator) -> Reading:
    tags = {name: float(random.uniform(0.1, 0.9)) for name in MERGED}
    words, probabilities = random.integers(0, 800, 27).tolist(), random.beta(0.5, 3, 27).tolist()
    tags.update((f"word {word}", probability) for word, probability in zip(words, probabilities, strict=True))
    said = Annotation(tuple(Tag(name, probability) for name, probability in tags.items()))
    file = FileSeen(Path(f"/photos/{number}.jpg"), 1, number)
    return Reading(file, f"{number:064x}", ImageFacts(1, 1, "JPEG"), {"made-up": said})


def _timed(what: str, work: Callable[[], object]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    print(f"{what:42} {time.perf_counter() - wall:7.2f} s, {time.process_time() - cpu:7.2f} s of them computing")


def main(images: int) -> None:
    random = np.random.default_rng(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine.open(Path(folder) / "library", Lexicon.load(), create=True) as engine,
    ):
        engine.use_annotators([AnnotatorSpec("made-up", "1", _no_model)])
        for start in range(0, images, BATCH):
            engine.record([_reading(number, random) for number in range(start, min(images, start + BATCH))])
        engine.catch_up()
        everything = engine.catalog.changed_since(0)
        _timed(f"merge 5 tags of {images:,} images", lambda: engine.corrections.merge(MERGED, "merged"))
        _timed("undo that", engine.corrections.undo)
        _timed(f"add a tag to {images:,} images", lambda: engine.corrections.correct(everything, ["x"], Verdict.ADD))
        _timed("add a tag to one image", lambda: engine.corrections.correct(everything[:1], ["y"], Verdict.ADD))
        _timed("review", engine.reviewing.doubts)
        _timed("review of one tag", lambda: engine.reviewing.doubts("word 5"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
