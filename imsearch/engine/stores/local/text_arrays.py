"""The text index in files of arrays: one document an image, one posting a tag, the probability as its weight.

Documents are written to segments, which are never changed.  One small file names the segments that count and the lists
of images whose documents in them are outdated; every commit replaces it in one step.  docs/text_index.md has the
measurements, with Whoosh for comparison.
"""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from threading import RLock
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.stores.blocks import Blocks, BlockWriter
from imsearch.engine.stores.derived import IndexDamagedError, State, read_state, saved_state, write_state
from imsearch.engine.stores.local.merging import merge, to_merge, write_documents
from imsearch.engine.stores.local.segment import Segment
from imsearch.engine.words.postings import REJECTED, SHOWN, Postings
from imsearch.errors import LibraryError
from imsearch.system.refusals import refusal_in, refused

_STATE = "state.json"
_FORMAT = 5
"""Raised whenever the documents hold something else: an index of another format is made anew."""
_SHORT_BYTES, _LONG_BYTES = 64 << 20, 96 << 20
"""Bytes of posting lists that are kept in memory: of short ones, whose cost is to look them up, and of long ones."""
_LONG = 100_000
"""Longer lists than this count as long."""
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _guarded(
    method: Callable[Concatenate[ArrayTextIndex, _P], _R],
) -> Callable[Concatenate[ArrayTextIndex, _P], _R]:
    """Let one thread in at a time, and turn what files that are gone raise into `IndexDamagedError`."""

    @wraps(method)
    def guarded(self: ArrayTextIndex, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with self._lock:
            try:
                return method(self, *args, **kwargs)
            except OSError as error:
                refusal = refusal_in(error)
                if refusal is None:
                    raise IndexDamagedError(str(error)) from error
                kept = "What was stored is kept; the text index catches up by itself."
                raise refused(refusal.errno, self._folder, kept) from error

    return guarded


class _Kept:
    """The posting lists that were used last, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._lists: OrderedDict[str, Postings] = OrderedDict()
        self._most = most
        self._bytes = 0

    def get(self, tag: str) -> Postings | None:
        """Return the list of a tag, if it is kept."""
        found = self._lists.get(tag)
        if found is not None:
            self._lists.move_to_end(tag)
        return found

    def keep(self, tag: str, postings: Postings) -> None:
        """Keep a list in place of those that were not used for the longest time."""
        self._lists[tag] = postings
        self._bytes += _bytes(postings)
        while self._bytes > self._most:
            self._bytes -= _bytes(self._lists.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget all."""
        self._lists.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._lists)


def _bytes(postings: Postings) -> int:
    return 500 + 14 * len(postings.images)


