"""Split the words of ``imsearch tag add IMAGE... TAG...`` into pictures and tags."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.errors import ImsearchError

if TYPE_CHECKING:
    from imsearch.library import Library

_MARK = "\0"
"""A placeholder for the ``--`` between pictures and tags, which click would swallow."""
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif")


class TagCommand(click.Command):
    """A command that keeps the ``--`` between pictures and tags."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            args = [*args[:place], "--", _MARK, *args[place + 1 :]]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class Asked:
    """The images and tags that a command names; `unknown` are pictures that are not in the library."""

    images: dict[int, str]
    tags: tuple[str, ...]
    unknown: tuple[str, ...]


def sort_out(library: Library, words: Sequence[str], tags: Sequence[str], listed: Sequence[str] | None) -> Asked:
    """Split the arguments into pictures and tags.

    words: the arguments.  tags: those of ``--tag``.  listed: the pictures of ``--images-from``, or None.
    """
    before, mark, after = _split(words)
    if mark:
        pictures, names = before, (*after, *tags)
    elif tags:
        pictures, names = before, tuple(tags)
    elif listed is not None:
        pictures, names = (), before
    else:
        return _guess(library, before)
    pictures = (*pictures, *(listed or ()))
    if not names:
        raise ImsearchError("Name the tags as well: imsearch tag add IMAGE... -- TAG...")
    if not pictures:
        raise ImsearchError(
            "There was no picture in the list." if listed is not None else "Name the pictures as well, before the tags."
        )
    return _known(library.facts.identify(pictures), names)


def _guess(library: Library, words: Sequence[str]) -> Asked:
    """Split words without a ``--``: leading words that are pictures of the library are pictures, the rest are tags."""
    if len(words) < 2:
        raise ImsearchError('Name at least one picture and one tag: imsearch tag add beach.jpg "hot dog"')
    identified = library.facts.identify(words)
    others = [place for place, word in enumerate(words) if identified[word] is None]
    # One picture and one tag: the tag may be a number, although ids are numbers too.
    first = 1 if len(words) == 2 else others[0] if others else len(words)
    if identified[words[0]] is None:
        raise _missing(words[0])
    if first == len(words):
        raise _unclear("All of them are pictures; which are the tags?")
    for word in words[first:]:
        if _is_path(word):
            known = "comes after a tag" if identified[word] is not None else "is not in the library"
            raise _unclear(f"{word} looks like a picture, but {known}.")
    return _known({word: identified[word] for word in words[:first]}, words[first:])


def _missing(word: str, more: str = "") -> ImsearchError:
    if Path(word).is_dir():
        return ImsearchError(f"{word} is a folder. Name its pictures instead, for example {Path(word) / '*.jpg'}")
    return ImsearchError(
        f'{word} is not in the library.{more} Index it with "imsearch index"; "imsearch query" finds what is there.'
    )


def _unclear(what: str) -> ImsearchError:
    return ImsearchError(
        f"{what} Put -- between pictures and tags: imsearch tag add a.jpg b.jpg -- dog. Nothing was changed."
    )


def _known(identified: dict[str, int | None], tags: Sequence[str]) -> Asked:
    images = {image: picture for picture, image in identified.items() if image is not None}
    unknown = tuple(picture for picture, image in identified.items() if image is None)
    if not images:
        more = f" Nor are the {len(unknown) - 1} others." if len(unknown) > 1 else ""
        raise _missing(unknown[0], more)
    return Asked(images, tuple(tags), unknown)


def _split(words: Sequence[str]) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
    if _MARK not in words:
        return tuple(words), False, ()
    place = words.index(_MARK)
    return tuple(words[:place]), True, tuple(words[place + 1 :])


def _is_path(word: str) -> bool:
    return word.lower().endswith(_PICTURES) or os.path.isfile(word)  # noqa: PTH113 - a tag need not be a valid path


def read_list(source: str, nul: bool) -> list[str]:
    """Return the paths or ids in a file, or on standard input for "-": one a line, or each followed by a NUL."""
    if source == "-" and sys.stdin is None:
        raise ImsearchError("Standard input is closed; name a file with --images-from, or the pictures themselves.")
    data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    return [os.fsdecode(part) for part in data.split(b"\0" if nul else b"\n") if part]
