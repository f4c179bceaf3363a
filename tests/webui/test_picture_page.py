"""The page of a picture, as HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.records import RANKING_ONLY
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.pages.picture_view import TagRow
from tests.fakes import colour_spec
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins
from tests.webui.picture_pages import add_described, ids


@pytest.fixture
def photos(photos: Path) -> Path:
    return add_described(photos)


def test_it_stands_among_the_results_it_was_opened_from(client: TestClient, library: Library) -> None:
    order = library.search.found_ids("sort:name")
    text = client.get(f"/picture/{order[1]}?q=sort:name").text
    assert re.search(r"<b>2</b> of 9 <span>\s*</span>", text)  # an order is no condition
    assert f'rel="prev" href="../picture/{order[0]}?q=sort:name"' in text
    assert f'rel="next" href="../picture/{order[2]}?q=sort:name"' in text


def test_the_first_has_none_before_and_the_last_none_after(client: TestClient, library: Library) -> None:
    order = library.search.found_ids("sort:name")
    first, last = (client.get(f"/picture/{order[at]}?q=sort:name").text for at in (0, -1))
    assert 'rel="prev"' not in first
    assert 'rel="next"' in first
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


def test_it_need_not_be_among_the_results(client: TestClient, library: Library) -> None:
    blue = ids(library)["blue.png"]
    text = client.get(f"/picture/{blue}?q=tag:red>0.9").text
    assert re.search(r"not among the results\s.*red", text)
    assert client.get(f"/picture/{blue}?q=date:2023-15").status_code == 200


def test_the_less_likely_ones_are_gone_through_where_they_are_shown(client: TestClient, library: Library) -> None:
    red, everything = library.search.found_ids("red"), library.search.found_ids("red", min_score=0.0)
    assert len(red) < len(everything)
    assert f"</b> of {len(red)} " in client.get(f"/picture/{red[0]}?q=red").text
    text = client.get(f"/picture/{red[0]}?q=red&all=1").text
    assert f"</b> of {len(everything)} " in text
    assert "?q=red&amp;all=1" in text


@pytest.mark.parametrize("number", ["99", "0", "abc", "9" * 30])
def test_an_unknown_picture_is_told_on_a_page(client: TestClient, number: str) -> None:
    answer = client.get(f"/picture/{number}")
    assert answer.status_code == 404
    assert f"There is no picture {number[:18]}" in answer.text


def test_a_picture_whose_files_are_gone_keeps_its_tags(
    client: TestClient, photos: Path, settings: Settings, library: Library
) -> None:
    red = ids(library)["red.png"]
    (photos / "red.png").unlink()
    assert "The file is no longer where it was" in client.get(f"/picture/{red}").text
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.runs.index([photos], forget_missing=True)
    answer = client.get(f"/picture/{red}")
    assert answer.status_code == 404
    assert "its file is gone" in answer.text


def test_what_it_says_of_itself_is_told(client: TestClient, library: Library) -> None:
    text = client.get(f"/picture/{ids(library)['exif.jpg']}").text
    for told in ("2024-05-06 07:08:09", "Monday", "Canon EOS 80D", "33.85667° S, 151.21500° E", "64 × 48"):  # noqa: RUF001
        assert told in text
    link = re.search(r'<a href="(https://www.openstreetmap.org[^"]*)" target="_blank" rel="noreferrer noopener">', text)
    assert link is not None
    assert link[1].endswith("#map=15/-33.856667/151.215000")
    assert "/?q=date:2024-05-06" in text
    assert ">Sydney, New South Wales, Australia</a>" in text
    assert '/?q=city:%3DSydney"' in text


def test_what_people_wrote_is_told_with_its_origin(client: TestClient, library: Library) -> None:
    text = client.get(f"/picture/{ids(library)['written.jpg']}").text
    assert re.search(r"In the evening</span> <span class=\"origin\"[^>]*>XMP</span>", text)
    assert "Keywords from IPTC" in text
    assert ">boats</a>" in text


def test_a_name_cannot_break_the_page(client: TestClient, photos: Path, settings: Settings, library: Library) -> None:
    name = '"><script>alert(1)<img src=x>.png'
    (photos / name).write_bytes((photos / "red.png").read_bytes() + b"\0")
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.runs.index([photos])
    text = client.get(f"/picture/{ids(library)[name]}").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(("probability", "number"), [(1.0, "100%"), (0.998, "99%"), (0.931, "93%"), (0.001, "1%")])
def test_only_what_is_certain_is_told_so(probability: float, number: str) -> None:
    assert TagRow("dog", "", probability, "everyday").number == number


def test_what_is_not_shown_is_folded_away_whatever_its_probability(tmp_path: Path, settings: Settings) -> None:
    hiding = fake_plugins(replace(colour_spec(), thresholds={"green": RANKING_ONLY}))
    plain(tmp_path / "orange.png", (153, 204, 102))
    with Library.open(settings=settings, create=True, plugins=hiding) as library:
        library.runs.index([tmp_path / "orange.png"])
        with TestClient(create_app(library), base_url="http://localhost:8000") as client:
            page, review, one = (client.get(path).text for path in ("/picture/1", "/review", "/review?word=green"))
            listed = client.get("/tags").text, client.get("/api/complete?q=gr").text, client.get("/api/facets").text
            found = client.get("/api/search?q=green").json()["hits"]
    before, _, folded = page.partition("<details")
    assert re.findall(r'data-tag="(\w+)"', before) == ["red"]
    assert "2 not shown" in folded
    assert re.findall(r'data-tag="(\w+)"', folded) == ["green", "blue"]
    # Neither asked about nor listed, and found all the same.
    assert "word=green" not in review and "green is not asked about." in one
    assert not any("green" in text for text in listed)
    assert [tag["shown"] for hit in found for tag in hit["why"].values()] == [False]