class ArrayTextIndex:
    """See `imsearch.engine.stores.text_index.TextIndex`."""

    derived = True

    def __init__(self, folder: Path) -> None:
        """Nothing is opened before it is needed."""
        self._folder = folder
        self._lock = RLock()
        self._read_at = b""  # the content of the state file that was opened
        self._opened: dict[str, Segment] | None = None
        self._images: NDArray[np.int64] | None = None
        self._short, self._long = _Kept(_SHORT_BYTES), _Kept(_LONG_BYTES)

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
        self.close()
        for segment in self._open().values():
            segment.check()

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
        write_state(self._folder / _STATE, {"format": _FORMAT, "commit": _name(), "segments": {}})

    @_guarded
    def apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        """Replace or remove the documents of these images and commit."""
        self.refresh()
        try:
            self._apply(documents, state)
        except (OSError, LibraryError):
            self._clean()  # or a full disk would stay full
            raise
        self.refresh()
        self._clean()

    def _apply(self, documents: Mapping[int, Mapping[str, float] | None], state: State | None) -> None:
        changed = np.fromiter(documents, np.int64, len(documents))
        segments = [self._without(segment, changed) for segment in self._open().values()]
        if present := {image: tags for image, tags in documents.items() if tags is not None}:
            segments.append(self._written(lambda path: write_documents(path, present)))
        while merged := to_merge(segments):
            segments = [segment for segment in segments if segment not in merged]
            if sum(segment.living for segment in merged):
                segments.append(self._written(partial(merge, segments=merged)))
        state = state or self.state
        data = {"format": _FORMAT, "commit": _name(), "segments": {each.name: each.list_of_dead for each in segments}}
        if state is not None:
            data |= {"library": state[0], "generation": state[1]}
        write_state(self._folder / _STATE, data)

    def _written(self, write: Callable[[Path], None]) -> Segment:
        path = self._folder / f"{_name()}.segment"
        write(path)
        return Segment(path)

    def _without(self, segment: Segment, changed: NDArray[np.int64]) -> Segment:
        """Return a segment in which the documents of these images count no more."""
        dead = segment.without(changed)
        if len(dead) == len(segment.dead):
            return segment
        name = f"{_name()}.dead"
        with BlockWriter(self._folder / name) as file:
            file.write(dead.astype("<i8"))
        return segment.with_dead(dead, name)

    def _clean(self) -> None:
        """Remove the files that no commit needs any more, also what one that failed has left."""
        named = ((read_state(self._folder / _STATE) or {}).get("segments") or {}).items()
        used = {name for pair in named for name in pair}
        with suppress(OSError):  # they take room, and do no harm
            for path in self._folder.iterdir():
                if path.suffix in (".segment", ".dead") and path.name not in used:
                    path.unlink(missing_ok=True)

    @_guarded
    def postings(self, tag: str) -> Postings:
        """The images that have this very tag."""
        self._open()
        found = self._short.get(tag) or self._long.get(tag)
        if found is None:
            found = self._read_postings(tag)
            (self._long if len(found.images) > _LONG else self._short).keep(tag, found)
        return found

    def _read_postings(self, tag: str) -> Postings:
        term = tag.encode(errors="surrogatepass")  # half a character is in no document
        found = [each.living_of(part) for each in self._open().values() if (part := each.postings(term)) is not None]
        images = np.concatenate([np.empty(0, np.int64), *(part for part, _ in found)])
        weight = np.concatenate([np.empty(0, np.float32), *(part for _, part in found)])
        shown, rejected = weight >= SHOWN, weight <= REJECTED
        np.subtract(weight, np.float32(SHOWN), out=weight, where=shown)
        return Postings(images, weight, shown, rejected)

    @_guarded
    def images(self) -> NDArray[np.int64]:
        """All images in the index."""
        if self._images is None:
            living = [segment.images[segment.alive()] for segment in self._open().values()]
            self._images = np.concatenate([np.empty(0, np.int64), *living])
        return self._images

    @_guarded
    def commit(self) -> Hashable:
        """Tells one commit from another."""
        self._open()
        return self._read_at

    @_guarded
    def refresh(self) -> None:
        """See what other processes have committed since."""
        if self._opened is not None and self._now() != self._read_at:
            self._open_again(self._opened)

    @_guarded
    def close(self) -> None:
        """Close the files."""
        self._forget()
        self._opened = None

    def _forget(self) -> None:
        self._images = None
        self._short.clear()
        self._long.clear()

    def _now(self) -> bytes:
        return (self._folder / _STATE).read_bytes()

    def _open(self) -> dict[str, Segment]:
        return self._open_again({}) if self._opened is None else self._opened

    def _open_again(self, known: Mapping[str, Segment]) -> dict[str, Segment]:
        """Open the segments of the newest commit; those that are open stay so."""
        self._forget()
        self._opened = None
        self._read_at = self._now()
        noted = self._noted()
        if noted is None:
            raise IndexDamagedError(f"{_STATE} cannot be read")
        opened = {}
        for name, list_of_dead in noted["segments"].items():
            segment = known.get(name) or Segment(self._folder / name)
            if list_of_dead != segment.list_of_dead:
                segment = segment.with_dead(self._read_dead(list_of_dead), list_of_dead)
            opened[name] = segment
        self._opened = opened
        return opened

    def _read_dead(self, name: str) -> NDArray[np.int64]:
        blocks = Blocks(self._folder / name)
        blocks.check_anew()  # all of it, also what is too short for a number
        found: NDArray[np.int64] = blocks.array("<i8", blocks.length // 8, 0)
        return found


def _name() -> str:
    return os.urandom(8).hex()
