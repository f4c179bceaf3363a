"""The text index on Whoosh: one document an image, one posting a tag, the probability as the posting's weight.

Queries are not run by Whoosh's searcher, which scores document by document in Python.  Whole posting lists are read
into arrays instead and ranked there (see `imsearch.engine.search.ranking`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from whoosh import fields, formats
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import NumericColumn
from whoosh.index import clean_files, create_in, open_dir
from whoosh.reading import SegmentReader, TermNotFound

from imsearch.engine.stores.derived import IndexDamagedError, State, checksum, read_state, saved_state, write_state
from imsearch.engine.stores.local.whoosh_segments import alive, leaves, merge_tiers, read_matcher
from imsearch.engine.words.postings import REJECTED, SHOWN, Postings
from imsearch.errors import LibraryError
from imsearch.system.refusals import refusal_in, refused

_STATE = "state.json"
_FORMAT = 4
"""Raised whenever the documents hold something else: an index of another format is made anew."""
_CODEC = {"blocklimit": 1024, "compression": 1}
"""Long blocks: they are always read whole here."""

_WRITTEN = re.compile(r"_MAIN_\d+\.toc|MAIN_\w+\.seg")
"""Whoosh's files of an index; each is written once and never changed."""

_Read: TypeAlias = tuple[NDArray[np.integer[Any]], NDArray[np.float32]]
"""Numbers of documents and weights."""
_NOTHING: _Read = (np.empty(0, np.int64), np.empty(0, np.float32))
_P = ParamSpec("_P")
_R = TypeVar("_R")


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


def _guarded(
    method: Callable[Concatenate[WhooshTextIndex, _P], _R],
) -> Callable[Concatenate[WhooshTextIndex, _P], _R]:
    """Turn what damaged files make Whoosh raise into `IndexDamagedError`.

    One thread at a time, too: the readers of a segment share a position in its file.
    """

    @wraps(method)
    def guarded(self: WhooshTextIndex, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self._lock:
            try:
                return method(self, *args, **kwargs)
            except (IndexDamagedError, LibraryError):
                raise
            except Exception as error:  # Whoosh meets damage with whatever Python raises
                refusal = refusal_in(error)
                if refusal is None:
                    raise IndexDamagedError(str(error) or repr(error)) from error
                kept = "What was stored is kept; the text index catches up by itself."
                raise refused(refusal.errno, self._folder, kept) from error

    return guarded


class WhooshTextIndex:
    """See `imsearch.engine.stores.text_index.TextIndex`."""

    derived = True

    def __init__(self, folder: Path) -> None:
        """Nothing is opened before it is needed."""
        self._folder = folder
        self._lock = RLock()
        self._opened: tuple[Any, Any] | None = None  # Whoosh's index and reader
        self._opened_at: tuple[int, State | None] = -1, None
        self._checked: set[tuple[str, int, int, int]] = set()  # name, checksum, inode and time of sound files
        # Segments never change, but for documents that are deleted: what was read of one is kept as long as it lives.
        self._image_ids: dict[str, NDArray[np.int64]] = {}  # by segment: document number -> image
        self._read: dict[str, dict[str, _Read]] = {}  # by segment and tag
        self._alive: dict[str, NDArray[np.bool_]] = {}  # by segment, while it is open
        self._postings: dict[str, Postings] = {}

    @property
    def state(self) -> State | None:
        """The catalog state on disk; None when there is no index or another version wrote it."""
        return saved_state(self._noted())

    def _noted(self) -> dict[str, Any] | None:
        """The content of the state file, if this version of the program wrote it."""
        data = read_state(self._folder / _STATE)
        return data if data is not None and data.get("format") == _FORMAT else None

    @_guarded
    def check(self) -> None:
        """Read all files, and raise IndexDamagedError when one is not as it was written."""
        self._checked.clear()
        self._check_files()

    def _check_files(self) -> None:
        """Compare the files with their checksums, each once as long as it stays the same file.

        Whoosh itself notices hardly any damage: a garbled posting list names other pictures.  A file without a checksum
        belongs to a commit whose state was not written down yet, and is not known to be wrong.
        """
        for name, expected in ((self._noted() or {}).get("files") or {}).items():
            path = self._folder / name
            try:
                status = path.stat()
                key = name, expected, status.st_ino, status.st_mtime_ns
                sound = key in self._checked or checksum(path) == expected
            except FileNotFoundError:
                continue  # a newer commit has replaced it; where it has not, opening the index tells
            if not sound:
                raise IndexDamagedError(f"{name} does not hold the bytes that were written")
            self._checked.add(key)

    def _write_state(self, state: State | None) -> None:
        """Note the state, or keep the one noted before, and the checksums of the files there are now."""
        noted = self._noted()
        known = (noted or {}).get("files") or {}
        names = sorted(path.name for path in self._folder.iterdir() if _WRITTEN.fullmatch(path.name))
        files = {name: known[name] if name in known else checksum(self._folder / name) for name in names}
        state = state or saved_state(noted)
        if state is not None:
            data = {"format": _FORMAT, "library": state[0], "generation": state[1], "files": files}
            write_state(self._folder / _STATE, data)

    def _clean(self) -> None:
        """Remove what a failed commit has left, or a full disk would stay full."""
        with suppress(Exception):  # what failed before is what has to be told
            index = open_dir(self._folder, schema=_schema())
            clean_files(index.storage, index.indexname, index.latest_generation(), index._segments())
            for path in self._folder.glob("*.tmp*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    @_guarded
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

    @_guarded
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
        except BaseException as error:
            try:
                if not writer.is_closed:
                    writer.cancel()  # gives Whoosh's own lock back, also after Ctrl-C in the middle of a commit
            finally:
                if isinstance(error, Exception):
                    self._clean()
            raise
        self._write_state(state)
        self.refresh()

    @_guarded
    def postings(self, tag: str) -> Postings:
        """The images that have this very tag."""
        if tag not in self._postings:
            self._postings[tag] = self._read_postings(tag)
        return self._postings[tag]

    @_guarded
    def images(self) -> NDArray[np.int64]:
        """All images in the index."""
        _, reader = self._open()
        parts = [self._images_of(leaf)[alive(leaf)] for leaf in leaves(reader)]
        return np.concatenate([np.empty(0, np.int64), *parts])

    @_guarded
    def commit(self) -> Hashable:
        """Tells one commit from another."""
        self._open()
        return self._opened_at

    @_guarded
    def refresh(self) -> None:
        """See what other processes have committed since."""
        if self._opened is not None and self._now(self._opened[0]) != self._opened_at:
            self._close_reader()

    @_guarded
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
            self._check_files()
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
