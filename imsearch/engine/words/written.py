"""What people wrote about a picture: the words of its file name, folders, title, description and keywords.  Pure.

Such a word is evidence that the picture shows the thing, as a tag is, and lies in the text index beside the tags, under
a key that no tag can have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from imsearch.records import Tag

SOURCES: Mapping[str, float] = {"keyword": 0.7, "title": 0.6, "name": 0.55, "description": 0.5, "folder": 0.3}
"""How likely a picture shows what a word says, by where the word was found; docs/ranking.md says where from.

What is more likely than not counts as shown, for ``+word`` and ``-word``.
"""
FOLDERS = 3
"""So many folders above a file are read: those higher up say where the disk is, not what the picture shows."""
_MARK = "\x1f"
"""Before a written word in the text index.  Counts as a space, and so cannot be in a tag, where spaces are folded."""

_CHUNK = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
_SERIAL = re.compile(r"(?=[a-z]*\d)(?:[0-9a-f]{8,}|(?:[0-9a-z]*\d[a-z]+){2,}\d[0-9a-z]*)", re.IGNORECASE)
"""Hashes and codes: a long hexadecimal number, or digits and letters in turn."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_CAMERA = frozenset(
    "cimg dcim dsc dscf dscn gopr hpim imag img imgp kif mvi pano pict pxl sany ssl vid wa".split()  # noqa: SIM905
)
"""What cameras and phones write before their numbers."""
_NOBODYS = frozenset(
    (
        *("album", "albums", "copy", "desktop", "documents", "download", "downloads", "edited", "file", "files"),
        *("final", "image", "images", "jpeg", "jpg", "media", "new", "photo", "photos", "pic", "pics", "picture"),
        *("pictures", "scan", "scans", "screenshot", "temp", "tmp", "untitled", "volumes", "whatsapp"),
    )
)
"""Words of names and folders that say nothing of a picture."""
_HOMES = frozenset(("home", "users"))
_LONGEST_WORD = 40


def key(word: str) -> str:
    """What a written word is called in the text index."""
    return _MARK + word


def is_key(name: str) -> bool:
    """Whether a name in the text index is that of a written word."""
    return name.startswith(_MARK)


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case: "goldenGate_bridge2" -> golden, gate, bridge.  Of numbers only years stay."""
    found: list[str] = []
    for chunk in _CHUNK.findall(text):
        if _SERIAL.fullmatch(chunk):
            continue
        found += [word.lower()[:_LONGEST_WORD] for word in _WORD.findall(chunk) if _tells(word)]
    return found


def _tells(word: str) -> bool:
    if word.isdigit():
        return _YEAR.fullmatch(word) is not None
    return len(word) > 1 or not word.isascii()


def evidence(paths: Iterable[Path], texts: Iterable[tuple[str, str]]) -> dict[str, Tag]:
    """The written words of an image and the strongest source of each, as a tag.

    paths: its files.  texts: as `Catalog.texts_of` gives them.
    """
    found: dict[str, Tag] = {}
    for source, word in (*_of_paths(paths), *((source, word) for source, text in texts for word in words_of(text))):
        probability = SOURCES.get(source, 0.0)
        if word not in found or found[word].probability < probability:
            found[word] = Tag(word, probability, source, shown=probability > 0.5)
    return found


def _of_paths(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        # Names that are no text hold marks of the bytes behind them, which could not be stored.
        name = path.stem.encode("utf-8", "replace").decode()
        for word in words_of(name):
            if word not in _CAMERA and word not in _NOBODYS:
                yield "name", word
        for folder in _telling(path):
            for word in words_of(folder.encode("utf-8", "replace").decode()):
                if word not in _CAMERA and word not in _NOBODYS:
                    yield "folder", word


def _telling(path: Path) -> tuple[str, ...]:
    """The folders that may say something: the lowest ones, without those that say whose disk it is."""
    folders = path.parent.parts[1:] if path.is_absolute() else path.parent.parts
    if folders and folders[0].lower() in _HOMES:
        folders = folders[2:]
    return folders[-FOLDERS:]
