"""Merging segments of the text index, and making one of documents."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.local.segment import POSTING, Lists, Segment, hash_of, write_segment

_SEGMENTS_TO_MERGE = 8
_PIECE = 1 << 20
"""About so many postings are merged at a time, which bounds the memory."""
_HASHES = 1 << 32


def to_merge(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments that should become one.

    Sizes in powers of eight make a tier; a tier of eight becomes one segment of the next, so that every document is
    rewritten a few times only.  Segments that are mostly dead are rewritten too.
    """
    tiers: defaultdict[int, list[Segment]] = defaultdict(list)
    chosen: list[Segment] = []
    for segment in segments:
        if segment.living < len(segment.images) / 2:
            chosen.append(segment)
        elif segment.living:
            tiers[int(math.log(segment.living, _SEGMENTS_TO_MERGE))].append(segment)
    for tier in tiers.values():
        if len(tier) >= _SEGMENTS_TO_MERGE:
            chosen += tier
    return chosen


def write_documents(path: Path, documents: Mapping[int, Mapping[str, float]]) -> None:
    """Write a segment of images and the weights of their terms."""
    numbers: dict[str, int] = {}
    terms: list[int] = []
    weights: list[float] = []
    lengths: list[int] = []
    for _, tags in sorted(documents.items()):
        terms += [numbers.setdefault(tag, len(numbers)) for tag in tags]
        weights += tags.values()
        lengths.append(len(tags))
    spelled = [name.encode() for name in numbers]
    hashes = np.fromiter(map(hash_of, spelled), np.int64, len(spelled))
    order = sorted(range(len(spelled)), key=lambda number: (hashes[number], spelled[number]))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    ranked = ranks[np.array(terms, np.int64)]
    by_term = np.argsort(ranked, kind="stable")
    postings = np.empty(len(terms), POSTING)
    postings["document"] = np.repeat(np.arange(len(lengths)), lengths)[by_term]
    postings["weight"] = np.array(weights, np.float32)[by_term]
    counts = np.bincount(ranked, minlength=len(order))
    lists = Lists([spelled[number] for number in order], hashes[order].astype(np.uint32), counts, postings)
    write_segment(path, np.array(sorted(documents), np.int64), [lists])


def merge(path: Path, segments: Sequence[Segment]) -> None:
    """Write a segment of all that lives in others."""
    alive = [segment.alive() for segment in segments]
    images = np.concatenate([segment.images[living] for segment, living in zip(segments, alive, strict=True)])
    images.sort()
    places = [
        np.where(living, np.searchsorted(images, segment.images), -1)
        for segment, living in zip(segments, alive, strict=True)
    ]
    write_segment(path, images, _merged(segments, places))


def _merged(segments: Sequence[Segment], places: Sequence[NDArray[np.int64]]) -> Iterator[Lists]:
    """Yield the lists of all terms.  places: by segment, its documents' new places, -1 for dead ones."""
    pieces = 1 + sum(segment.postings_count for segment in segments) // _PIECE
    limits = [_HASHES * piece // pieces for piece in range(pieces + 1)]
    for low, high in pairwise(limits):
        ranges = [
            (int(np.searchsorted(segment.hashes, low)), int(np.searchsorted(segment.hashes, high)))
            for segment in segments
        ]
        parts = [segment.lists(*each) for segment, each in zip(segments, ranges, strict=True)]
        yield _joined(parts, places)


def _joined(parts: Sequence[Lists], places: Sequence[NDArray[np.int64]]) -> Lists:
    known: dict[bytes, int] = {}
    for part in parts:
        known.update(zip(part.terms, part.hashes.tolist(), strict=True))
    terms = sorted(known, key=lambda term: (known[term], term))
    ranks = {term: rank for rank, term in enumerate(terms)}
    keys, weights = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for part, moved in zip(parts, places, strict=True):
        ranked = np.fromiter(map(ranks.__getitem__, part.terms), np.int64, len(part.terms))
        documents = moved[part.postings["document"]]
        kept = documents >= 0
        keys.append((np.repeat(ranked, part.counts)[kept] << 32) | documents[kept])
        weights.append(part.postings["weight"][kept])
    key = np.concatenate(keys)
    order = np.argsort(key, kind="stable")  # which merges runs that are in order already
    key = key[order]
    postings = np.empty(len(key), POSTING)
    postings["document"] = key & 0xFFFFFFFF
    postings["weight"] = np.concatenate(weights)[order]
    counts = np.bincount(key >> 32, minlength=len(terms))
    used = np.flatnonzero(counts).tolist()
    hashes = np.fromiter((known[terms[rank]] for rank in used), np.uint32, len(used))
    return Lists([terms[rank] for rank in used], hashes, counts[used], postings)
