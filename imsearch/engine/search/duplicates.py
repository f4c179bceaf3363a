"""Groups of near-duplicate pictures: scaled, compressed, cropped a little, rotated, recoloured.

There are two kinds of evidence.  The hash of a picture stays nearly the same when it is scaled, compressed, recoloured,
rotated by a right angle or mirrored; its feature vector when it is cropped.  docs/duplicates.md gives their accuracy.

Only existing files count: a user who deletes all but the best of a group must not lose the only file.  Candidates are
cached until the catalog changes; their files are checked each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.search.neighbours import THRESHOLD, Looks
from imsearch.engine.stores.living import Living, holds, living
from imsearch.engine.stores.near_pairs import joined
from imsearch.errors import ImsearchError
from imsearch.records import Image

if TYPE_CHECKING:
    from imsearch.engine.stores.catalog import CatalogReading


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture of a group and its similarity to the group's best, in 0 to 1; the best itself has 1.

    files: those of its files that exist and are not other names of one another; at least one.
    """

    image: Image
    similarity: float
    files: tuple[Living, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Copies of one picture, the best first: most pixels, then most bytes, then the earliest.

    Together they have at least two files.  An image with several files stands for that many copies of the same bytes;
    it may be the only one of its group.
    """

    copies: tuple[Copy, ...]

    @property
    def files(self) -> tuple[tuple[Image, Living], ...]:
        """Return all files, the one to keep first."""
        return tuple((copy.image, file) for copy in self.copies for file in copy.files)

    @property
    def spare_bytes(self) -> int:
        """The bytes of all files but the one to keep; links take none."""
        return sum(image.bytes for image, file in self.files[1:] if not file.linked)

    def touches(self, folders: Sequence[Path]) -> bool:
        """Return True if a file is in one of these folders, or is one of these files."""
        names = [name for _, file in self.files for name in file.names]
        return any(folder == name or folder in name.parents for folder in folders for name in names)


@dataclass(frozen=True, slots=True)
class Rest:
    """The files of a group that can be deleted without losing a picture, and those that could not be verified."""

    files: tuple[Path, ...]
    doubtful: tuple[Path, ...]


def rest_of(group: Group) -> Rest:
    """Return all files of a group but the best one; each was read and has exactly the indexed bytes.

    Users pass these to programs that delete, so size and time are not trusted: one verified file is kept back before
    any
    other is returned.  A file reachable only through links may be the one that is kept, but never one of the
    others.
    """
    kept: Path | None = None
    spare: list[Path] = []
    doubtful: list[Path] = []
    for image, file in group.files:
        real = Path(os.path.realpath(file.path)) if file.linked else file.path
        if not holds(real, image.sha256):
            doubtful.append(file.path)
        elif kept is None:
            kept = real
        elif not file.linked:
            spare.append(file.path)
    return Rest(tuple(spare), tuple(doubtful))


def find_groups(
    catalog: CatalogReading, threshold: float | None = THRESHOLD, folders: Sequence[Path] = ()
) -> tuple[Group, ...]:
    """Return the groups, those whose spare copies take the most bytes first.

    threshold: minimum similarity; None finds identical files only.  folders: absolute; only groups
    with a file there.  Raises ImsearchError for a folder without pictures of the library.
    """
    for folder in folders:
        if not catalog.known_files(folder):
            raise ImsearchError(f'The library holds no picture in {folder}. Index it with "imsearch index".')
    candidates = catalog.remembered(("duplicates", threshold), partial(_candidates, catalog, threshold))
    groups = _living_groups(catalog, candidates, threshold)
    return tuple(group for group in groups if group.touches(folders)) if folders else groups


def duplicate_ids(catalog: CatalogReading, threshold: float | None = THRESHOLD) -> NDArray[np.int64]:
    """Return the images that have copies, or several files of the same bytes; sorted."""
    groups = find_groups(catalog, threshold)
    return np.array(sorted(copy.image.id for group in groups for copy in group.copies), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Images that may be copies, according to the catalog: their appearance, and the positions of each group."""

    looks: Looks
    groups: tuple[Sequence[int], ...]


def _candidates(catalog: CatalogReading, threshold: float | None) -> _Candidates:
    looks = Looks.read(catalog)
    together = [] if threshold is None else joined(len(looks.ids), looks.pairs(threshold))
    joint = {position for several in together for position in several}
    alone = np.flatnonzero(np.isin(looks.ids, catalog.images_with_copies())).tolist()
    together += [[position] for position in alone if position not in joint]
    used = np.array(sorted({position for several in together for position in several}), np.int64)
    places = [np.searchsorted(used, several).tolist() for several in together]
    return _Candidates(looks.part(used), tuple(places))


def _living_groups(catalog: CatalogReading, candidates: _Candidates, threshold: float | None) -> tuple[Group, ...]:
    looks = candidates.looks
    images = catalog.images(looks.ids.tolist())
    files = catalog.files_of(images)
    alive = {image: living(files.get(image, ()), found.bytes) for image, found in images.items()}
    groups = []
    for several in _still_joined(candidates, [bool(alive.get(image)) for image in looks.ids.tolist()], threshold):
        group = _group(looks, several, images, alive)
        if len(group.files) > 1:
            groups.append(group)
    return tuple(sorted(groups, key=lambda group: (-group.spare_bytes, group.copies[0].image.id)))


def _still_joined(candidates: _Candidates, alive: Sequence[bool], threshold: float | None) -> Iterator[Sequence[int]]:
    """Yield the positions of each group that have files; two parts joined only by a lost picture are separated."""
    broken: list[int] = []
    for several in candidates.groups:
        left = [each for each in several if alive[each]]
        if len(left) < len(several) and len(left) > 1:
            broken += left
        elif left:
            yield left
    if broken and threshold is not None:
        where = np.array(sorted(broken), np.int64)
        again = joined(len(where), candidates.looks.part(where).pairs(threshold))
        yield from ([int(where[each]) for each in several] for several in again)
        single = set(range(len(where))).difference(*again)
        yield from ([int(where[each])] for each in sorted(single))


def _group(
    looks: Looks,
    positions: Sequence[int],
    images: Mapping[int, Image],
    alive: Mapping[int, tuple[Living, ...]],
) -> Group:
    """Return the group of the images at these positions, all of which have files."""
    known = sorted(positions, key=lambda each: _worth(images[int(looks.ids[each])]))
    similarities = looks.similarity(np.array(known[:1] * len(known), np.int64), np.array(known, np.int64)).tolist()
    similarities[:1] = [1.0] * len(similarities[:1])
    ids = looks.ids[known].tolist()
    copies = (
        Copy(images[image], similarity, alive[image]) for image, similarity in zip(ids, similarities, strict=True)
    )
    return Group(tuple(copies))


def _worth(image: Image) -> tuple[int, int, datetime, int]:
    """Sort key: the best first."""
    return -image.width * image.height, -image.bytes, image.taken_at or datetime.max, image.id
