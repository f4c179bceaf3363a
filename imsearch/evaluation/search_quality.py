"""Evaluate the program's own search on a labelled dataset: index its pictures, run the protocol's queries.

On a floor above the library, because it needs the indexer and the engine together.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from imsearch.engine.search.feedback import Feedback
from imsearch.engine.search.ranking import Ranking
from imsearch.errors import DatasetError
from imsearch.indexer.report import Observer
from imsearch.languages.lexicon import Lexicon
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.training.data.datasets import Dataset
from imsearch.training.search_protocol import Query, SearchScores, judge_search, make_queries

Asking = Literal["tags", "words"]
PICTURES_ONLY = Ranking(written=False)


def query_text(query: Query, meanings: Mapping[str, str], asking: Asking) -> str:
    """Return the query text: ``tag:"polar bear"`` for its labels' tags, or the bare words in quotes.

    Bare words also find synonyms and kinds ("building" finds houses), which the dataset's labels may count as wrong.
    """
    if asking == "words":
        return " ".join(f'"{word}"' for word in query)
    return " ".join(f'tag:"{meanings.get(word, word)}"' for word in query)


ABLATION: Mapping[str, Ranking] = {
    "as it is": PICTURES_ONLY,
    "with visual evidence": replace(PICTURES_ONLY, feedback=Feedback()),
    "arithmetic mean of words": replace(PICTURES_ONLY, mean="arithmetic"),
    "least likely word": replace(PICTURES_ONLY, mean="least"),
    "likeliest word": replace(PICTURES_ONLY, mean="greatest"),
}
"""Variants of ranking, each with one thing added or replaced."""


def evaluate_search(
    annotator: str,
    chosen: Dataset,
    settings: Settings,
    asking: Asking = "tags",
    observer: Observer | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> SearchScores:
    """Index the pictures of `chosen` in a library of its own and run every query of the protocol.

    Words in file names are ignored: in a dataset they may give the answer away.  Raises `DatasetError` when
    two pictures are the same file, since one result cannot stand for both.
    """
    rankings = {"": PICTURES_ONLY}
    return compare_rankings(annotator, chosen, settings, rankings, asking, observer, progress)[""]


def compare_rankings(
    annotator: str,
    chosen: Dataset,
    settings: Settings,
    rankings: Mapping[str, Ranking],
    asking: Asking = "tags",
    observer: Observer | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> dict[str, SearchScores]:
    """`evaluate_search` for several rankings, by name."""
    queries = make_queries([sample.labels for sample in chosen.samples])
    lexicon = Lexicon.load()
    meanings = {label: lexicon.canonical(label) or label for label in chosen.labels}
    meanings |= lexicon.labels(chosen.kind) if chosen.kind in lexicon.heads else {}
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        own = replace(settings, library=Path(folder) / "library", annotators=(annotator,))
        with Library.open(settings=own, write=True, create=True) as library:
            library.runs.index([sample.file for sample in chosen.samples], [annotator], observer=observer)
            positions = _positions(library, chosen)

            def score(ranking: Ranking) -> SearchScores:
                ranked = library.search.ranked_by(ranking)

                def search(query: Query) -> list[int]:
                    found = ranked.found_ids(query_text(query, meanings, asking), min_score=0)
                    return [positions[image] for image in found]

                return judge_search(queries, search, progress)

            return {name: score(ranking) for name, ranking in rankings.items()}


def _positions(library: Library, chosen: Dataset) -> dict[int, int]:
    """Return image id -> position among the samples."""
    positions: dict[int, int] = {}
    for position, sample in enumerate(chosen.samples):
        image = library.facts.image(sample.file)
        if image is None:
            raise DatasetError(f"{sample.file} could not be indexed; repair or remove it first")
        if image.id in positions:
            raise DatasetError(f"{sample.file} and {chosen.samples[positions[image.id]].file} are the same picture")
        positions[image.id] = position
    return positions
