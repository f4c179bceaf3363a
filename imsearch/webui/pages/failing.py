"""Failures for people: grouped by cause, with advice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imsearch.records import Failure

_KINDS = (
    (
        "damaged",
        "Damaged or cut short",
        ("it is damaged", "it has too many pixels"),
        "Open one in another program. If it does not open there either, restore it from a backup. Pictures that "
        "were being copied are fine once the copy is complete.",
    ),
    (
        "unreadable",
        "Cannot be opened",
        ("it cannot be opened", "it is not a file"),
        "Check that your user may read the file, and that the disk it lies on is connected.",
    ),
    ("empty", "Empty", ("it is empty",), "A copy or a download was interrupted. Copy the file again, or delete it."),
    (
        "no-picture",
        "Not a picture",
        ("it is not a picture",),
        "The name has the suffix of a picture, but the content is something else or of a kind that is not supported. "
        "Convert it to JPEG, PNG or WebP, or leave it: it does no harm.",
    ),
    (
        "heif",
        "Needs another package",
        ("it is a HEIF picture",),
        "Install the package pi-heif, then index again.",
    ),
    (
        "large",
        "Too large",
        ("more than", "there is not enough memory"),
        "Make a smaller copy, or close other programs if memory ran short.",
    ),
    ("changing", "Changed while being read", ("it changes while",), "Index again when the file is complete."),
)
"""Key, heading, substrings of the reasons, advice."""
_OTHER = ("other", "Other reasons", "The reason says what happened. Index again to retry.")


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one kind; `key` identifies it in addresses."""

    key: str
    title: str
    advice: str
    failures: Sequence[Failure]


def grouped(failures: Iterable[Failure]) -> list[FailureGroup]:
    """Group by kind, the most frequent first."""
    groups: dict[str, tuple[str, str, list[Failure]]] = {}
    for failure in failures:
        key, title, advice = kind(failure)
        groups.setdefault(key, (title, advice, []))[2].append(failure)
    found = [FailureGroup(key, title, advice, each) for key, (title, advice, each) in groups.items()]
    return sorted(found, key=lambda group: (-len(group.failures), group.title))


def kind(failure: Failure) -> tuple[str, str, str]:
    """Return key, heading and advice."""
    if failure.annotator:
        return (
            f"by-{failure.annotator}",
            f"{failure.annotator} failed",
            "The picture itself can be read; other annotators have tagged it. Index again to retry this "
            "more. If it fails again, tell its author the reason.",
        )
    for key, title, marks, advice in _KINDS:
        if any(mark in failure.reason for mark in marks):
            return key, title, advice
    return _OTHER
