"""Dates as programs write them: read whole, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from imsearch.pictures.metadata.moments import moment

CLOCK = datetime(2024, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:05:06 07:08:09", (CLOCK, None)),
        ("2024-05-06T07:08:09.53+02:00", (CLOCK, 120)),
        ("2024-05-06T07:08:09Z", (CLOCK, 0)),
        ("2024/05/06 07:08", (datetime(2024, 5, 6, 7, 8), None)),
        ("2024-05-06", (datetime(2024, 5, 6), None)),
        ("2024: 5: 6  7: 8: 9", (CLOCK, None)),
        ("2024:05:06 7:8:9", (CLOCK, None)),
        ("20240506070809", (CLOCK, None)),
        ("20240506 070809", (CLOCK, None)),
        ("20240506T070809+0200", (CLOCK, 120)),
        ("2024:05:06 07:08:09\0\0junk", (CLOCK, None)),
        ("2024:05:06 07:07:60", (datetime(2024, 5, 6, 7, 8), None)),
        ("2024:05:06 07:08:09 pm", (datetime(2024, 5, 6, 19, 8, 9), None)),
        ("2024:05:06 12:08:09 AM", (datetime(2024, 5, 6, 0, 8, 9), None)),
        ("2024:05:06 下午7:08:09", (datetime(2024, 5, 6, 19, 8, 9), None)),
        ("1956:00:00 00:00:00", (datetime(1956, 1, 1), None)),
        ("1956:08:  :  :  ", (datetime(1956, 8, 1), None)),
        ("19560000", (datetime(1956, 1, 1), None)),
        ("1980:01:01 00:00:00", (datetime(1980, 1, 1), None)),
        ("1970", (datetime(1970, 1, 1), None)),
        ("1970:01:01 00:00:00", (None, None)),
        ("1970-01-01T01:00:00+01:00", (None, None)),
        ("1904-01-01T00:00:00Z", (None, None)),
        ("0001-01-01", (None, None)),
        ("0001-01-01T00:00:00", (None, None)),
        ("9999:12:31 23:59:59", (None, None)),
        ("1956:00:12 00:00:00", (None, None)),
        ("2024:05:06 07", (None, None)),
        ("2024:05:06 24:08:09", (None, None)),
        ("2024:05:06 07:08:61", (None, None)),
        ("2024:05:06 13:08:09 AM", (None, None)),
        ("2024:05:06 and more", (None, None)),
        ("1546682400", (None, None)),
        ("1546682400123", (None, None)),
        ("12345678", (None, None)),
        ("1956", (datetime(1956, 1, 1), None)),
        ("0000:00:00 00:00:00", (None, None)),
        ("2024:13:01 00:00:00", (None, None)),
        ("2024:02:30 00:00:00", (None, None)),
        ("    :  :     :  :  ", (None, None)),
        (b"2024", (None, None)),
    ],
)
def test_moments(text: Any, expected: tuple[datetime | None, int | None]) -> None:
    assert moment(text) == expected
