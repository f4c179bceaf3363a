"""Groups of pictures that are copies of one another: scaled, compressed, cropped a little, turned, recoloured.

Two witnesses are heard.  The hash of a picture stays nearly the same however it is scaled, compressed, recoloured,
turned by a right angle or mirrored; its feature vector when it is cropped.  docs/duplicates.md tells how well they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.looks import THRESHOLD, Looks
from imsearch.engine.near_pairs import joined
from imsearch.errors import ImsearchError
from imsearch.records import Image

if TYPE_CHECKING:
    from imsearch.engine.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture of a group and how similar it is to the group's best, in 0 to 1; the best itself has 1."""

    image: Image
    similarity: float


@dataclass(frozen=True, slots=True)
class Group:
    """Copies of one picture, the best first: most pixels, then most bytes, then the earliest.

    An image with several files stands for that many copies of the same bytes; it may be the only one of its group.
    """

    copies: tuple[Copy, ...]

    @property
    def spare_bytes(self) -> int:
        """What all files but the best one take."""
        return sum(copy.image.bytes * len(copy.image.files) for copy in self.copies) - self.copies[0].image.bytes

    def touches(self, folders: Sequence[Path]) -> bool:
        """Whether a file lies in one of these folders, or is one of these files."""
        files = [path for copy in self.copies for path in copy.image.files]
        return any(folder == path or folder in path.parents for folder in folders for path in files)


def find_groups(
    catalog: Catalog, threshold: float | None = THRESHOLD, folders: Sequence[Path] = ()
) -> tuple[Group, ...]:
    """The groups, those whose spare copies take the most bytes first.

    threshold: the least similarity; None asks for files of the very same bytes only.  folders: absolute; only groups
    with a file there.  Raises ImsearchError for a folder without pictures of the library.
    """
    for folder in folders:
        if not catalog.known_files(folder):
            raise ImsearchError(f'The library holds no picture in {folder}. Index it with "imsearch index".')
    groups = catalog.remembered(("duplicates", threshold), partial(_make_groups, catalog, threshold))
    return tuple(group for group in groups if group.touches(folders)) if folders else groups


def duplicate_ids(catalog: Catalog, threshold: float | None = THRESHOLD) -> NDArray[np.int64]:
    """The images that have copies, or several files of the same bytes; sorted."""
    groups = find_groups(catalog, threshold)
    return np.array(sorted(copy.image.id for group in groups for copy in group.copies), np.int64)


def _make_groups(catalog: Catalog, threshold: float | None) -> tuple[Group, ...]:
    looks = Looks.read(catalog)
    together = [] if threshold is None else joined(len(looks.ids), looks.pairs(threshold))
    joint = {position for several in together for position in several}
    alone = np.flatnonzero(np.isin(looks.ids, catalog.images_with_copies())).tolist()
    together += [[position] for position in alone if position not in joint]
    images = catalog.images(looks.ids[[position for several in together for position in several]].tolist())
    groups = [_group(looks, several, images) for several in together]
    found = [group for group in groups if sum(len(copy.image.files) for copy in group.copies) > 1]
    return tuple(sorted(found, key=lambda group: (-group.spare_bytes, group.copies[0].image.id)))


def _group(looks: Looks, positions: Sequence[int], images: Mapping[int, Image]) -> Group:
    """The images at these positions; those that were forgotten meanwhile are left out."""
    known = [each for each in positions if int(looks.ids[each]) in images]
    known.sort(key=lambda each: _worth(images[int(looks.ids[each])]))
    similarities = looks.similarity(np.array(known[:1] * len(known), np.int64), np.array(known, np.int64)).tolist()
    similarities[:1] = [1.0] * len(similarities[:1])
    pairs = zip(known, similarities, strict=True)
    return Group(tuple(Copy(images[int(looks.ids[each])], similarity) for each, similarity in pairs))


def _worth(image: Image) -> tuple[int, int, datetime, int]:
    """Sorts the best first."""
    return -image.width * image.height, -image.bytes, image.taken_at or datetime.max, image.id
