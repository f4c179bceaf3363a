"""The plain values that travel between the parts of imsearch.

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
"""The source of a word that stands in the name of a folder; it says of what a picture is, not what it shows."""

SOCIAL_TAGS = "social_tags"
"""What an annotator that looks at `Picture.social_tags` names among its inputs."""


RANKING_ONLY = 2.0
"""The threshold of a tag that is never shown, however likely it is, and only serves ranking."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A word and how likely it is true of a picture.

    `name` is lower case and may hold spaces; `probability` lies in 0 to 1.  `source` is who said it, the name of an
    annotator or ``"user"``; annotators leave it empty and the engine fills it in.  `shown` tells whether the
    probability passes the annotator's threshold for this tag: shown tags are printed and serve ``+word`` and
    ``-word``, the others are the long tail that only ranking uses.
    """

    name: str
    probability: float
    source: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """What one annotator returned for one picture.

    `tags` holds each name once, in any order.  `vector` is a float32 array of shape ``(spec.vector_length,)``, of any
    length (the vector index normalizes it), or None.
    """

    tags: tuple[Tag, ...]
    vector: NDArray[float32] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture says of how it was taken; None for what it does not say.

    utc_offset: minutes that the camera's clock was ahead of UTC.  aperture: the f-number.  exposure: seconds.
    focal_length: millimetres.  latitude, longitude: degrees, north and east positive.  rating: 0 to 5, -1 for rejected.
    city, region, country: English names, which imsearch tells by the coordinates.
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
    """Something a person wrote of a picture.

    source: ``"title"``, ``"description"`` or ``"keyword"``.  origin: where it was found, ``"EXIF"``, ``"XMP"``,
    ``"IPTC"`` or the name of a file beside the picture.
    """

    source: str
    text: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """One picture that the catalog knows, identified by the hash of its bytes.

    `files` are the absolute paths of its copies: of several, those that are there as they were indexed come first, and
    among these the most recently seen.  `taken_at` has no time zone: it is what the camera's clock showed.  `metadata`
    holds what else was read, such as what could not be.  `companions` are raw files of the same shot, which lie beside
    one of the files and hold other bytes.
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
        """Where to open it."""
        return self.files[0]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the user said of one picture, and what annotators show there that the user said nothing about.

    `given` are the tags that the user added or accepted.  `path` need not be there any more.
    """

    path: Path
    given: frozenset[str]
    rejected: frozenset[str]
    shown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the picture, its score in 0 to 1, its tags (the likeliest first), and why it was found.

    `why` maps each word of the query to the tag that matched and its probability; the source of one that somebody wrote
    is "keyword", "title", "name", "description" or "folder".
    """

    image: Image
    score: float
    tags: tuple[Tag, ...]
    why: Mapping[str, Tag] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The parts of a query that listed nothing as a whole, as they are typed: `asked` all, `left_out` those that went.

    conditions: those of `asked` that are so or not, such as ``date:2023``.  unlikely: how many pictures may fit the
    whole query all the same.
    """

    asked: tuple[str, ...]
    left_out: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    unlikely: int = 0

    @property
    def kept(self) -> tuple[str, ...]:
        """The parts that were asked for instead."""
        left = list(self.asked)
        for part in self.left_out:
            left.remove(part)
        return tuple(left)


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits and how many there are in all.

    `unknown` are the words of the query that neither the lexicon nor any picture knows; they were left out, unless
    `sense` tells which text of the query counted by its meaning as a whole in their place.  `suggestions` are words for
    some of them that are spelled alike and find something, the likeliest first.  `facets` are the most frequent values
    among all results, with counts, by kind ("tag", "year", ...); empty unless asked for.  `relevant` is how many score
    high enough to be listed when nothing else is asked for; `total` is larger where everything was.  `order` is what
    the hits are sorted by, as ``sort:`` has it ("score", "-date").  `ranked` tells whether one may fit better than
    another; where only conditions were asked, all fit alike.  `understood` are
    the words that were taken for a condition or left something out, as they were typed, and which that is:
    ``("last summer", "date:2026-06..2026-08")``, ``("without people", "-people")``.  `less_likely` is how
    many more would be listed if everything was.  `relaxed` tells what was left out of a query that would have listed
    nothing; hits, counts and facets are then those of the rest.
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

    indexed_at: when a run over it was last completed, with time zone; None when none was, or it is not known.
    """

    path: Path
    indexed_at: datetime | None = None


class FileState(NamedTuple):
    """What tells that a file is another: its size in bytes, its times of change in nanoseconds (0: not known)."""

    size: int
    mtime_ns: int
    ctime_ns: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or an annotator on a file, that failed; `annotator` is empty when the file itself cannot be read.

    state: of a file that is left alone until it is another, or is named, because it ended the program or took forever.
    """

    path: Path
    reason: str
    annotator: str = ""
    state: FileState | None = None
