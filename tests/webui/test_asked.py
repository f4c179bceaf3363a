"""Queries in plain words, as headlines have them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from imsearch.engine.query.keys import KEYS
from imsearch.webui.asked import asked

TOLD = [
    ("", "", ""),
    ("sort:-date", "", ""),
    ("dog +beach -person", "dog +beach -person", ""),
    ('dog "traffic light" sort:name', 'dog "traffic light"', ""),
    ('shows:"hot dog"', "", "showing hot dog"),
    ('"it shows:what"', '"it shows:what"', ""),
    ('dog camera:="Canon EOS 80D" date:2023', "dog", "taken with Canon EOS 80D, from 2023"),
    ("-shows:beach dog", "dog", "not showing beach"),
    ('tag:"traffic light"', "", "tagged traffic light"),
    ("tag:dog>15% by:user", "", "tagged dog over 15%, tagged by you"),
    ("(cat OR dog) date:2023", "cat or dog from 2023", ""),
    ("cat OR dog", "cat OR dog", ""),
    ("date:2023-05-17", "", "from 17 May 2023"),
    ("date:2023-06..2024", "", "from June 2023 to 2024"),
    ("date:2023-06..", "", "since June 2023"),
    ("date:<=2023", "", "until 2023"),
    ("month:12 -month:11..2", "", "in December, not from November to February"),
    ("before:2023-07", "", "before July 2023"),
    ("iso:50..400 width:>2000", "", "at ISO 50 to 400, over 2000 pixels wide"),
    ("near:48.137,11.575,5", "", "within 5 km of 48.137, 11.575"),
    ('country:="Italy" near:Rome', "", "in Italy, near Rome"),
    ('folder:"/a/b c%22"', "", 'in the folder b c"'),
    ("like:12 dog", "dog", "like picture 12"),
    ("like:/a/b.jpg", "", "like b.jpg"),
    ("has:gps -is:untagged", "", "with a place, not without tags"),
    ("is:screenshot", "", "that are screenshots"),
    ("dog date:2023-15", "dog date:2023-15", ""),  # cannot be understood
]


@pytest.mark.parametrize(("text", "words", "rest"), TOLD)
def test_a_query_is_told_in_plain_words(text: str, words: str, rest: str) -> None:
    assert tuple(asked(text)) == (words, rest)


def test_every_condition_has_its_words() -> None:
    assert {key for key in KEYS if KEYS[key].told is None} == {"tag", "by", "like", "sort"}  # these have their own
    for key in KEYS:
        for name, _ in KEYS.values(key):
            assert key == "sort" or str(asked(f"{key}:{name}"))


def test_no_page_shows_the_syntax_that_facets_write(client: TestClient, ids: dict[str, int]) -> None:
    query = 'shows:"red" sort:-date'
    page = client.get("/", params={"q": query}).text
    head = page[page.index("<title>") : page.index("</title>")] + page[page.index("<h1>") : page.index("</h1>")]
    assert "shows:" not in head and "sort:" not in head
    assert "<title>showing red · imsearch</title>" in page
    assert '<h1>2 pictures <span class="for">showing red</span></h1>' in page
    nothing = client.get("/", params={"q": 'camera:="Leica M6"'}).text
    assert '<q class="part">taken with Leica M6</q>' in nothing
    for image in ids["red.png"], ids["sub/blue.png"]:  # among the results, and not
        bar = client.get(f"/picture/{image}", params={"q": query}).text.partition('<p class="place">')[2]
        assert "showing red" in bar.partition("</p>")[0] and "shows:" not in bar.partition("</p>")[0]
