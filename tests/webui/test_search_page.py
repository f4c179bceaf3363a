"""The search page as the server sends it: it works without any script."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.records import Relaxed, Results
from imsearch.settings import Settings
from imsearch.views.wording import percent
from imsearch.webui.app import create_app
from imsearch.webui.finding import Found, find
from imsearch.webui.linking import search_address
from imsearch.webui.refining import bare, conditions, in_order, put_right
from imsearch.webui.shapes import NARROWEST, STEP, shape, stylesheet
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins
from tests.webui.many import many_pictures


def opened(library: Library) -> TestClient:
    return TestClient(create_app(library), base_url="http://localhost:8000")


def names(html: str) -> list[str]:
    """The file names of the pictures on a page."""
    return re.findall(r'<p class="name">(.*?)</p>', html)


def links(html: str, text: str) -> list[str]:
    """Where the links go that read so."""
    pattern = rf'<a [^>]*href="([^"]*)"[^>]*>(?:<[^>]*>)*{re.escape(text)}'
    return [unescape(address) for address in re.findall(pattern, html)]


def test_without_a_query_all_pictures_are_there(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "<h1>6 pictures</h1>" in page.text
    assert sorted(names(page.text)) == ["blue.png", "green.png", "grey.png", "noise.jpg", "red.png", "yellow.png"]
    assert 'alt="' in page.text and 'loading="lazy"' in page.text and 'decoding="async"' in page.text
    assert not re.search(r"<style| style=|<script(?![^>]*src=)| on\w+=", page.text)


def test_a_query_ranks_and_says_why(client: TestClient) -> None:
    page = client.get("/", params={"q": "red"})
    assert names(page.text)[:2] == ["red.png", "yellow.png"]
    assert "<q>red</q>" in page.text
    assert '<span class="score">100%</span>' in page.text
    assert "<li><b>red</b> 100% <small>colours</small></li>" in page.text
    assert 'href="./picture/' in page.text and "?q=red" in page.text


def test_where_nothing_fits_all_of_it_some_is_left_out_and_told_first(client: TestClient) -> None:
    page = client.get("/", params={"q": "red date:1999"})
    assert names(page.text) == names(client.get("/", params={"q": "red"}).text)
    shown = len(names(page.text))
    notice = f'<p class="notice relaxed">Nothing for red with date:1999; {shown} for red.</p>'
    assert page.text.index(notice) < page.text.index("red.png")
    assert "notice relaxed" not in client.get("/", params={"q": "red"}).text
    (picture,) = re.findall(r'href="\./(picture/[^"]*)"', page.text)[:1]
    beside = client.get("/" + unescape(picture))
    assert f"1 of {shown}" in re.sub("<[^>]*>", "", beside.text)


@pytest.mark.parametrize(("unlikely", "offset"), [(3, ""), (0, "&offset=2")])
def test_the_rest_is_that_of_the_whole_query_where_something_may_fit_it(unlikely: int, offset: str) -> None:
    relaxed = Relaxed(("red", "blue"), ("blue",), unlikely=unlikely)
    results = Results("red blue", 2, (), relevant=2, less_likely=3, relaxed=relaxed)
    found = Found("red blue", results, (), relevant=2, total=5, offset=2, everything=False)
    assert found.rest == search_address("red blue", True) + offset
    assert found.goes_on == (not unlikely)


def test_what_was_understood_stands_above_the_pictures(client: TestClient) -> None:
    page = client.get("/", params={"q": "jpg without noise"})
    assert "Understood: <q>jpg</q> as <code>type:jpeg</code>, <q>without noise</q> as <code>-noise</code>." in page.text
    assert "Understood" not in client.get("/", params={"q": "red"}).text
    nothing = client.get("/", params={"q": "red gif"})
    assert "Nothing for red gif;" in nothing.text
    assert "<code>type:gif</code>" in nothing.text


def test_pictures_have_their_shape_and_size(client: TestClient) -> None:
    page = client.get("/", params={"q": "name:noise.jpg"})
    assert f'class="hit {shape(1200, 800)}"' in page.text
    assert 'width="1200" height="800"' in page.text


def test_the_line_of_relevance_and_the_rest(client: TestClient) -> None:
    page = client.get("/", params={"q": "red -green"})
    likely = names(page.text)
    assert "Less likely from here" in page.text
    (rest,) = links(page.text, "Show the rest")
    every = client.get("/", params={"q": "red -green", "all": 1})
    assert names(every.text)[: len(likely)] == likely
    assert len(names(every.text)) > len(likely)
    assert every.text.index("Less likely from here") > every.text.index(likely[-1])
    following = client.get(rest)
    assert names(following.text) == names(every.text)[len(likely) :]


def test_pages_of_pictures_follow_each_other_without_script(tmp_path: Path, settings: Settings) -> None:
    with many_pictures(tmp_path, settings, 130) as library, opened(library) as client:
        seen: list[str] = []
        address = "/"
        for _ in range(3):
            page = client.get(address).text
            seen += names(page)
            address = (links(page, "Next pictures") or [""])[0]
        assert address == ""
        assert len(seen) == len(set(seen)) == 130
        assert links(page, "Pictures before these") == ["./?offset=60"]
        together = client.get("/", params={"n": 130}).text
        assert names(together) == seen
        part = client.get("/", params={"offset": 60, "part": "hits"}).text
        assert names(part) == seen[60:120] and "<html" not in part


def test_months_head_the_newest_pictures(tmp_path: Path, settings: Settings) -> None:
    with many_pictures(tmp_path, settings, 5, dated=True) as library, opened(library) as client:
        page = client.get("/").text
        assert re.findall("<h2>(.*?)</h2>", page)[:3] == ["February 2024", "January 2024", "Without a date"]
        # The second page goes on with the month of the first.
        assert "<h2>January" not in client.get("/", params={"offset": 3, "part": "hits"}).text
        assert "January" not in client.get("/", params={"q": "red"}).text


def test_conditions_alone_are_in_order_of_date_and_say_so(tmp_path: Path, settings: Settings) -> None:
    with many_pictures(tmp_path, settings, 5, dated=True) as library, opened(library) as client:
        (folder,) = (each for each, _ in library.search.query("sort:-date", facets=True).facets["folder"])
        asked = "date:2024", f"folder:{folder}", "shows:red", "type:jpeg -camera:leica", "(date:2024 or type:png)"
        for query in asked:
            page = client.get("/", params={"q": query}).text
            assert re.findall("<h2>(.*?)</h2>", page)[:2] == ["February 2024", "January 2024"], query
            assert re.search(r"Order: </span>Newest<", page), query
            assert not links(page, "Likeliest"), query  # all fit alike
            assert links(page, "Name"), query
            later = client.get("/", params={"q": query, "offset": 2, "part": "hits"}).text
            assert "<h2>January" not in later, query
        words = client.get("/", params={"q": "red date:2024"}).text
        assert re.search(r"Order: </span>Likeliest<", words) and "<h2>January" not in words
        named = client.get("/", params={"q": "date:2024 sort:name"}).text
        assert re.search(r"Order: </span>Name<", named) and "<h2>January" not in named
        assert links(named, "Newest") and not links(named, "Likeliest")


def test_facets_show_more_when_asked(tmp_path: Path, settings: Settings) -> None:
    for number in range(12):
        folder = tmp_path / "many" / f"folder {number:02}"
        folder.mkdir(parents=True)
        plain(folder / "a.png", (200, number, 0), (64, 48), seed=number)
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([tmp_path / "many"])
    with Library.open(settings=settings, plugins=fake_plugins()) as library, opened(library) as client:
        first = client.get("/", params={"part": "facets"}).text
        assert first.count(">folder ") == 10
        assert re.findall('data-more="(.*?)"', first) == ["folder"]
        whole = client.get("/", params={"part": "facets", "kind": "folder"}).text
        assert whole.count(">folder ") == 12
        assert "data-more" not in whole and 'id="facet-tag"' not in whole
        assert "Nothing to narrow down by" in client.get("/", params={"part": "facets", "kind": "nothing"}).text


def test_a_query_that_makes_no_sense_is_shown_with_its_place(client: TestClient) -> None:
    page = client.get("/", params={"q": "red date:2023-15"})
    assert page.status_code == 400
    assert "There is no month 15" in page.text
    assert "<span>red date:2023-</span><mark>1</mark><span>5</span>" in page.text
    assert 'value="red date:2023-15"' in page.text
    part = client.get("/", params={"q": "(red", "part": "hits"})
    assert part.status_code == 400


def test_unknown_words_are_told_with_what_may_have_been_meant(client: TestClient) -> None:
    page = client.get("/", params={"q": "gren sort:name"})
    assert "no word known for: <strong>gren</strong>" in page.text
    assert links(page.text, "green")[0] == "./?q=green%20sort%3Aname"


def test_nothing_found_helps(client: TestClient) -> None:
    page = client.get("/", params={"q": "camera:leica date:1999"})
    assert "No picture found" in page.text
    assert links(page.text, "without camera:leica") == ["./?q=date%3A1999"]
    assert "./?q=blue" in links(page.text, "blue")
    assert client.get("/", params={"q": "<b>x</b>"}).text.count("<b>x</b>") == 0


def test_an_empty_library_says_how_to_begin(tmp_path: Path, settings: Settings) -> None:
    with many_pictures(tmp_path, settings, 0) as library, opened(library) as client:
        page = client.get("/").text
        assert "No pictures yet" in page and "imsearch index" in page
        assert "./status" in links(page, "Open the status page")


def test_a_facet_keeps_its_promise(client: TestClient, library: Library) -> None:
    part = client.get("/", params={"q": "blue OR green", "part": "facets"}).text
    offered = re.findall(r'<a href="([^"]*)"[^>]*><span>(.*?)</span><span class="count">([\d,]+)', part)
    assert {"red", "green", "blue", "sub"} <= {label for _, label, _ in offered}
    for address, label, count in offered:
        found = find(library, _query(address), limit=60, offset=0, everything=False)
        assert found.relevant == int(count), label


def test_a_chosen_facet_can_be_left_out_again(client: TestClient) -> None:
    part = client.get("/", params={"q": "red", "part": "facets"}).text
    address = next(unescape(each) for each in re.findall(r'<a href="([^"]*)"', part) if "folder%3A" in each)
    page = client.get(address).text
    assert re.search(r'<a class="chip on" href="\./\?q=red" aria-label="Leave out folder:', page)
    again = client.get("/", params={"q": _query(address), "part": "facets"}).text
    assert '<a href="./?q=red" title=' in again and 'class="on"' in again


def test_static_files_are_kept_for_good_and_scripts_import_each_other_once(client: TestClient) -> None:
    page = client.get("/").text
    (address,) = re.findall(r'src="\.(/static/[^"]*/search\.js)"', page)
    assert address.replace("search.js", "base.js") in page
    script = client.get(address)
    assert "immutable" in script.headers["cache-control"] and '"./base.js"' in script.text
    assert client.get("/static/base.js").headers["cache-control"] == "no-cache"
    assert client.get("/static/v-000000000000/base.js").headers["cache-control"] == "no-cache"
    assert client.get("/static/../app.py").status_code == 404
    sheet = client.get("/shapes.css")
    assert sheet.headers["content-type"].startswith("text/css") and sheet.text == stylesheet()


@pytest.mark.parametrize("ratio", [0.2, 0.5, 0.75, 1.0, 4 / 3, 1.5, 16 / 9, 5.0])
def test_shapes_are_true_to_a_percent(ratio: float) -> None:
    number = int(shape(round(ratio * 10_000), 10_000)[1:])
    assert abs(NARROWEST * STEP**number / ratio - 1) <= 0.0101
    assert f".r{number}{{" in stylesheet()


def test_shapes_end_at_strips() -> None:
    assert shape(1, 9000) == shape(0, 0).replace(shape(0, 0), "r0")
    assert f".{shape(20_000, 2)}{{" in stylesheet()


def test_percents_are_certain_only_where_the_user_is() -> None:
    assert [percent(p) for p in (0.0, 0.001, 0.5, 0.996, 1.0)] == ["0%", "1%", "50%", "99%", "100%"]


def test_queries_are_narrowed_and_widened() -> None:
    text = 'dog date:2023 camera:"Canon EOS" sort:-date'
    assert [(each.text, each.rest) for each in conditions(text)] == [
        ("date:2023", 'dog camera:"Canon EOS" sort:-date'),
        ('camera:"Canon EOS"', "dog date:2023 sort:-date"),
    ]
    assert bare(text) == "dog sort:-date"
    assert conditions("(date:2023 cat) OR dog") == []
    assert [(each.text, each.label) for each in conditions('folder:/a/b shows:"hot dog" camera:="X 1" -type:png')] == [
        ("folder:/a/b", "b"),
        ('shows:"hot dog"', "hot dog"),
        ('camera:="X 1"', "X 1"),
        ("-type:png", "-type:png"),
    ]
    assert conditions('dog "what shows:x means"') == []
    assert in_order(text, "name") == 'dog date:2023 camera:"Canon EOS" sort:name'
    assert in_order("dog sort:-date", "") == "dog"
    assert put_right("a dgo, dgos", "dgo", "dog") == "a dog, dgos"
    assert put_right("trafic", "trafic", "traffic light") == '"traffic light"'


def _query(address: str) -> str:
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(unescape(address)).query)["q"][0]
