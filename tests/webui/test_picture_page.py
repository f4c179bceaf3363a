"""The page of a picture: as HTML, and in a browser by keys, clicks and touch."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from imsearch.engine.changes import Verdict
from imsearch.library import Library
from imsearch.records import RANKING_ONLY
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.pages.picture_view import TagRow
from tests.fakes import colour_spec
from tests.make_pictures import iptc, jpeg, plain, with_exif, xmp
from tests.patience import PATIENCE
from tests.webui.conftest import fake_plugins


def ids(library: Library) -> dict[str, int]:
    """The pictures by the names of their files."""
    images = library.engine.catalog.images(range(1, 100))
    return {image.path.name: number for number, image in images.items()}


def said(library: Library, image: int) -> dict[str, tuple[float, str]]:
    """Probability and source of each tag, as the library has it now."""
    _, tags = library.show(str(image))
    return {tag.name: (round(tag.probability, 2), tag.source) for tag in tags}


@pytest.fixture
def photos(photos: Path) -> Path:
    """Beside the others one that says when, where and with what, one with a title and keywords, and a greenish one."""
    plain(photos / "leaf.png", (50, 200, 0))
    (photos / "exif.jpg").write_bytes(with_exif())
    (photos / "written.jpg").write_bytes(jpeg(xmp("Harbour", title="In the evening"), iptc(b"boats")))
    return photos


def opened(page: Page, library: Library, name: str, query: str = "") -> int:
    number = ids(library)[name]
    page.goto(f"/picture/{number}" + (f"?q={query}" if query else ""))
    expect(page.locator(".strip")).to_be_visible()
    return number


# -- as HTML


def test_it_stands_among_the_results_it_was_opened_from(client: TestClient, library: Library) -> None:
    order = library.engine.search_ids("sort:name")
    text = client.get(f"/picture/{order[1]}?q=sort:name").text
    assert re.search(r"<b>2</b> of 9 <span>for <q>sort:name</q>", text)
    assert f'rel="prev" href="../picture/{order[0]}?q=sort:name"' in text
    assert f'rel="next" href="../picture/{order[2]}?q=sort:name"' in text


def test_the_first_has_none_before_and_the_last_none_after(client: TestClient, library: Library) -> None:
    order = library.engine.search_ids("sort:name")
    first, last = (client.get(f"/picture/{order[at]}?q=sort:name").text for at in (0, -1))
    assert 'rel="prev"' not in first
    assert 'rel="next"' in first
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last


def test_it_need_not_be_among_the_results(client: TestClient, library: Library) -> None:
    blue = ids(library)["blue.png"]
    text = client.get(f"/picture/{blue}?q=tag:red>0.9").text
    assert "not among the results for <q>tag:red&gt;0.9</q>" in text
    assert client.get(f"/picture/{blue}?q=date:2023-15").status_code == 200


def test_the_less_likely_ones_are_gone_through_where_they_are_shown(client: TestClient, library: Library) -> None:
    red, everything = library.engine.search_ids("red"), library.engine.search_ids("red", min_score=0.0)
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
    assert "The file is not where it was" in client.get(f"/picture/{red}").text
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.index([photos], forget_missing=True)
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


def test_what_people_wrote_is_told_with_its_origin(client: TestClient, library: Library) -> None:
    text = client.get(f"/picture/{ids(library)['written.jpg']}").text
    assert re.search(r"In the evening</span> <span class=\"origin\"[^>]*>XMP</span>", text)
    assert "Keywords from IPTC" in text
    assert ">boats</a>" in text


def test_a_name_cannot_break_the_page(client: TestClient, photos: Path, settings: Settings, library: Library) -> None:
    name = '"><script>alert(1)<img src=x>.png'
    (photos / name).write_bytes((photos / "red.png").read_bytes() + b"\0")
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.index([photos])
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
        library.index([tmp_path / "orange.png"])
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


# -- in a browser


def test_arrows_turn_to_the_neighbours_and_back_returns_to_the_grid(page: Page, library: Library) -> None:
    order = library.engine.search_ids("sort:name")
    page.goto("/?q=sort:name")
    page.locator(".shot").first.click()
    expect(page.locator(".strip")).to_be_visible()
    expect(page.locator(".place")).to_have_text(re.compile(r"1\s+of 9"))
    page.keyboard.press("ArrowRight")
    expect(page.locator(".place")).to_have_text(re.compile(r"2\s+of 9"))
    page.locator(".turn.next").click()
    expect(page.locator(".place")).to_have_text(re.compile(r"3\s+of 9"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(rf"/picture/{order[1]}\?q=sort"))
    expect(page).to_have_title(re.compile(r"exif.jpg"))
    expect(page.locator(".shown")).to_have_attribute("src", re.compile(rf"/api/images/{order[1]}/"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/\?q=sort:name$"))
    expect(page.locator(f"#p{order[1]} .shot")).to_be_focused()


def test_at_the_end_it_says_so(page: Page, library: Library) -> None:
    last = library.engine.search_ids("sort:name")[-1]
    page.goto(f"/picture/{last}?q=sort:name")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".toast")).to_have_text("This is the last picture.")


def test_tags_are_judged_by_keys_and_undone(page: Page, library: Library) -> None:
    grey = opened(page, library, "grey.png")
    page.locator("[data-tail] summary").click()
    page.locator("body").press("ArrowDown")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("a")
    expect(page.locator(".toast")).to_contain_text(f"Confirmed: {first}.")
    assert said(library, grey)[first] == (1.0, "user")
    page.keyboard.press("r")
    expect(page.locator(".toast").last).to_contain_text(f"Rejected: {first}.")
    assert library.rejected(grey) == (first,)
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_have_text("Undone.")
    assert said(library, grey)[first] == (1.0, "user")
    page.keyboard.press("u")
    expect(page.locator(f'[data-tag="{first}"] .tag-source')).to_have_text("colours")
    assert said(library, grey)[first] == (0.35, "colours")


def test_tags_are_judged_by_clicks_and_taken_back(page: Page, library: Library) -> None:
    red = opened(page, library, "red.png")
    page.get_by_role("button", name="Reject red").click()
    expect(page.get_by_role("heading", name="You rejected")).to_be_visible()
    assert library.rejected(red) == ("red",)
    page.get_by_role("button", name="Take back what you said of red").click()
    expect(page.get_by_role("button", name="Accept red")).to_be_visible()
    assert library.rejected(red) == ()
    page.locator(".toast").get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("heading", name="You rejected")).to_be_visible()
    assert library.rejected(red) == ("red",)


def test_a_tag_is_added_with_completion(page: Page, library: Library) -> None:
    red, blue = ids(library)["red.png"], ids(library)["blue.png"]
    library.correct([blue], ["harbor"], Verdict.ADD)
    opened(page, library, "red.png")
    page.keyboard.press("t")
    page.keyboard.type("har")
    expect(page.get_by_role("option")).to_have_text(re.compile("harbor"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option")).to_have_attribute("aria-selected", "true")
    # A list that comes late takes no choice away.
    page.get_by_role("combobox", name="Add a tag").dispatch_event("input")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Enter")
    expect(page.locator('[data-tag="harbor"] .tag-source')).to_contain_text("you")
    assert said(library, red)["harbor"] == (1.0, "user")


def test_it_says_what_a_word_was_taken_for(page: Page, library: Library) -> None:
    red = opened(page, library, "red.png")
    page.keyboard.press("t")
    page.keyboard.type("Puppies\n")
    expect(page.locator(".toast")).to_contain_text("Added: dog. “Puppies” was taken for dog.")
    assert said(library, red)["dog"] == (1.0, "user")


def test_an_error_takes_the_change_back(page: Page, library: Library) -> None:
    red = opened(page, library, "red.png")
    page.route("**/api/corrections", lambda route: route.fulfill(status=409, json={"detail": "Somebody is writing."}))
    page.get_by_role("button", name="Reject red").click()
    expect(page.locator(".toast.bad")).to_have_text("Somebody is writing.")
    expect(page.get_by_role("button", name="Accept red")).to_be_visible()
    assert library.rejected(red) == ()
    page.keyboard.press("t")
    page.keyboard.type("puddle\n")
    expect(page.get_by_label("Add a tag")).to_have_value("puddle")  # to try again without typing it again
    page.problems.clear()  # type: ignore[attr-defined]


def test_zoom_shows_the_original(page: Page, library: Library) -> None:
    opened(page, library, "noise.jpg")
    page.keyboard.press("z")
    expect(page.locator(".canvas")).to_have_class(re.compile("zoomed"))
    expect(page.locator("[data-zoom]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".canvas")).not_to_have_class(re.compile("zoomed"))


def test_a_damaged_file_is_told(page: Page, photos: Path, library: Library) -> None:
    data = (photos / "red.png").read_bytes()
    (photos / "red.png").write_bytes(data[: len(data) // 2])
    page.goto(f"/picture/{ids(library)['red.png']}")
    expect(page.locator(".unseen")).to_contain_text("Its file has changed since it was indexed.")


def test_similar_pictures_lead_on(page: Page, library: Library) -> None:
    red = opened(page, library, "red.png")
    page.locator(".strip a").first.click()
    expect(page).to_have_url(re.compile(rf"/picture/\d+\?q=like:{red}$"))
    expect(page.locator(".place")).to_have_text(re.compile(r"1\s+of \d+ for like:"))


def test_every_control_has_a_name(page: Page, library: Library) -> None:
    opened(page, library, "exif.jpg", "sort:name")
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, a, input, summary, img:not([alt=""])')].filter((each) =>
        each.checkVisibility() && !(each.ariaLabel || each.labels?.length || each.alt || each.textContent.trim()
        || each.querySelector('img[alt]:not([alt=""])')))
        .map((each) => each.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen_and_swiping_turns(
    browser: Browser, serve: object, library: Library, theme: str
) -> None:
    address = serve(create_app(library))  # type: ignore[operator]
    order = library.engine.search_ids("sort:name")
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(f"{address}/picture/{order[1]}?q=sort:name")
    expect(page.locator(".strip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    swipe = """([from, to]) => { const canvas = document.querySelector('.canvas');
        const send = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind,
            { pointerId: 5, pointerType: 'touch', clientX: x, clientY: 300, bubbles: true }));
        canvas.setPointerCapture = () => {};
        send('pointerdown', from); send('pointermove', to); send('pointerup', to); }"""
    page.evaluate(swipe, [300, 90])
    expect(page.locator(".place")).to_have_text(re.compile(r"3\s+of 9"))
    context.close()


def test_two_quick_clicks_on_one_place_reject_one_tag(page: Page, library: Library, ids: dict[str, int]) -> None:
    grey = ids["grey.png"]
    page.goto(f"/picture/{grey}")
    page.locator("summary", has_text="not shown").click()
    button = page.locator(".tag:not(.rejected) [data-verdict=reject]").first
    box = button.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    with page.expect_response("**/tags"):
        page.mouse.click(*at)
    page.mouse.click(*at)  # where the next tag lies by now
    page.wait_for_timeout(300)
    assert len(library.rejected(grey)) == 1
