"""Raw files beside a picture that the camera made of the same shot: ``IMG_1.CR2`` and ``IMG_1.JPG``.

Both are one picture, of which the JPEG (or HEIC) is looked at; the raw file is one more of its files, whether or not
raw files can be read.  They are found anew in every run: without its JPEG a raw file is a picture of its own.
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
"""What the files of one shot have in common: their folder, and their name without its ending, in lower case."""


@dataclass(slots=True)
class Pairs:
    """The raw files of a run that are no pictures of their own.

    joined: each with the path of the picture it belongs to.  unread: those that belong to none, when what reads raw
    files is not installed.  vanished: those the catalog knows as belonging to a picture, and that were not found.
    """

    joined: list[tuple[FoundFile, str]] = field(default_factory=list)
    unread: list[FoundFile] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)

    def store(self, engine: Engine) -> None:
        """Bring the catalog up to date; after the run, when it knows the pictures that the raw files belong to."""
        pairs = [
            (FileSeen(Path(raw.path), raw.size, raw.mtime_ns, ctime_ns=raw.ctime_ns), Path(other))
            for raw, other in self.joined
        ]
        engine.join(pairs, [path for path in map(Path, self.vanished) if _is_deleted(path, engine)])


def take_pairs(scan: Scan, known_by_root: Mapping[Path, dict[str, KnownFile]], engine: Engine) -> Pairs:
    """Take the raw files that are no pictures of their own out of what was found, and out of what is known.

    What is left of them in both is planned like any other picture.
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
        # A companion that is one no longer is new to the library, whatever the catalog knows of the path.
        for path in (joined | companions) & below.keys():
            del below[path]
            if path not in found:
                pairs.vanished.append(path)


def _is_of_no_known_kind(raw: FoundFile) -> bool:
    """Whether the content of a file that is named like a raw file begins like none that can be read.

    Makers invent new kinds; those are told as not read, like all others, and are no failures.
    """
    try:
        with open(raw.path, "rb") as file:  # noqa: PTH123 - paths stay plain text here
            start = file.read(16)
    except OSError:
        return False  # told when it is read
    return not may_be_raw(start) and not any(begins_like(format, start) for format in FORMATS)


def _is_own(path: str, known_by_root: Mapping[Path, dict[str, KnownFile]]) -> bool:
    """Whether the user named this very file; then it is told why it cannot be read."""
    return Path(path) in known_by_root


def _partners(files: Iterable[FoundFile], shots: set[Shot], failed: set[str]) -> dict[Shot, str]:
    """For each of these shots the picture that stands for it: a JPEG before others, then by name."""
    found: dict[Shot, str] = {}
    for path in (file.path for file in files if _ending(file.path) in DEVELOPED):
        shot = _shot(path)
        if shot in shots and path not in failed and (shot not in found or _rank(path) < _rank(found[shot])):
            found[shot] = path
    return found


def _beside(raw: str, engine: Engine) -> str | None:
    """The picture beside a raw file that was named alone, where the library has it."""
    try:
        beside = [path for path in Path(raw).parent.iterdir() if _shot(str(path)) == _shot(raw)]
    except OSError:
        return None
    known = engine.catalog.images_by_path(path for path in beside if _ending(str(path)) in DEVELOPED)
    return min(map(str, known), key=_rank, default=None)


def _is_deleted(raw: Path, engine: Engine) -> bool:
    """Whether a raw file that was not found is gone for good: not while the picture it belongs to is away as well."""
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
