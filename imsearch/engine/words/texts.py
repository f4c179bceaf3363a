"""Texts written about a picture: the words of its file name, folders, title, description and keywords.  Pure.

Like a tag, such a word is evidence that the picture shows the thing; it is in the text index next to the tags, under
a key that no tag can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from imsearch.engine.words.splitting import chunks, ideographs_of, is_spaceless, names_in, pieces_of, words_of
from imsearch.languages.letters import folded, unaccented
from imsearch.records import Tag

SOURCES: Mapping[str, float] = {"keyword": 0.7, "title": 0.6, "name": 0.55, "description": 0.5, "folder": 0.3}
"""Probability that a picture shows a word, by where the word was found; docs/ranking.md gives the measurements.

Values above one half count as shown, for ``+word`` and ``-word``.
"""
FOLDERS = 3
"""Number of parent folders that are read: those higher up name the disk, not the picture's content."""
_MARK = "\x1f"
"""Prefix of a written word in the text index.  Counts as white space, and so cannot be in a tag."""

_CAMERA = frozenset(
    "cimg dcim dsc dscf dscn gopr hpim imag img imgp kif mvi pano pict pxl sany ssl vid wa".split()  # noqa: SIM905
)
"""Prefixes of the numbers in file names of cameras and phones."""
_NOBODYS = frozenset(
    (
        *("album", "albums", "copy", "desktop", "documents", "download", "downloads", "edited", "file", "files"),
        *("final", "image", "images", "jpeg", "jpg", "media", "new", "photo", "photos", "pic", "pics", "picture"),
        *("pictures", "scan", "scans", "screenshot", "temp", "tmp", "untitled", "volumes", "whatsapp"),
    )
)
"""Words of names and folders that say nothing about a picture."""
_HOMES = frozenset(("home", "users"))
LOOSE = 0.9
"""Weight of a variant of a written word: without its accents, or a part of a longer word."""
_NAMED = 0.98
"""Probability of a picture when a query is the complete name of its file."""
_LONGEST_NAME = 200


def key(word: str) -> str:
    """Return the key of a written word in the text index."""
    return _MARK + word


def is_key(name: str) -> bool:
    """Return True for a key of a written word in the text index."""
    return name.startswith(_MARK)


def name_key(name: str) -> str:
    """Return the key of a complete file name, without its ending: "IMG_1234" -> "_img_1234".

    No word of a text begins with an underscore.
    """
    found = [folded(chunk) for chunk in chunks(name)]
    return "_" + "_".join(found)[:_LONGEST_NAME] if found else ""


def readable(phrase: str) -> str:
    """Return words, a file name, or the pieces of a longer word in readable form."""
    told: list[str] = []
    for word in phrase.replace("_", " ").split():
        if told and is_spaceless(word) and told[-1][-1] == word[0]:
            told[-1] += word[1:]
        else:
            told.append(word)
    return " ".join(told)


def evidence(paths: Sequence[Path], texts: Iterable[tuple[str, str]]) -> dict[str, Tag]:
    """Return the written words of an image, each as a tag of its strongest source.

    paths: its files.  texts: as returned by `Catalog.texts_of`.
    """
    found: dict[str, Tag] = {}
    named = [path.stem.encode("utf-8", "replace").decode() for path in paths]  # undecodable bytes can't be stored
    for name in filter(None, map(name_key, named)):
        for share, spelling in ((1.0, name), *((LOOSE, each) for each in unaccented(name))):
            _add(found, Tag(spelling, _NAMED * share, "name"))
    for source, word in (
        *_of_paths(paths, named),
        *((source, word) for source, text in texts for word in words_of(text)),
    ):
        likely = SOURCES.get(source, 0.0)
        _add(found, Tag(word, likely, source, shown=likely > 0.5))
        for spelling in _loosely(word):
            _add(found, Tag(spelling, likely * LOOSE, source, shown=likely > 0.5))
    return found


def _add(found: dict[str, Tag], tag: Tag) -> None:
    if tag.name not in found or found[tag.name].probability < tag.probability:
        found[tag.name] = tag


def _loosely(word: str) -> Iterator[str]:
    """Yield variants that a word is found by: without accents, and its parts in scripts without spaces."""
    if not word.isascii():
        yield from unaccented(word)
        if len(word) > 2:
            yield from pieces_of(word)
        yield from ideographs_of(word)


def _of_paths(paths: Sequence[Path], named: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in named:
        for word in (*words_of(name), *names_in(name)):
            if word not in _CAMERA and word not in _NOBODYS:
                yield "name", word
    for path in paths:
        for folder in _telling(path):
            for word in words_of(folder.encode("utf-8", "replace").decode()):
                if word not in _CAMERA and word not in _NOBODYS:
                    yield "folder", word


def _telling(path: Path) -> tuple[str, ...]:
    """Return the meaningful folders: the lowest ones, without those that name a disk or user."""
    folders = path.parent.parts[1:] if path.is_absolute() else path.parent.parts
    if folders and folders[0].lower() in _HOMES:
        folders = folders[2:]
    return folders[-FOLDERS:]
