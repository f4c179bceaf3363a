"""A text index on Whoosh, to compare `imsearch.engine.stores.local.text_arrays` with.

One document an image, one posting a tag, the probability as the posting's weight.
Queries are not run by Whoosh's searcher, which scores document by document in Python.  Whole posting lists are read
into arrays instead.  What finds damaged files is left out here.
"""

from __future__ import annotations

import math
import shutil
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from whoosh import fields, formats
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import NumericColumn
from whoosh.index import create_in, open_dir
from whoosh.reading import SegmentReader, TermNotFound

from imsearch.engine.stores.derived import State, read_state, saved_state, write_state
from imsearch.engine.words.postings import REJECTED, SHOWN, Postings

_STATE = "state.json"
_CODEC = {"blocklimit": 1024, "compression": 1}
"""Long blocks: they are always read whole here."""

_Read: TypeAlias = tuple[NDArray[np.integer[Any]], NDArray[np.float32]]
"""Numbers of documents and weights."""
_NOTHING: _Read = (np.empty(0, np.int64), np.empty(0, np.float32))


class WeightedTags(fields.FieldType):  # type: ignore[misc]
    """Whole tags with weights, given as a mapping: nothing is parsed, a tag may hold spaces."""

    def __init__(self) -> None:
        super().__init__(formats.Existence(), analyzer=None)

    def index(self, value: Mapping[str, float], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield what Whoosh writes: term, frequency, weight, payload."""
        return ((tag.encode(), 1, weight, b"") for tag, weight in value.items())


def _schema() -> fields.Schema:
    """Return the fields of every index.

    Opening one with it leaves the schema in the file alone, a pickle that names the module where this class lay when
    the index was made.
    """
    return fields.Schema(image=fields.COLUMN(NumericColumn("q")), tags=WeightedTags())


class WhooshTextIndex:
    """See `imsearch.engine.stores.text_index.TextIndex`."""

    derived = True

    def __init__(self, folder: Path) -> None:
        """Nothing is opened before it is needed."""
        self._folder = folder
        self._opened: tuple[Any, Any] | None = None  # Whoosh's index and reader
        self._opened_at: tuple[int, State | None] = -1, None
        # Segments never change, but for documents that are deleted: what was read of one is kept as long as it lives.
        self._image_ids: dict[str, NDArray[np.int64]] = {}  # by segment: document number -> image
        self._read: dict[str, dict[str, _Read]] = {}  # by segment and tag
        self._alive: dict[str, NDArray[np.bool_]] = {}  # by segment, while it is open
        self._postings: dict[str, Postings] = {}

    @property
    def state(self) -> State | None:
        """The catalog state that was noted last."""
        return saved_state(read_state(self._folder / _STATE))

    def check(self) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Start from nothing."""
        self.close()
        if self._folder.is_dir():
            (self._folder / _STATE).unlink(missing_ok=True)  # first: without it what is left counts as no index
            shutil.rmtree(self._folder)
        else:
            self._folder.unlink(missing_ok=True)
        self._folder.mkdir()
        create_in(self._folder, _schema())

    def apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        """Replace or remove the documents of these images and commit."""
        self.refresh()
        index, reader = self._open()
        writer = index.writer(codec=W3Codec(**_CODEC))
        try:
            changed = np.fromiter(documents, np.int64, len(documents))
            base = 0
            for leaf in leaves(reader):
                for number in self._documents_of(leaf, changed):
                    writer.delete_document(base + int(number))
                base += leaf.doc_count_all()
            for image, tags in documents.items():
                if tags is not None:
                    writer.add_document(image=image, tags=tags)
            writer.commit(mergetype=merge_tiers)
        except BaseException:
            if not writer.is_closed:
                writer.cancel()  # gives Whoosh's own lock back
            raise
        if state is not None:
            write_state(self._folder / _STATE, {"library": state[0], "generation": state[1]})
        self.refresh()

    def postings(self, tag: str) -> Postings:
        """The images that have this very tag."""
        if tag not in self._postings:
            self._postings[tag] = self._read_postings(tag)
        return self._postings[tag]

    def images(self) -> NDArray[np.int64]:
        """All images in the index."""
        _, reader = self._open()
        parts = [self._images_of(leaf)[alive(leaf)] for leaf in leaves(reader)]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def commit(self) -> Hashable:
        """Tells one commit from another."""
        self._open()
        return self._opened_at

    def refresh(self) -> None:
        """See what other processes have committed since."""
        if self._opened is not None and self._now(self._opened[0]) != self._opened_at:
            self._close_reader()

    def close(self) -> None:
        """Close the files."""
        self._close_reader()
        self._image_ids.clear()
        self._read.clear()

    def _close_reader(self) -> None:
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None
        self._postings.clear()
        self._alive.clear()

    def _now(self, index: Any) -> tuple[int, State | None]:
        """Tells one commit from another; Whoosh's own number starts again when the index is made anew."""
        return index.latest_generation(), self.state

    def _open(self) -> tuple[Any, Any]:
        if self._opened is None:
            index = open_dir(self._folder, schema=_schema())
            self._opened_at = self._now(index)
            self._opened = index, index.reader()
            used = {leaf.segment().segment_id() for leaf in leaves(self._opened[1])}
            self._image_ids = {key: value for key, value in self._image_ids.items() if key in used}
            self._read = {key: value for key, value in self._read.items() if key in used}
        return self._opened

    def _read_postings(self, tag: str) -> Postings:
        _, reader = self._open()
        images, weights = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for leaf in leaves(reader):
            numbers, values = self._read_segment(leaf, tag)
            if len(numbers):
                kept = self._alive_in(leaf)[numbers]
                images.append(self._images_of(leaf)[numbers[kept]])
                weights.append(values[kept])
        weight = np.concatenate(weights)
        shown = weight >= SHOWN
        return Postings(
            np.concatenate(images), np.where(shown, weight - np.float32(SHOWN), weight), shown, weight <= REJECTED
        )

    def _read_segment(self, leaf: SegmentReader, tag: str) -> _Read:
        known = self._read.setdefault(leaf.segment().segment_id(), {})
        if tag not in known:
            try:
                known[tag] = read_matcher(leaf.postings("tags", tag))
            except TermNotFound:
                known[tag] = _NOTHING
        return known[tag]

    def _alive_in(self, leaf: SegmentReader) -> NDArray[np.bool_]:
        key = leaf.segment().segment_id()
        if key not in self._alive:
            self._alive[key] = alive(leaf)
        return self._alive[key]

    def _images_of(self, leaf: SegmentReader) -> NDArray[np.int64]:
        """The image of every document of a segment, deleted ones too."""
        key = leaf.segment().segment_id()
        if key not in self._image_ids:
            column = leaf.column_reader("image", NumericColumn("q"), translate=False)
            # Whoosh reads columns value by value; the file is an array of big-endian numbers, and taken as one here.
            raw = column._dbfile.get(column._basepos, column._count * column._fixedlen)
            self._image_ids[key] = np.frombuffer(raw, dtype=">i8").astype(np.int64)
        return self._image_ids[key]

    def _documents_of(self, leaf: SegmentReader, images: NDArray[np.int64]) -> NDArray[np.intp]:
        """The numbers of the living documents of these images in a segment."""
        known = self._images_of(leaf)
        if not len(images) or not len(known) or images.min() > known.max() or images.max() < known.min():
            return np.empty(0, np.intp)
        return np.flatnonzero(np.isin(known, images) & alive(leaf))


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
