"""Parse the sidecar files of photo programs that are not XMP."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from imsearch.pictures.metadata import fields as s
from imsearch.pictures.metadata.fields import Said

LARGEST = 1 << 20
"""Bytes; a larger file next to a picture is something else."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_FILE_NAME = re.compile(r".*\.\w{2,5}", re.DOTALL)


def read_text(data: bytes) -> Said:
    """Read one tag per line, or several separated by commas."""
    said = Said()
    said.keywords([tag for line in s.decoded(data).splitlines() for tag in line.split(",")])
    return said


def read_takeout(data: bytes) -> Said:
    """Read Google Takeout's JSON: names of people and tags, title and description, time (in UTC) and place.

    The title is mostly the file name, which is of no use: one with a file name ending is left out.  Social tags are the
    names and the words of title and description.  Raises ValueError.
    """
    said, facts = Said(), json.loads(data)
    if not isinstance(facts, dict):
        raise ValueError("it is not a JSON object")
    for key in ("people", "tags"):
        for each in facts.get(key) or ():
            name = each.get("name") if isinstance(each, dict) else each
            if isinstance(name, str):
                said.keywords([name])
    for key in ("title", "description"):
        text = facts.get(key)
        if isinstance(text, str) and not (key == "title" and _FILE_NAME.fullmatch(text[:1000])):
            said.texts.append((key, text))
            said.tags += _WORD.findall(text[:10_000])
    said.taken_at, said.utc_offset = _utc(facts.get("photoTakenTime"))
    said.place = _place(facts.get("geoData")) or _place(facts.get("geoDataExif"))
    return said


def _utc(value: Any) -> tuple[datetime | None, int | None]:
    """Convert seconds since 1970; the camera's local time is not given, so UTC has to do."""
    seconds = s.number(value.get("timestamp"), (-10_000_000_000, 100_000_000_000)) if isinstance(value, dict) else None
    if not seconds:
        return None, None
    return datetime(1970, 1, 1) + timedelta(seconds=int(seconds)), 0


def _place(value: Any) -> s.Place | None:
    if not isinstance(value, dict):
        return None
    return s.place(s.number(value.get("latitude"), (-90, 90)), s.number(value.get("longitude"), (-180, 180)))
