"""Find the sidecar files of a picture, however their names are spelled.

Case does not matter, nor does the normalization of accents: cameras, memory cards, Windows and macOS change both.
Google Takeout truncates the names of its JSON files and moves numbers about in them; the rules are undocumented and
known only from exports.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from imsearch.pictures.metadata.readers import BESIDE

_ENDINGS = tuple(BESIDE)
_DESCRIPTION = ".json"
"""The suffix of Takeout's files, which have rules of their own."""

_TAKEOUT = "supplemental-metadata"
_CUT = 45
"""Length (without ``.json``) from which the name of a JSON file may be truncated; Takeout's limit is 46."""
_SHORTEST_CUT = 30
"""Minimum number of characters of a picture's name that a truncated one still holds."""
_LONGEST_ENDING = 5
"""Characters of the ending of a picture's name, with its dot, that may be truncated where more follows."""

_NUMBERED = re.compile(r"(.+?)\s?(\(\d+\))")
_NUMBERED_WITHIN = re.compile(r"(.+\.\w{2,5})(\(\d+\))")
_EDITED = (
    "edited", "effects", "smile", "mix", "bearbeitet", "modifié", "modifie", "modificato", "modificado", "editado",
    "editada", "ha editado", "edytowane", "bewerkt", "redigerad", "redigeret", "redigert", "muokattu", "upraveno",
    "upravené", "szerkesztett", "editat", "düzenlendi", "изменено", "відредаговано", "編集済み", "已修改", "已編輯",
    "수정됨",
)  # fmt: skip
"""Suffixes that Takeout appends to the name of an edited picture, in the language of the account."""
_OTHER_ENDINGS = (".heic", ".heif", ".jpg", ".jpeg", ".png", ".dng", ".webp")
"""Endings of originals from which an edited picture may have been made."""

_UNSETTLED_S = 2.0
"""Seconds; a folder that changed more recently may change again without a new modification time."""


def is_sidecar(name: str) -> bool:
    """Return True if a file of this name may describe a picture."""
    return name.lower().endswith(_ENDINGS)


def beside(folder: str, picture: str) -> list[str]:
    """Return the names of a picture's sidecar files in its folder, in order of precedence."""
    folder = folder or os.curdir
    try:
        changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116 - called for each picture
        if abs(time.time() - changed_ns / 1e9) < _UNSETTLED_S:
            return _listed(folder).of(picture)
        return _remembered(folder, changed_ns).of(picture)
    except OSError:
        return []


@lru_cache(maxsize=8)
def _remembered(folder: str, changed_ns: int) -> Sidecars:
    """Return the sidecars of a folder at a modification time, cached so that a large folder is listed only once."""
    return _listed(folder)


def _listed(folder: str) -> Sidecars:
    return Sidecars(name for name in os.listdir(folder) if is_sidecar(name))  # noqa: PTH208 - names are all it takes


class Sidecars:
    """The sidecar files of one folder, looked up by picture name.

    Construction is linear in their number; a lookup costs next to nothing.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._named: defaultdict[str, list[str]] = defaultdict(list)
        self._takeout: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._cut: defaultdict[tuple[str, str], list[tuple[str, bool]]] = defaultdict(list)
        for name in sorted(names):
            key = _key(name)
            if key.endswith(_DESCRIPTION):
                self._add_takeout(name, key.removesuffix(_DESCRIPTION))
            else:
                self._named[key].append(name)
        self._cut_lengths = sorted({len(base) for base, _ in self._cut}, reverse=True)

    def _add_takeout(self, name: str, stem: str) -> None:
        """Index a JSON file by the picture name in its own name: ``NAME``, truncated or not, and its number."""
        numbered = _NUMBERED.fullmatch(stem)
        whole, number = (numbered[1], numbered[2]) if numbered else (stem, "")
        base, dot, rest = whole.rpartition(".")
        if not base or not _TAKEOUT.startswith(rest):
            base, dot, rest = whole, "", ""
        if not number and (within := _NUMBERED_WITHIN.fullmatch(base)):
            base, number = within[1], within[2]
        self._takeout[base, number].append(name)
        is_long = max(len(whole), len(whole.encode("utf-8", "surrogateescape"))) >= _CUT
        if is_long and rest != _TAKEOUT and len(base) >= _SHORTEST_CUT:
            self._cut[base, number].append((name, bool(dot)))

    def of(self, picture: str) -> list[str]:
        """Return the names of a picture's sidecar files, in order of precedence.

        In the order of `BESIDE`, Takeout last; files named after the whole file name come first, then those named after
        it without its ending.
        """
        if not self._named and not self._takeout:
            return []
        key, stem = _key(picture), os.path.splitext(picture)[0]  # noqa: PTH122
        short = os.path.splitext(key)[0]  # noqa: PTH122
        found: list[str] = []
        for ending in _ENDINGS:
            for name in (key + ending, short + ending):
                if name in self._named:
                    found += _spelled_like(stem, self._named[name])
        for name in _originals(key):
            if described := self._descriptions(name):
                return found + _spelled_like(stem, described)
        return found

    def _descriptions(self, name: str) -> list[str]:
        """Return Takeout's JSON files for the picture of this name, by the most reliable spelling available."""
        stem, ending = os.path.splitext(name)  # noqa: PTH122
        numbered = _NUMBERED.fullmatch(stem)
        names = [(name, "")]
        if numbered:
            names.append((numbered[1] + ending, numbered[2]))
        # A picture whose title has no ending is described by a file named after the title alone.
        for each in (*names, (stem, ""), *([(numbered[1], numbered[2])] if numbered else ())):
            if each in self._takeout:
                return self._takeout[each]
        for length in self._cut_lengths:
            for whole, number in names:
                left = len(whole) - length
                found = self._cut.get((whole[:length], number), ()) if left > 0 else ()
                if fitting := [file for file, goes_on in found if not goes_on or left <= _LONGEST_ENDING]:
                    return fitting
        return []


def _originals(key: str) -> Iterator[str]:
    """Yield the name of a picture and, if it is that of an edited one, the possible names of its original."""
    yield key
    stem, ending = os.path.splitext(key)  # noqa: PTH122
    numbered = _NUMBERED.fullmatch(stem)
    plain, number = (numbered[1], numbered[2]) if numbered else (stem, "")
    original, dash, word = plain.rpartition("-")
    is_cut = len(key) >= _CUT and any(each.startswith(word) for each in _EDITED_KEYS)
    if original and dash and (word in _EDITED_KEYS or (word and is_cut)):
        yield from (f"{original}{number}{each}" for each in dict.fromkeys((ending, *_OTHER_ENDINGS)))


def _key(name: str) -> str:
    """Return a key that is the same for all spellings of a name."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _spelled_like(stem: str, names: list[str]) -> list[str]:
    """Return, of several spellings of one name, the picture's own if present; else all."""
    return [name for name in names if name.startswith(stem)] or names


_EDITED_KEYS = frozenset(map(_key, _EDITED))
