"""Facts in words."""

from __future__ import annotations

import pytest

from imsearch.records import Relaxed
from imsearch.views.wording import left_out


@pytest.mark.parametrize(
    ("asked", "gone", "told"),
    [
        (("sunset", "mountain"), ("sunset",), "Nothing for sunset and mountain together; 1,200 for mountain."),
        (("dog", "date:2023"), ("date:2023",), "Nothing for dog with date:2023; 1,200 for dog."),
        (
            ("dog", "cat", "car", "date:2023", "-red"),
            ("car",),
            "Nothing for dog and cat and car together with date:2023 without red; "
            "1,200 for dog and cat with date:2023 without red.",
        ),
        (("dog", "-dog"), ("-dog",), "Nothing for dog without dog; 1,200 for dog."),
        (
            ("date:2023", "camera:canon"),
            ("camera:canon",),
            "Nothing for date:2023 and camera:canon together; 1,200 for date:2023.",
        ),
        (
            ("dog", "last summer", "-red"),
            ("last summer",),
            "Nothing for dog last summer without red; 1,200 for dog without red.",
        ),
        (("dog", "dog", "cat"), ("dog", "cat"), "Nothing for dog and dog and cat together; 1,200 for dog."),
    ],
)
def test_what_was_left_out_is_told(asked: tuple[str, ...], gone: tuple[str, ...], told: str) -> None:
    conditions = tuple(part for part in asked if ":" in part or part == "last summer")
    assert left_out(Relaxed(asked, gone, conditions), 1200) == told
