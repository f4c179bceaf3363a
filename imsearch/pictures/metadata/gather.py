"""Gather the metadata of a picture from the file and its sidecars.

Camera facts are taken from the file first.  Date, place, title, description and rating are taken from an XMP sidecar
first: programs that do not modify pictures write the latest edits there.  Values that do not parse are left out and
reported; nothing here prevents a picture from being indexed.
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
"""Incremented when more or other metadata is read; pictures read by a lower version are read again."""

MOST_TAGS = 100
LONGEST_TAG = 100
"""Maximum characters; anything longer is prose in the wrong field."""
LONGEST = {"title": 300, "description": 2000, "keyword": LONGEST_TAG}
"""Maximum characters of each kind of text; longer titles and descriptions are truncated, longer keywords left out."""

LONGEST_PROBLEM = 300


@dataclass(frozen=True, slots=True)
class Gathered:
    """The metadata of a picture.

    `orientation` is EXIF's (1 is upright).  `taken_from` is ``"name"`` when only the file name gave the date.
    `social_tags` are the keywords in lower case, and the words of Takeout's descriptions.  The problems describe what
    could not be read, `pixels_problem` in the picture itself; they are empty if there was nothing wrong.
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
        """The known facts as plain JSON; plugins see them as `Picture.metadata`."""
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
        """Return a copy with one more problem of the texts, if there is one."""
        problems = (problem, self.social_tags_problem)
        return replace(self, social_tags_problem=_told(filter(None, problems))) if problem else self


def gather(path: Path, image: Image.Image, *, written: bool = True, beside: bool = True) -> Gathered:
    """Return the metadata of an opened picture and of the sidecars of `path`.

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
    # Keywords come from EXIF last, since only Windows writes them there, alongside better ones.
    tags = [tag for _, said in [*found[1:], found[0]] for tag in said.tags] if written else []
    texts = _texts(found) if written else ()
    problem = _told(problems)
    return Gathered(orientation, taken.at, taken.source, facts, texts, _lowered(tags), exif_problem, problem)


def _sources(path: Path, image: Image.Image, beside: bool) -> Iterator[tuple[str, Callable[[], Said]]]:
    """Yield all sources but EXIF, in order of precedence."""
    for where, read in INSIDE.items():
        yield where, partial(read, image)
    for name in names_beside(os.fspath(path.parent), path.name) if beside else ():
        yield name, partial(_beside, path.parent / name, BESIDE[os.path.splitext(name)[1].lower()])  # noqa: PTH122


def _beside(path: Path, read: Callable[[bytes], Said]) -> Said:
    """Read a sidecar file; empty if it is missing, empty, or not a regular file."""
    # Not Path.is_file: a name too long for the file system must not count as a problem.
    if not os.path.isfile(path) or not 0 < path.stat().st_size <= LARGEST:  # noqa: PTH113
        return Said()
    return read(path.read_bytes())


def _told(problems: Iterable[str]) -> str:
    """Join problems as text; file names may hold undecodable bytes, which the catalog could not store."""
    return "; ".join(problems)[:LONGEST_PROBLEM].encode("utf-8", "replace").decode().replace("\0", "?")


def _facts(found: Sequence[tuple[str, Said]]) -> Facts:
    """Return each fact but the date from the first source that has it."""
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
    """Sort sources by precedence for texts and ratings: XMP sidecars first, EXIF last."""
    return sorted(found, key=lambda pair: (not pair[0].lower().endswith(".xmp"), pair[0] == "EXIF"))


def _texts(found: Sequence[tuple[str, Said]]) -> tuple[Text, ...]:
    """Return one title, one description, and the keywords of all sources without repeats, case-insensitively."""
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
    """Return tags as annotators get them: lower case, without repeats."""
    clean = (s.plain(tag, LONGEST_TAG + 1).lower() for tag in tags)
    return tuple(dict.fromkeys(tag for tag in clean if 0 < len(tag) <= LONGEST_TAG))[:MOST_TAGS]
