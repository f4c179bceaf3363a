"""Evaluate free-text search on captioned pictures: index them, query by caption, and record each picture's rank.

On a floor above the library, because it needs the indexer and the engine together.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from imsearch.errors import DatasetError
from imsearch.indexer.report import Observer
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.training.caption_protocol import CaptionScores, judge_captions
from imsearch.training.data.datasets import Dataset, Sample

CAPTION = 4
"""Zero-based index of the caption used as the query: the fifth.  Flickr8k's labels were derived from the other four."""
_FIRST_LOOK = 50
_WORDS = re.compile(r"\w+(?:[-']\w+)*")


def evaluate_captions(
    annotator: str, chosen: Dataset, settings: Settings, observer: Observer | None = None
) -> dict[str, CaptionScores]:
    """Index the pictures of `chosen` in a library of its own and query by the caption of each.

    Returns the scores of all queries and of each half of them: a choice made on one half is reported on the other.
    """
    texts = [caption_of(sample) for sample in chosen.samples]
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        own = replace(settings, library=Path(folder) / "library")
        with Library.open(settings=own, write=True, create=True) as library:
            library.runs.index([sample.file for sample in chosen.samples], [annotator], observer=observer)
            ranks = [
                _rank(library, sample.file, text, len(texts))
                for sample, text in zip(chosen.samples, texts, strict=True)
            ]  # fmt: skip
    half = len(ranks) // 2
    parts = {"all": ranks, "first half": ranks[:half], "second half": ranks[half:]}
    return {name: judge_captions(part) for name, part in parts.items() if part}


def caption_of(sample: Sample, number: int = CAPTION) -> str:
    """Return a picture's caption without punctuation, which has a meaning in queries."""
    captions = sample.extra.get("captions")
    if not isinstance(captions, list) or len(captions) <= number:
        raise DatasetError(
            f"{sample.place or sample.file} has no caption number {number}. Only sets with a list of "
            f'{number + 1} or more "captions" for each picture can be asked for by captions.'
        )
    return " ".join(_WORDS.findall(str(captions[number])))


def _rank(library: Library, file: Path, text: str, last: int) -> int:
    """Return the rank of the picture for a query; `last` when it is not found."""
    image = library.facts.image(file)
    if image is None:
        raise DatasetError(f"{file} could not be indexed; repair or remove it first")
    for limit in (_FIRST_LOOK, last):  # most rank high, and a page with all pictures takes long to read
        hits = library.search.query(text, limit=limit, min_score=0).hits
        rank = next((rank for rank, hit in enumerate(hits, 1) if hit.image.id == image.id), None)
        if rank is not None:
            return rank
    return last
