"""The input of `Engine.record`: plain values, one `Reading` per file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from imsearch.records import Annotation, Facts, Text


def ctime_of(status: os.stat_result) -> int:
    """Return when a file last changed by the system's own clock, in nanoseconds; 0 where the system does not keep it.

    It changes with the bytes, whatever a program does to the time of modification; also with permissions, links and
    names, so that it tells what to read again but not that something is different.
    """
    return 0 if os.name == "nt" else status.st_ctime_ns  # Windows: the time of creation


class KnownFile(NamedTuple):
    """The catalog's entry for one path; `image_id` is None where the last attempt to read the file failed.

    ctime_ns: as in `FileSeen`.  left_alone: why a file that failed is not tried again while it stays as it is.
    """

    image_id: int | None
    size: int
    mtime_ns: int
    beside: int = 0
    ctime_ns: int = 0
    left_alone: str = ""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file as it was when its bytes were read: an absolute path, its size in bytes, its time of change.

    beside: a number that changes with the files beside it that describe it; 0 when there are none.
    ctime_ns: the time of change that the system keeps and no program can set, as `ctime_of` returns it; 0 where it is
    not known.
    """

    path: Path
    size: int
    mtime_ns: int
    beside: int = 0
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class KnownImage:
    """The files of an image and its bytes; the files as they were when they were read, newest first."""

    sha256: str
    width: int
    height: int
    format: str
    bytes: int
    files: tuple[FileSeen, ...]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """The result of reading a picture: the size in pixels of the upright original, and its metadata.

    For an image in the catalog, only the metadata is used; it keeps its size and format.  `metadata` must be plain
    JSON: strings, finite numbers, booleans, None, lists and dictionaries with text keys.  `version` is that of the
    program that read them; a catalog finds by it what should be read again.  `phash` is what `imsearch.pictures.phash`
    makes of the pixels, None where only the headers were read.
    """

    width: int
    height: int
    format: str
    taken_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    texts: tuple[Text, ...] = ()
    version: int = 0
    phash: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One file that was read: whose bytes it holds and what the annotators said about them.

    sha256: 64 lower-case hexadecimal digits.
    facts: needed when the bytes are new to the catalog (and not earlier in the same batch); otherwise they replace
    those the catalog has.
    annotations: by annotator name; empty for a copied or moved file of known bytes.
    failures: reasons by annotator name; an annotator that failed is asked again in the next run.
    """

    file: FileSeen
    sha256: str
    facts: ImageFacts | None = None
    annotations: Mapping[str, Annotation] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
