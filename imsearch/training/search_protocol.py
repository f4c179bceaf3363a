"""Search by words over automatic tags: the queries, and how the answers are judged.

The protocol of PAMIR (Grangier and Bengio 2008) as used by TagProp (Guillaumin et al. 2009) on Corel5k: queries are
all sets of one or more words that at least one test image has in full, over the words that at least two test images
have; an image is relevant when it has all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from imsearch.training.metrics import break_even_precision, ranked_average_precision

Query = tuple[str, ...]
GROUPS = ("All", "Single", "Multi", "Easy", "Hard")
_EASY = 3


@dataclass(frozen=True)
class SearchScores:
    """For each group of queries: how many, mean average precision, and break-even precision.

    Groups without a query are not in `map` and `bep`.
    """

    queries: dict[str, int]
    map: dict[str, float]
    bep: dict[str, float]


def make_queries(images: Sequence[Iterable[str]], least_images: int = 2) -> dict[Query, frozenset[int]]:
    """Every query and the positions of its relevant images, in a fixed order.

    `images` are the label sets.  Words that fewer than `least_images` have are left out.
    """
    frequency = Counter(word for labels in images for word in set(labels))
    relevant: dict[Query, set[int]] = {}
    for position, labels in enumerate(images):
        words = sorted(word for word in set(labels) if frequency[word] >= least_images)
        for size in range(1, len(words) + 1):
            for query in combinations(words, size):
                relevant.setdefault(query, set()).add(position)
    return {query: frozenset(relevant[query]) for query in sorted(relevant)}


def judge_search(
    queries: dict[Query, frozenset[int]],
    search: Callable[[Query], Sequence[int]],
    progress: Callable[[int], None] = lambda count: None,
) -> SearchScores:
    """Runs every query; `search` returns positions of images, best first.  Images it leaves out count as not found."""
    values: dict[str, list[tuple[float, float]]] = {group: [] for group in GROUPS}
    for query, relevant in queries.items():
        hits = np.array([position in relevant for position in search(query)], dtype=bool)
        scores = (ranked_average_precision(hits, len(relevant)), break_even_precision(hits, len(relevant)))
        for group in ("All", "Single" if len(query) == 1 else "Multi", "Easy" if len(relevant) >= _EASY else "Hard"):
            values[group].append(scores)
        progress(1)
    means = {group: np.mean(several, axis=0) for group, several in values.items() if several}
    return SearchScores(
        {group: len(several) for group, several in values.items()},
        {group: float(pair[0]) for group, pair in means.items()},
        {group: float(pair[1]) for group, pair in means.items()},
    )
