"""What people wrote about a picture: the words of its file name, folders, title, description and keywords.  Pure.

Such a word is evidence that the picture shows the thing, as a tag is, and lies in the text index beside the tags, under
a key that no tag can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from imsearch.engine.words.splitting import chunks, ideographs_of, is_spaceless, names_in, pieces_of, words_of
from imsearch.languages.letters import folded, unaccented
from imsearch.records import Tag

SOURCES: Mapping[str, float] = {"keyword": 0.7, "title": 0.6, "name": 0.55, "description": 0.5, "folder": 0.3}
"""How likely a picture shows what a word says, by where the word was found; docs/ranking.md says where from.

What is more likely than not counts as shown, for ``+word`` and ``-word``.
"""
FOLDERS = 3
"""So many folders above a file are read: those higher up say where the disk is, not what the picture shows."""
_MARK = "\x1f"
"""Before a written word in the text index.  Counts as a space, and so cannot be in a tag, where spaces are folded."""

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
LOOSE = 0.9
"""How much a spelling counts that is another than the one written: without its accents, or a part of a longer word."""
_NAMED = 0.98
"""How likely a picture is meant by who types the whole name of its file."""
_LONGEST_NAME = 200


def key(word: str) -> str:
    """What a written word is called in the text index."""
    return _MARK + word


def is_key(name: str) -> bool:
    """Whether a name in the text index is that of a written word."""
    return name.startswith(_MARK)


def name_key(name: str) -> str:
    """Return what stands for the whole of a file's name, without its ending: "IMG_1234" -> "_img_1234".

    No word of a text begins with an underscore.
    """
    found = [folded(chunk) for chunk in chunks(name)]
    return "_" + "_".join(found)[:_LONGEST_NAME] if found else ""


def readable(phrase: str) -> str:
    """Return words, a file's name, or the pieces that a longer word was found by, as they are told to people."""
    told: list[str] = []
    for word in phrase.replace("_", " ").split():
        if told and is_spaceless(word) and told[-1][-1] == word[0]:
            told[-1] += word[1:]
        else:
            told.append(word)
    return " ".join(told)


def evidence(paths: Sequence[Path], texts: Iterable[tuple[str, str]]) -> dict[str, Tag]:
    """The written words of an image and the strongest source of each, as a tag.

    paths: its files.  texts: as `Catalog.texts_of` gives them.
    """
    found: dict[str, Tag] = {}
    named = [path.stem.encode("utf-8", "replace").decode() for path in paths]  # bytes that are no text can't be stored
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
    """Yield other spellings that a word is found by: without accents, and parts of it where no spaces are written."""
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
    """The folders that may say something: the lowest ones, without those that say whose disk it is."""
    folders = path.parent.parts[1:] if path.is_absolute() else path.parent.parts
    if folders and folders[0].lower() in _HOMES:
        folders = folders[2:]
    return folders[-FOLDERS:]
