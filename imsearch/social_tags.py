"""What people wrote about a picture: keywords inside the file, and in the files that photo programs put beside it.

All of it comes from strangers and broken tools.  What does not parse is left out and told under the key
``social_tags_problem``; nothing here stops a picture.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from imsearch.plain_xml import parse_xml

MOST_TAGS = 100
LONGEST_TAG = 100
"""In characters; what is longer is prose that came into the wrong field."""
LARGEST_SIDECAR = 1 << 20
"""In bytes; a larger file beside a picture is something else."""

_DC = "{http://purl.org/dc/elements/1.1/}"
_LIGHTROOM = "{http://ns.adobe.com/lightroom/1.0/}"
_LIST_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
_KEYWORDS, _CHARACTER_SET, _UTF_8 = (2, 25), (1, 90), b"\x1b%G"
"""Datasets of IPTC-IIM 4.2 by their numbers, and how it says UTF-8."""
_TAKEOUT_NAME = 46
"""Google Takeout cuts the name of a description to so many characters, without its ``.json``."""
_WORD = re.compile(r"[^\W\d_]{3,}")


def read_social_tags(path: Path, image: Image.Image) -> tuple[tuple[str, ...], str]:
    """The tags of an opened picture, and what could not be read of them (empty when all could).

    Tags are lower case and each there once, in this order: the file's own XMP and IPTC keywords, then those of
    ``NAME.xmp``, ``NAME.jpg.xmp``, ``NAME.txt``, ``NAME.jpg.txt`` and Google Takeout's JSON beside it.
    """
    found: list[str] = []
    problems = []
    for where, read in _sources(path, image):
        try:
            found += read()
        except Exception as error:  # noqa: BLE001 - told; damaged files make parsers raise nearly anything
            problems.append(f"{where}: {str(error) or type(error).__name__}")
    # Names of files may hold bytes that are no text, which the catalog could not store.
    return _cleaned(found), "; ".join(problems)[:300].encode("utf-8", "replace").decode()


def _sources(path: Path, image: Image.Image) -> Iterator[tuple[str, Callable[[], Iterable[str]]]]:
    yield "XMP", lambda: xmp_tags(_own_xmp(image))
    yield "IPTC", lambda: list(_iptc_tags(image))
    for beside in (path.with_suffix(".xmp"), path.with_name(f"{path.name}.xmp")):
        yield beside.name, partial(_beside, beside, xmp_tags)
    for beside in (path.with_suffix(".txt"), path.with_name(f"{path.name}.txt")):
        yield beside.name, partial(_beside, beside, text_tags)
    names = (f"{path.name}.supplemental-metadata"[:_TAKEOUT_NAME], path.name[:_TAKEOUT_NAME])
    for beside in (path.with_name(f"{name}.json") for name in names):
        yield beside.name, partial(_beside, beside, takeout_tags)


def _beside(path: Path, parse: Callable[[bytes], Iterable[str]]) -> list[str]:
    """The tags of a file beside the picture, if there is one that is neither empty nor something else."""
    # Not Path.is_file: a name too long for the file system is no reason for a complaint.
    if not os.path.isfile(path) or not 0 < path.stat().st_size <= LARGEST_SIDECAR:  # noqa: PTH113
        return []
    return list(parse(path.read_bytes()))


def _cleaned(tags: Iterable[str]) -> tuple[str, ...]:
    plain = (" ".join("".join(c if c.isprintable() else " " for c in tag).split()).lower() for tag in tags)
    return tuple(dict.fromkeys(tag for tag in plain if 0 < len(tag) <= LONGEST_TAG))[:MOST_TAGS]


def _own_xmp(image: Image.Image) -> bytes:
    xmp = image.info.get("xmp", b"")
    return xmp.encode() if isinstance(xmp, str) else bytes(xmp)


def xmp_tags(data: bytes) -> list[str]:
    """``dc:subject``, and each level of ``lr:hierarchicalSubject``, whose levels are separated by ``|``."""
    data = data.strip(b"\0 \r\n\t")
    if not data:
        return []
    root = parse_xml(data)
    plain = [item.text or "" for subject in root.iter(f"{_DC}subject") for item in subject.iter(_LIST_ITEM)]
    levels = [
        level
        for subject in root.iter(f"{_LIGHTROOM}hierarchicalSubject")
        for item in subject.iter(_LIST_ITEM)
        for level in (item.text or "").split("|")
    ]
    return plain + levels


def _iptc_tags(image: Image.Image) -> Iterator[str]:
    """The keywords of IPTC-IIM, where the format can hold them (JPEG, TIFF)."""
    from PIL.IptcImagePlugin import getiptcinfo

    said: dict[tuple[int, int], Any] = getiptcinfo(image) or {}  # type: ignore[arg-type]
    keywords = said.get(_KEYWORDS) or []
    for keyword in keywords if isinstance(keywords, list) else [keywords]:
        yield _decoded(keyword or b"", said.get(_CHARACTER_SET) == _UTF_8)


def _decoded(text: bytes, is_utf_8: bool = False) -> str:
    """UTF-8 where it is said or plausible, else Latin-1, in which every byte is a character."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace") if is_utf_8 else text.decode("latin-1")


def text_tags(data: bytes) -> list[str]:
    """One tag a line, or several separated by commas."""
    return [tag for line in _decoded(data).splitlines() for tag in line.split(",")]


def takeout_tags(data: bytes) -> Iterator[str]:
    """Google Takeout: people and tags by their names; of title and description the words.

    The title is mostly the file's name, which tells nothing: one with the ending of a file is left out.
    """
    said = json.loads(data)
    if not isinstance(said, dict):
        raise ValueError("it is not a JSON object")
    for key in ("people", "tags"):
        for each in said.get(key) or ():
            name = each.get("name") if isinstance(each, dict) else each
            if isinstance(name, str):
                yield name
    for key in ("title", "description"):
        text = said.get(key)
        if isinstance(text, str) and not (key == "title" and Path(text).suffix):
            yield from _WORD.findall(text)
