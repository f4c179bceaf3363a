"""Everything that is said of a picture, gathered from the file and from what lies beside it.

Facts of the camera are taken from the file before anything else.  Date, place, title, description and rating are taken
from an XMP file beside it first: programs that do not touch pictures write there what was changed last.  What does not
parse is left out and told; nothing here stops a picture.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.beside import beside as names_beside
from imsearch.pictures.metadata.exif import read_exif
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.preference import choose_moment, choose_place
from imsearch.pictures.metadata.readers import BESIDE, INSIDE
from imsearch.pictures.metadata.sidecars import LARGEST
from imsearch.records import Facts, Text

FACTS_VERSION = 2
"""Raised when pictures would say more, or something else; those read by a lower version are read again."""

MOST_TAGS = 100
LONGEST_TAG = 100
"""In characters; what is longer is prose that came into the wrong field."""
LONGEST = {"title": 300, "description": 2000, "keyword": LONGEST_TAG}
"""Characters of each kind of text; longer titles and descriptions are cut, longer keywords left out."""

LONGEST_PROBLEM = 300


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of a picture beside its pixels.

    `orientation` is EXIF's (1 is upright).  `taken_from` is ``"name"`` when only the file's name told the date.
    `social_tags` are the keywords in lower case, and the words of Takeout's descriptions.  The problems tell what could
    not be read, `pixels_problem` of the picture itself; they are empty when all could.
    """

    orientation: int = 1
    taken_at: datetime | None = None
    taken_from: str = ""
    facts: Facts = field(default_factory=Facts)
    texts: tuple[Text, ...] = ()
    social_tags: tuple[str, ...] = ()
    exif_problem: str = ""
    social_tags_problem: str = ""
    pixels_problem: str = ""

    def metadata(self) -> dict[str, Any]:
        """The facts as plain JSON, each only when it is known; what plugins see as `Picture.metadata`."""
        known = {each.name: value for each in fields(Facts) if (value := getattr(self.facts, each.name)) is not None}
        latitude, longitude = known.pop("latitude", None), known.pop("longitude", None)
        more = {
            "taken_at": self.taken_at.isoformat() if self.taken_at else None,
            "taken_from": self.taken_from or None,
            "gps": (latitude, longitude) if latitude is not None else None,
            "exif_problem": self.exif_problem or None,
            "social_tags_problem": self.social_tags_problem or None,
            "pixels_problem": self.pixels_problem or None,
        }
        return known | {name: value for name, value in more.items() if value is not None}

    def telling(self, problem: str) -> Gathered:
        """The same with one more problem of the texts, if there is one."""
        problems = (problem, self.social_tags_problem)
        return replace(self, social_tags_problem=_told(filter(None, problems))) if problem else self


def gather(path: Path, image: Image.Image, *, written: bool = True, beside: bool = True) -> Gathered:
    """What an opened picture and the files beside `path` say.

    Without `written` only EXIF is read, without `beside` only the picture itself.
    """
    orientation, exif, exif_problem = 1, Said(), ""
    try:
        orientation, exif = read_exif(image)
    except Exception as error:  # noqa: BLE001 - a damaged EXIF block raises nearly anything, and must not stop a picture
        exif_problem = _told([f"{type(error).__name__}: {error}"])
    found, problems = [("EXIF", exif)], []
    for where, read in _sources(path, image, beside) if written else ():
        try:
            found.append((where, read()))
        except Exception as error:  # noqa: BLE001 - told; damaged files make parsers raise nearly anything
            problems.append(f"{where}: {str(error) or type(error).__name__}")
    facts, taken = _facts(found), choose_moment(found, path.stem if written else "")
    facts = replace(facts, utc_offset=taken.utc_offset)
    # Keywords come from EXIF last, since only Windows writes them there, beside better ones.
    tags = [tag for _, said in [*found[1:], found[0]] for tag in said.tags] if written else []
    texts = _texts(found) if written else ()
    problem = _told(problems)
    return Gathered(orientation, taken.at, taken.source, facts, texts, _lowered(tags), exif_problem, problem)


def _sources(path: Path, image: Image.Image, beside: bool) -> Iterator[tuple[str, Callable[[], Said]]]:
    """All but EXIF, in the order in which they count."""
    for where, read in INSIDE.items():
        yield where, partial(read, image)
    for name in names_beside(os.fspath(path.parent), path.name) if beside else ():
        yield name, partial(_beside, path.parent / name, BESIDE[os.path.splitext(name)[1].lower()])  # noqa: PTH122


def _beside(path: Path, read: Callable[[bytes], Said]) -> Said:
    """What a file beside the picture says, if there is one that is neither empty nor something else."""
    # Not Path.is_file: a name too long for the file system is no reason for a complaint.
    if not os.path.isfile(path) or not 0 < path.stat().st_size <= LARGEST:  # noqa: PTH113
        return Said()
    return read(path.read_bytes())


def _told(problems: Iterable[str]) -> str:
    """Names of files may hold bytes that are no text, which the catalog could not store."""
    return "; ".join(problems)[:LONGEST_PROBLEM].encode("utf-8", "replace").decode().replace("\0", "?")


def _facts(found: Sequence[tuple[str, Said]]) -> Facts:
    """For each fact but the date the first source that knows it."""
    told = [said for _, said in found]

    def first(name: str, sources: Sequence[Said] = told) -> Any:
        return next((value for said in sources if (value := getattr(said, name)) not in (None, "")), None)

    place = choose_place(found) or (None, None)
    return Facts(
        camera=first("camera"),
        lens=first("lens"),
        iso=first("iso"),
        aperture=first("aperture"),
        exposure=first("exposure"),
        focal_length=first("focal_length"),
        latitude=place[0],
        longitude=place[1],
        rating=first("rating", [said for _, said in _newest_first(found)]),
    )


def _newest_first(found: Sequence[tuple[str, Said]]) -> list[tuple[str, Said]]:
    """Sources in the order in which they count for what people write: EXIF last, XMP beside the picture first."""
    return sorted(found, key=lambda pair: (not pair[0].lower().endswith(".xmp"), pair[0] == "EXIF"))


def _texts(found: Sequence[tuple[str, Said]]) -> tuple[Text, ...]:
    """One title, one description, and the keywords of all, each once whatever its case."""
    texts: dict[tuple[str, str], Text] = {}
    for where, said in _newest_first(found):
        for source, text in said.texts:
            clean = s.plain(text, LONGEST[source] + 1)
            if source == "keyword" and len(clean) > LONGEST_TAG:
                continue
            clean = clean[: LONGEST[source]].rstrip()
            if clean:
                key = (source, clean.lower() if source == "keyword" else "")
                texts.setdefault(key, Text(source, clean, _told([where])))
    order = list(LONGEST)
    chosen = sorted(texts.values(), key=lambda text: order.index(text.source))
    return tuple(chosen[: MOST_TAGS + len([text for text in chosen if text.source != "keyword"])])


def _lowered(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as annotators get them: lower case, each once."""
    clean = (s.plain(tag, LONGEST_TAG + 1).lower() for tag in tags)
    return tuple(dict.fromkeys(tag for tag in clean if 0 < len(tag) <= LONGEST_TAG))[:MOST_TAGS]
