"""A segment of the text index: the posting lists of some images as arrays, in a file that is written once.

The file's content, little-endian, each part at a multiple of eight bytes:

- images: int64 (documents,), ascending; a document is the place of its image there
- postings: (uint32 document, float32 weight) (postings,), by term, then by document
- hashes, ends, lasts: uint32 (terms,): the hash of each term, where its bytes end, where its postings end
- terms: their bytes, in UTF-8
- trailer: how many documents, postings, terms and bytes of terms there are, and a mark

Terms are in order of hash: one is found by a binary search among numbers, and segments are merged range by range.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.blocks import Blocks, BlockWriter
from imsearch.engine.stores.derived import IndexDamagedError
from imsearch.errors import LibraryError

_TRAILER = struct.Struct("<QQQQ8s")
_MARK = b"segment1"
_MOST = 1 << 32
"""Places are kept in 32 bits: two hundred million images with twenty tags each."""
_ALIGNED = 8
POSTING = np.dtype([("document", "<u4"), ("weight", "<f4")])
Weighted: TypeAlias = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Ids of images, ascending, and weights."""


def hash_of(term: bytes) -> int:
    """Return the number that terms are ordered by, in 0 to 2**32 - 1."""
    return zlib.crc32(term)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Posting lists of successive terms in order of (hash, term).

    hashes: uint32 (terms,).  counts: int64 (terms,), how many of the postings are each term's.  postings: `POSTING`.
    """

    terms: Sequence[bytes]
    hashes: NDArray[np.uint32]
    counts: NDArray[np.int64]
    postings: NDArray[np.void]


def write_segment(path: Path, images: NDArray[np.int64], lists: Iterable[Lists]) -> None:
    """Write a new file; the lists together hold each term once, in order of (hash, term)."""
    hashes, counts, lengths = [np.empty(0, np.uint32)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    terms: list[bytes] = []
    postings = 0
    with BlockWriter(path) as file:
        file.write(images.astype("<i8"))
        for each in lists:
            file.write(each.postings.astype(POSTING, copy=False))
            postings += len(each.postings)
            hashes.append(each.hashes)
            counts.append(each.counts)
            terms.append(b"".join(each.terms))
            lengths.append(np.fromiter(map(len, each.terms), np.int64, len(each.terms)))
        ends, lasts = np.cumsum(np.concatenate(lengths)), np.cumsum(np.concatenate(counts))
        if max(postings, int(ends[-1]) if len(ends) else 0) >= _MOST:
            raise LibraryError("The text index cannot hold so many images. Make libraries of fewer.")
        for numbers in (np.concatenate(hashes), ends, lasts):
            file.write(numbers.astype("<u4"))
            file.align(_ALIGNED)
        for part in terms:
            file.write(part)
        file.align(_ALIGNED)
        file.write(_TRAILER.pack(len(images), postings, len(ends), int(ends[-1]) if len(ends) else 0, _MARK))


class Segment:
    """Reads a file of `write_segment`; raises `IndexDamagedError` where it is not as it was written.

    dead: ids of images whose documents here count no more, ascending.  list_of_dead: the name of the file that holds
    them, empty where there are none.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.dead = np.empty(0, np.int64)
        self.list_of_dead = ""
        self._blocks = blocks = Blocks(path)
        start = blocks.length - _TRAILER.size
        trailer = blocks.bytes(start, _TRAILER.size)
        documents, postings, terms, size, mark = _TRAILER.unpack(trailer)
        if mark != _MARK:
            raise IndexDamagedError(f"{self.name} is no segment")
        self.images: NDArray[np.int64] = blocks.array("<i8", documents, 0)
        self._first = int(self.images[0]) if documents else 0
        self._in_a_row = documents > 0 and int(self.images[-1]) - self._first == documents - 1
        self._postings_at = place = 8 * documents
        self._postings = blocks.unchecked(POSTING, postings, place)
        place += POSTING.itemsize * postings
        self.hashes: NDArray[np.uint32] = blocks.array("<u4", terms, place)
        place = _aligned(place + 4 * terms)
        self.ends: NDArray[np.uint32] = blocks.array("<u4", terms, place)
        place = _aligned(place + 4 * terms)
        self.lasts: NDArray[np.uint32] = blocks.array("<u4", terms, place)
        self._terms_at = _aligned(place + 4 * terms)
        if _aligned(self._terms_at + size) != start:
            raise IndexDamagedError(f"{self.name} has other parts than it says")

    def with_dead(self, dead: NDArray[np.int64], list_of_dead: str) -> Segment:
        """Return the same segment in which these count no more."""
        other = copy(self)
        other.dead, other.list_of_dead = dead, list_of_dead
        return other

    @property
    def living(self) -> int:
        """The number of documents that count."""
        return len(self.images) - len(self.dead)

    def alive(self) -> NDArray[np.bool_]:
        """Return a mask of the documents that count."""
        living = np.ones(len(self.images), np.bool_)
        living[np.searchsorted(self.images, self.dead)] = False
        return living

    def without(self, images: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ids of the documents that count no more if those of these images do not either."""
        places = np.searchsorted(self.images, images)
        inside = places < len(self.images)
        inside[inside] = self.images[places[inside]] == images[inside]
        return np.union1d(self.dead, images[inside]) if inside.any() else self.dead

    def postings(self, term: bytes) -> Weighted | None:
        """Return the images that have a term, dead ones too, and its weights; None where there are none."""
        place = self._place(term)
        if place < 0:
            return None
        found = self.slice(place, place + 1)
        documents = found["document"]
        if self._in_a_row:
            images: NDArray[np.int64] = np.add(documents, self._first, dtype=np.int64, casting="unsafe")
        else:
            images = self.images[documents]
        return images, found["weight"]

    def living_of(self, found: Weighted) -> Weighted:
        """Return postings of this segment without dead documents."""
        images, weights = found
        if not len(self.dead) or not len(images):
            return found
        kept = ~np.isin(images, self.dead, assume_unique=True)
        return images[kept], weights[kept]

    @property
    def postings_count(self) -> int:
        """The number of all postings."""
        return len(self._postings)

    def lists(self, first: int, last: int) -> Lists:
        """Return the posting lists of the terms from one place to before another, dead documents included."""
        lasts = self.lasts[first:last].astype(np.int64)
        counts = lasts.copy()
        counts[1:] -= lasts[:-1]
        counts[:1] -= int(self.lasts[first - 1]) if first else 0
        return Lists(self.terms(first, last), self.hashes[first:last], counts, self.slice(first, last))

    def slice(self, first: int, last: int) -> NDArray[np.void]:
        """Return the postings of the terms from one place to before another."""
        start = int(self.lasts[first - 1]) if first else 0
        end = int(self.lasts[last - 1]) if last else 0
        self._blocks.check(self._postings_at + POSTING.itemsize * start, POSTING.itemsize * (end - start))
        found: NDArray[np.void] = self._postings[start:end]
        return found

    def terms(self, first: int, last: int) -> list[bytes]:
        """Return the terms from one place to before another."""
        if first >= last:
            return []
        start = int(self.ends[first - 1]) if first else 0
        ends = (self.ends[first:last].astype(np.int64) - start).tolist()
        content = self._blocks.bytes(self._terms_at + start, ends[-1])
        return [content[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]

    def _place(self, term: bytes) -> int:
        """Return where a term is; -1 for one that is not there."""
        hashed = hash_of(term)
        place = int(self.hashes.searchsorted(np.uint32(hashed)))
        while place < len(self.hashes) and int(self.hashes[place]) == hashed:
            start = int(self.ends[place - 1]) if place else 0
            if self._blocks.bytes(self._terms_at + start, int(self.ends[place]) - start) == term:
                return place
            place += 1
        return -1

    def check(self) -> None:
        """Read the whole file anew."""
        self._blocks.check_anew()


def _aligned(place: int) -> int:
    return -(-place // _ALIGNED) * _ALIGNED
