"""Plain values passed between the parts of imsearch.

Nothing here opens a file, a store or a model; every class is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


USER = "user"
"""The source of tags that a person gave; no annotator may take this name."""
DEFINED = "defined"
"""The source of tags that a person defined by a phrase; no annotator may take this name either."""

FOLDER = "folder"
"""The source of a word in a folder name; it describes the origin of a picture, not its content."""

SOCIAL_TAGS = "social_tags"
"""The name of `Picture.social_tags` among the inputs of an annotator that reads them."""


RANKING_ONLY = 2.0
"""The threshold of a tag that is never shown, whatever its probability, and only serves ranking."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A word and the probability that it is true of a picture.

    `name` is lower case and may contain spaces; `probability` is in 0 to 1.  `source` is the name of an
    annotator or ``"user"``; annotators leave it empty and the engine fills it in.  `shown` is True if the
    probability passes the annotator's threshold for this tag: shown tags are printed and serve ``+word`` and
    ``-word``, the others are the long tail that only ranking uses.
    """

    name: str
    probability: float
    source: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """The result of one annotator for one picture.

    `tags` holds each name once, in any order.  `vector` is a float32 array of shape ``(spec.vector_length,)``, of any
    norm (the vector index normalizes it), or None.
    """

    tags: tuple[Tag, ...]
    vector: NDArray[float32] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Camera metadata of a picture; None for what is unknown.

    utc_offset: minutes that the camera's clock was ahead of UTC.  aperture: the f-number.  exposure: seconds.
    focal_length: millimetres.  latitude, longitude: degrees, north and east positive.  rating: 0 to 5, -1 for rejected.
    city, region, country: English names, which imsearch derives from the coordinates.
    """

    utc_offset: int | None = None
    camera: str | None = None
    lens: str | None = None
    iso: int | None = None
    aperture: float | None = None
    exposure: float | None = None
    focal_length: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    rating: int | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text that a person wrote about a picture.

    source: ``"title"``, ``"description"`` or ``"keyword"``.  origin: where it was found, ``"EXIF"``, ``"XMP"``,
    ``"IPTC"`` or the name of a sidecar file.
    """

    source: str
    text: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in the catalog, identified by the hash of its bytes.

    `files` are the absolute paths of its copies: unchanged existing ones come first, and among these the most recently
    seen.  `taken_at` has no time zone: it is the time on the camera's clock.  `metadata` holds everything else that was
    read, including problems.  `companions` are raw files of the same shot, which are next to one of the files and hold
    other bytes.
    """

    id: int
    sha256: str
    width: int
    height: int
    format: str
    bytes: int
    files: tuple[Path, ...]
    taken_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    companions: tuple[Path, ...] = ()

    @property
    def path(self) -> Path:
        """The file to open."""
        return self.files[0]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The user's verdicts on one picture, and the tags that annotators show there without a verdict.

    `given` are the tags that the user added or accepted.  `path` need not exist any more.
    """

    path: Path
    given: frozenset[str]
    rejected: frozenset[str]
    shown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the picture, its score in 0 to 1, its tags (the likeliest first), and why it was found.

    `why` maps each query word to the tag that matched and its probability; the source of a written word is "keyword",
    "title", "name", "description" or "folder".
    """

    image: Image
    score: float
    tags: tuple[Tag, ...]
    why: Mapping[str, Tag] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The parts of a query that listed nothing as a whole, as typed: `asked` are all of them, `left_out` the dropped
    ones.

    conditions: those of `asked` that are conditions, such as ``date:2023``.  unlikely: how many pictures may still
    match the whole query.
    """

    asked: tuple[str, ...]
    left_out: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    unlikely: int = 0

    @property
    def kept(self) -> tuple[str, ...]:
        """The remaining parts, which were searched for instead."""
        left = list(self.asked)
        for part in self.left_out:
            left.remove(part)
        return tuple(left)


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits and their total number.

    `unknown` are the query words that neither the lexicon nor any picture knows; they were ignored, unless
    `sense` is set to the text that was searched by its meaning as a whole in their place.  `suggestions` are
    similarly spelled words for some of them that find something, the likeliest first.  `facets` are the most frequent
    values
    among all results, with counts, by kind ("tag", "year", ...); empty unless requested.  `relevant` is the number of
    hits
    that score high enough to be listed by default; `total` is larger if everything was requested.  `order` is the sort
    key
    of the hits, as in ``sort:`` ("score", "-date").  `ranked` is True if one hit may fit better than
    another; for conditions alone, all fit alike.  `understood` are
    the words that were interpreted as a condition or an exclusion, as typed, and that condition:
    ``("last summer", "date:2026-06..2026-08")``, ``("without people", "-people")``.  `less_likely` is how
    many more would be listed if everything was requested.  `relaxed` describes what was dropped from a query that would
    have
    listed nothing; hits, counts and facets are then those of the rest.
    """

    query: str
    total: int
    hits: tuple[Hit, ...]
    unknown: tuple[str, ...] = ()
    suggestions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facets: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    sense: str = ""
    relevant: int = 0
    order: str = "score"
    ranked: bool = True
    understood: tuple[tuple[str, str], ...] = ()
    less_likely: int = 0
    relaxed: Relaxed | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that the library was told to index.

    indexed_at: when a run over it was last completed, with time zone; None if never, or unknown.
    """

    path: Path
    indexed_at: datetime | None = None


class FileState(NamedTuple):
    """The state of a file, to detect changes: size in bytes, change times in nanoseconds (0: unknown)."""

    size: int
    mtime_ns: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or an annotator on a file, that failed; `annotator` is empty when the file itself cannot be read.

    state: set for a file that crashed the program or timed out; it is left alone until it changes, or is named.
    """

    path: Path
    reason: str
    annotator: str = ""
    state: FileState | None = None
