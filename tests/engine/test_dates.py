"""Times as people say them, on a day that is written down here: Friday, 27 November 2026."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsearch.engine.words.calendar_days import HOLIDAYS
from imsearch.engine.words.dates import Times
from imsearch.engine.words.fact_words import FACT_WORDS, FactWords, together

TODAY = date(2026, 11, 27)
EN = FACT_WORDS["en"]


def days(text: str, today: date = TODAY) -> str | None:
    """What a text means, as behind ``date:``, where all of it is one time."""
    words = text.split()
    found = Times(today, EN).read(words)
    return None if found is None or found.span is None or found.length < len(words) else found.span.text()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2021", "2021"),
        ("december 2025", "2025-12"),
        ("december of 2025", "2025-12"),
        ("2025 december", "2025-12"),
        ("2025 december 24", "2025-12-24"),
        ("dec 2025", "2025-12"),
        ("may 2020", "2020-05"),
        ("24 december 2022", "2022-12-24"),
        ("24th of december 2022", "2022-12-24"),
        ("december 24th 2022", "2022-12-24"),
        ("2022-12-24", "2022-12-24"),
        ("2022/12/24", "2022-12-24"),
        ("2022-12", "2022-12"),
        ("24.12.2022", "2022-12-24"),
        ("12/24/2022", "2022-12-24"),
        ("24/12/2022", "2022-12-24"),
        ("may 3rd", "2026-05-03"),
        ("29 november", "2025-11-29"),
        ("summer 2019", "2019-06..2019-08"),
        ("summer of '19", "2019-06..2019-08"),
        ("winter 2019", "2019-12..2020-02"),
        ("christmas 2022", "2022-12-24..2022-12-26"),
        ("easter 2023", "2023-04-07..2023-04-10"),
        ("new year 2024", "2023-12-31..2024-01-01"),
        ("new year's eve 2023", "2023-12-31"),
        ("thanksgiving 2022", "2022-11-24"),
        ("today", "2026-11-27"),
        ("yesterday", "2026-11-26"),
        ("day before yesterday", "2026-11-25"),
        ("the day before yesterday", "2026-11-25"),
        ("last night", "2026-11-26..2026-11-27"),
        ("last week", "2026-11-16..2026-11-22"),
        ("this week", "2026-11-23..2026-11-29"),
        ("last weekend", "2026-11-21..2026-11-22"),
        ("last month", "2026-10"),
        ("this month", "2026-11"),
        ("last year", "2025"),
        ("last summer", "2026-06..2026-08"),
        ("this summer", "2026-06..2026-08"),
        ("last winter", "2025-12..2026-02"),
        ("last autumn", "2025-09..2025-11"),
        ("last december", "2025-12"),
        ("last march", "2026-03"),
        ("last friday", "2026-11-20"),
        ("last thursday", "2026-11-26"),
        ("last christmas", "2025-12-24..2025-12-26"),
        ("3 days ago", "2026-11-24"),
        ("two weeks ago", "2026-11-09..2026-11-15"),
        ("a month ago", "2026-10"),
        ("before 3 days", "2026-11-24"),
        ("11 months ago", "2025-12"),
        ("10 years ago", "2016"),
        ("last 3 days", "2026-11-25..2026-11-27"),
        ("past week", "2026-11-21..2026-11-27"),
        ("past 2 months", "2026-09-27..2026-11-27"),
        ("since 2020", "2020.."),
        ("since march", "2026-03.."),
        ("since last summer", "2026-06.."),
        ("before 2019", "..2018"),
        ("before march 2019", "..2019-02"),
        ("after 2019", "2020.."),
        ("until 2019", "..2019"),
        ("from 2019 to 2021", "2019..2021"),
        ("from june 2019 to march 2021", "2019-06..2021-03"),
        ("between 2019 2021", "2019..2021"),  # the grammar takes the "and"
        ("2019 to 2021", "2019..2021"),
        ("2019-2021", "2019..2021"),
        ("2019 2021", "2019..2021"),  # and a hyphen by itself
        ("1990s", "1990..1999"),
        ("90s", "1990..1999"),
        ("10s", "2010..2019"),
    ],
)
def test_times(text: str, meant: str) -> None:
    assert days(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("may", "march", "christmas", "summer", "sun", "last", "last supper", "a day at the beach", "the past"),
        *("2048", "1500", "1920x1080", "30 february 2020", "2022-13", "31.02.2020", "05/06/2020", "0 days ago"),
        *("2050s", "2020 february 30", "to 2019", "two dogs", "this dog", "day", "3 days", "second may"),
    ],
)
def test_words_that_are_no_times(text: str) -> None:
    assert days(text) is None


@pytest.mark.parametrize(
    ("today", "text", "meant"),
    [
        (date(2026, 7, 1), "last summer", "2025-06..2025-08"),
        (date(2026, 7, 1), "this summer", "2026-06..2026-08"),
        (date(2026, 1, 10), "last summer", "2025-06..2025-08"),
        (date(2026, 1, 10), "this winter", "2025-12..2026-02"),
        (date(2026, 1, 10), "last winter", "2024-12..2025-02"),
        (date(2026, 11, 28), "last weekend", "2026-11-21..2026-11-22"),  # a Saturday
        (date(2026, 11, 28), "this weekend", "2026-11-28..2026-11-29"),
        (date(2026, 3, 31), "past month", "2026-02-28..2026-03-31"),
        (date(2026, 1, 10), "last month", "2025-12"),
        (date(2024, 2, 29), "past year", "2023-02-28..2024-02-29"),
        (date(2026, 12, 25), "last christmas", "2025-12-24..2025-12-26"),
        (date(2025, 1, 5), "29 february", "2024-02-29"),
    ],
)
def test_times_count_from_today(today: date, text: str, meant: str) -> None:
    assert days(text, today) == meant


def test_months_of_any_year_are_no_span_and_not_sure() -> None:
    found = Times(TODAY, EN).read(["december"])
    assert found is not None
    assert (found.month, found.sure, found.span) == (12, False, None)
    assert Times(TODAY, EN).read(["may", "dogs"]) is None
    assert Times(TODAY, EN).read(["may", "dogs"], before="in") is not None
    assert Times(TODAY, EN).read(["may"], alone=True) is not None
    assert Times(TODAY, EN).read(["may", "items"], before="with") is None
    assert Times(TODAY, EN).read(["winter", "coats"], before="in") is None
    spring = Times(TODAY, EN).read(["spring"], before="in")
    assert spring is not None
    assert (spring.month, spring.months) == (3, 3)


def test_easter_is_where_the_tables_say() -> None:
    told = {1961: "1961-04-02", 2000: "2000-04-23", 2008: "2008-03-23", 2024: "2024-03-31", 2038: "2038-04-25"}
    assert {year: str(HOLIDAYS["easter sunday"](year).first) for year in told} == told


def test_languages_are_read_together_and_the_first_decides() -> None:
    french = FactWords(months={"mars": 3}, seasons={"\u00e9t\u00e9": 6, "fall": 1}, last_behind=frozenset({"dernier"}))
    words = together([EN, french])
    assert words.months["mars"] == 3
    assert words.seasons["fall"] == 9
    found = Times(TODAY, words).read(["\u00e9t\u00e9", "dernier"])
    assert found is not None
    assert found.span is not None
    assert found.span.text() == "2026-06..2026-08"


_WORDS = (
    "last this past 3 31 0 99 999 2020 0000 9999 days years ago march may december summer christmas new year's eve "
    "since before from to between 9999-12-31 2020-02-30 90s the of friday weekend yesterday '99 24th"
)


@given(st.lists(st.sampled_from(_WORDS.split()), min_size=1, max_size=7), st.dates(date(1990, 1, 1)))
def test_any_words_on_any_day_are_read_without_trouble(words: list[str], today: date) -> None:
    found = Times(today, EN).read(words)
    if found is not None:
        assert 1 <= found.length <= len(words)
        if found.span is not None:
            assert found.span.text()
