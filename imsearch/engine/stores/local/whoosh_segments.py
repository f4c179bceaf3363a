"""Whoosh's segments: reading them as arrays, and when to merge them."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.reading import SegmentReader

_SEGMENTS_TO_MERGE = 8


def leaves(reader: Any) -> list[SegmentReader]:
    """The readers of the segments; an empty index has a reader without a segment."""
    return [leaf for leaf, _ in reader.leaf_readers() if leaf.segment() is not None]


def alive(leaf: SegmentReader) -> NDArray[np.bool_]:
    """Return a mask of the documents of a segment that are not deleted."""
    living = np.ones(leaf.doc_count_all(), np.bool_)
    living[list(leaf.segment().deleted_docs())] = False
    return living


def read_matcher(matcher: Any) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """All document numbers and weights of a posting list, deleted ones too.

    Whoosh steps through postings one by one; a block as it lies in the file is a tuple of gaps between document
    numbers and a tuple of weights (None: all 1; one number: all the same), which numpy turns into arrays at once.
    """
    if hasattr(matcher, "child"):  # the filter that leaves deleted documents out, which the caller does
        matcher = matcher.child
    numbers, weights = [], []
    matcher.reset()
    while True:
        matcher._read_data()
        gaps, weight, _ = matcher._data
        numbers.append(np.cumsum(np.array(gaps, np.int64)))
        if weight is None or isinstance(weight, float):
            weights.append(np.full(len(gaps), 1.0 if weight is None else weight, np.float32))
        else:
            weights.append(np.array(weight, np.float32))
        if matcher._lastblock:
            return np.concatenate(numbers), np.concatenate(weights)
        matcher._next_block()


def merge_tiers(writer: Any, segments: list[Any]) -> list[Any]:
    """Merge segments of similar size when there are several, so that every document is rewritten a few times only.

    Sizes in powers of eight make a tier; a tier of eight becomes one segment of the next.  Segments that are mostly
    deleted are rewritten too, wholly deleted ones left out.
    """
    tiers: defaultdict[int, list[Any]] = defaultdict(list)
    merged = []
    for segment in segments:
        living = segment.doc_count()
        if 0 < living < segment.doc_count_all() / 2:
            merged.append(segment)
        elif living:
            tiers[int(math.log(living, _SEGMENTS_TO_MERGE))].append(segment)
    kept: list[Any] = []
    for _, tier in sorted(tiers.items()):
        (merged if len(tier) >= _SEGMENTS_TO_MERGE else kept).extend(tier)
    for segment in merged:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return kept
