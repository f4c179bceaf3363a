"""Pair raw files with the camera's picture of the same shot: ``IMG_1.CR2`` and ``IMG_1.JPG``.

Both are one picture: the JPEG (or HEIC) is annotated, and the raw file is another of its files, whether or not raw
files can be read.  Pairs are determined anew in every run: without its JPEG a raw file is a picture of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.stores.batch import FileSeen, KnownFile
from imsearch.indexer.found import FoundFile
from imsearch.indexer.scan import Scan
from imsearch.pictures.formats import DEVELOPED, FORMATS, SUFFIXES, begins_like
from imsearch.pictures.raw import RAW_SUFFIXES, may_be_raw

if TYPE_CHECKING:
    from imsearch.engine.engine import Engine

_FIRST = (".jpg", ".jpeg")
Shot = tuple[str, str]
"""Key shared by the files of one shot: their folder, and their name without its ending, in lower case."""


@dataclass(slots=True)
class Pairs:
    """The raw files of a run that are not pictures of their own.

    joined: raw file and the path of the picture it belongs to.  unread: unpaired ones, if raw support is not installed.
    vanished: those the catalog knows as part of a picture, and that were not found.
    """

    joined: list[tuple[FoundFile, str]] = field(default_factory=list)
    unread: list[FoundFile] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)

    def store(self, engine: Engine) -> None:
        """Update the catalog; called after the run, when it contains the pictures that the raw files belong to."""
        pairs = [
            (FileSeen(Path(raw.path), raw.size, raw.mtime_ns, ctime_ns=raw.ctime_ns), Path(other))
            for raw, other in self.joined
        ]
        engine.join(pairs, [path for path in map(Path, self.vanished) if _is_deleted(path, engine)])


def take_pairs(scan: Scan, known_by_root: Mapping[Path, dict[str, KnownFile]], engine: Engine) -> Pairs:
    """Remove paired raw files from the files found and from the known ones, and return them.

    The remaining raw files are planned like any other picture.
    """
    pairs = Pairs()
    raws = [found for found in scan.files if _ending(found.path) in RAW_SUFFIXES]
    known = [path for below in known_by_root.values() for path in below if _ending(path) in RAW_SUFFIXES]
    if not raws and not known:
        return pairs
    failed = {path for below in known_by_root.values() for path, file in below.items() if file.image_id is None}
    partners = _partners((found for found in scan.files if not found.reason), {_shot(raw.path) for raw in raws}, failed)
    for raw in raws:
        other = partners.get(_shot(raw.path)) or (
            _beside(raw.path, engine) if Path(raw.path) in known_by_root else None
        )
        if other and not raw.reason:
            pairs.joined.append((raw, other))
        elif not _is_own(raw.path, known_by_root) and (_ending(raw.path) not in SUFFIXES or _is_of_no_known_kind(raw)):
            pairs.unread.append(raw)
            scan.not_read[_ending(raw.path)] += 1
    companions = engine.catalog.companions([*known, *(raw.path for raw in raws)])
    _take_out(scan, known_by_root, pairs, companions)
    return pairs


def _take_out(
    scan: Scan, known_by_root: Mapping[Path, dict[str, KnownFile]], pairs: Pairs, companions: set[str]
) -> None:
    joined = {raw.path for raw, _ in pairs.joined}
    away = joined | {raw.path for raw in pairs.unread}
    found = {each.path for each in scan.files}
    scan.files = [each for each in scan.files if each.path not in away]
    for below in known_by_root.values():
        # A raw file that has lost its picture is new to the library, whatever the catalog says about its path.
        for path in (joined | companions) & below.keys():
            del below[path]
            if path not in found:
                pairs.vanished.append(path)


def _is_of_no_known_kind(raw: FoundFile) -> bool:
    """Return True if the content of a file with a raw ending has no known signature.

    Makers invent new formats; such files are reported as not read, and are no failures.
    """
    try:
        with open(raw.path, "rb") as file:  # noqa: PTH123 - paths stay plain text here
            start = file.read(16)
    except OSError:
        return False  # reported when it is read
    return not may_be_raw(start) and not any(begins_like(format, start) for format in FORMATS)


def _is_own(path: str, known_by_root: Mapping[Path, dict[str, KnownFile]]) -> bool:
    """Return True if the user named this very file; then the reason it cannot be read is reported."""
    return Path(path) in known_by_root


def _partners(files: Iterable[FoundFile], shots: set[Shot], failed: set[str]) -> dict[Shot, str]:
    """Return the picture for each of these shots: a JPEG before others, then by name."""
    found: dict[Shot, str] = {}
    for path in (file.path for file in files if _ending(file.path) in DEVELOPED):
        shot = _shot(path)
        if shot in shots and path not in failed and (shot not in found or _rank(path) < _rank(found[shot])):
            found[shot] = path
    return found


def _beside(raw: str, engine: Engine) -> str | None:
    """Return the picture next to a raw file that was named alone, if it is in the library."""
    try:
        beside = [path for path in Path(raw).parent.iterdir() if _shot(str(path)) == _shot(raw)]
    except OSError:
        return None
    known = engine.catalog.images_by_path(path for path in beside if _ending(str(path)) in DEVELOPED)
    return min(map(str, known), key=_rank, default=None)


def _is_deleted(raw: Path, engine: Engine) -> bool:
    """Return True if a missing raw file was deleted: not while the picture it belongs to is unavailable as well."""
    if os.path.lexists(raw):
        return False
    image = engine.catalog.image(raw)
    others = [] if image is None else [path for path in image.files if _shot(str(path)) == _shot(str(raw))]
    return not others or any(map(os.path.lexists, others))


def _rank(path: str) -> tuple[bool, str]:
    return _ending(path) not in _FIRST, path


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - there may be a million


def _shot(path: str) -> Shot:
    folder, name = os.path.split(path)
    return folder, os.path.splitext(name)[0].lower()  # noqa: PTH122
