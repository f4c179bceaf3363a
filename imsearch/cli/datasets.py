"""Datasets as command arguments: ``KIND:PATH``, and ``library:``, the user's verdicts on a library's pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.cli.common import count, open_library, say
from imsearch.errors import DatasetError
from imsearch.locations import scheme_of
from imsearch.settings import Settings

if TYPE_CHECKING:
    from imsearch.records import Verdicts
    from imsearch.training.data.datasets import Dataset

LEAST = 5
"""Minimum number of pictures that show a tag, and of pictures that do not, for it to be learned."""
_NAMED = 8


def open_dataset(spec: str, settings: Settings) -> Dataset:
    """Return the dataset ``KIND:PATH``; ``library:`` is the library of the settings, ``library:PATH`` the one in that
    folder.

    Raises `DatasetError` like `load_dataset`, and for a library with too few verdicts; `LibraryError` for a folder
    without a library.
    """
    from imsearch.training.data.datasets import LIBRARY, load_dataset

    kind, colon, path = spec.partition(":")
    if kind != LIBRARY or not colon:
        return load_dataset(spec)
    if path:
        settings = replace(settings, library=path if scheme_of(path) else Path(path).expanduser().absolute())
    with open_library(settings) as library:
        return library_dataset(library.scratch, library.place, library.tags.verdicts())


def library_dataset(folder: Path, place: str, verdicts: Sequence[Verdicts]) -> Dataset:
    """Return the user's verdicts as a dataset, with the pictures in place.

    A given tag is true and a rejected one false.  Tags shown by an annotator that the user neither accepted nor
    rejected are unknown.  Tags that nobody has given to a picture the user has tagged count as false: without negatives
    there would be nothing to learn from.  Tags with fewer than `LEAST` pictures of either sort are left out, with a
    note.

    Raises `DatasetError` when no tag is left.
    """
    from imsearch.training.data.datasets import LIBRARY, Dataset, Sample

    there = _there(place, verdicts)
    shows = Counter(tag for each in there for tag in each.given)
    absent = {tag: sum(tag not in each.given | _unknown(each) for each in there) for tag in shows}
    labels = tuple(sorted(tag for tag in shows if min(shows[tag], absent[tag]) >= LEAST))
    if not labels:
        raise DatasetError(_too_few(place, shows, absent))
    _tell(place, there, labels, shows)
    samples = tuple(
        Sample(
            each.path,
            tuple(sorted(each.given.intersection(labels))),
            # Kept next to the labels, so that a run recognizes a library in which more was rejected since.
            extra={"rejected": sorted(each.rejected.intersection(labels))},
            judged=tuple(tag for tag in labels if tag not in _unknown(each)),
        )
        for each in there
    )
    return Dataset(LIBRARY, folder, samples, labels)


def _there(place: str, verdicts: Sequence[Verdicts]) -> list[Verdicts]:
    """Return those whose pictures can be read now."""
    there = [each for each in verdicts if each.path.is_file()]
    if gone := [each.path for each in verdicts if not each.path.is_file()]:
        told = f"{count(len(gone), 'picture')} that you tagged cannot be found; the first is {gone[0]}"
        if not there:
            raise DatasetError(f"{place}: {told}. Is a disk missing? If they were moved, index them where they are.")
        say(f"{told}. Going on without.")
    return there


def _unknown(each: Verdicts) -> frozenset[str]:
    return each.shown - each.given - each.rejected


def _too_few(place: str, shows: Counter[str], absent: dict[str, int]) -> str:
    advice = (
        f"A tag is learned from {LEAST} pictures or more that you gave it, and {LEAST} with other tags of yours, or of "
        'which you rejected it: "imsearch tag add", "accept", "reject" and "review", or the pages.'
    )
    if not shows:
        return f"You have not given any picture of the library {place} a tag yet. {advice}"
    told = _listed(f"{tag} ({number} and {absent[tag]})" for tag, number in shows.most_common())
    return f"The library {place} has too few tags of yours to learn from, with and without each: {told}. {advice}"


def _tell(place: str, there: Sequence[Verdicts], labels: Sequence[str], shows: Counter[str]) -> None:
    found = _listed(f"{tag} ({shows[tag]})" for tag in sorted(labels, key=lambda tag: (-shows[tag], tag)))
    say(f"You tagged {count(len(there), 'picture')} of the library {place}. To learn: {found}")
    if scarce := [tag for tag, _ in shows.most_common() if tag not in labels]:
        say(f"Too few pictures with or without them, {LEAST} are needed, so left out: {_listed(scarce)}")


def _listed(texts: Iterable[str]) -> str:
    several = list(texts)
    return ", ".join(several[:_NAMED]) + (f" and {len(several) - _NAMED:,} more" if len(several) > _NAMED else "")
