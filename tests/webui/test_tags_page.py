"""The page of all tags, as it is sent and in a browser."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library


@pytest.fixture
def tagged(library: Library) -> Library:
    """Some tags of the user beside red, green and blue."""
    first, second, third = sorted(library.facts.live(range(1, 10)))[:3]
    for tag, images in {
        "traffic light": [first, second],
        "zebra": [first],
        "éclair": [second],
        "emotion:happy": [first, second, third],
        "7up": [third],
    }.items():
        library.tags.correct(images, [tag], Verdict.ADD, exact=True)
    return library


def rows(html: str) -> list[tuple[str, str, str]]:
    """Name, count and address of each tag in the list."""
    found = re.findall(r'<li class="b\d+"(?: hidden)?><a href="([^"]*)"[^>]*>([^<]*)</a><b>([\d,]+)</b>', html)
    return [(unescape(name), count, unescape(address)) for address, name, count in found]


def headings(html: str) -> list[str]:
    return [re.sub(r"<.*?>", "", each) for each in re.findall(r"<h2>(.*?)</h2>", html.partition("tags-none")[0])]


def test_all_tags_by_letter_namespaces_first(client: TestClient, tagged: Library) -> None:
    page = client.get("/tags").text
    assert headings(page) == ["emotion:", "B", "E", "G", "R", "T", "Z", "0-9"]
    listed = rows(page)
    assert [name for name, _, _ in listed] == [
        "happy",
        "blue",
        "éclair",
        "green",
        "red",
        "traffic light",
        "zebra",
        "7up",
    ]
    found = {name: (count, address) for name, count, address in listed}
    assert found["happy"] == ("3", "/?q=tag:emotion:happy")
    assert found["traffic light"] == ("2", "/?q=tag:%22traffic%20light%22")
    assert found["red"][0] == str(dict(tagged.tags.counts())["red"])


def test_each_link_finds_as_many_as_it_says(client: TestClient, tagged: Library) -> None:
    listed = rows(client.get("/tags").text)
    assert listed
    for name, count, address in listed:
        shown = re.search(r"<h1>([\d,]+) picture", client.get(address).text)
        assert shown and int(shown[1]) >= int(count), name


def test_by_count_and_by_source(client: TestClient, tagged: Library) -> None:
    page = client.get("/tags", params={"sort": "count"}).text
    counts = [int(count) for _, count, _ in rows(page)][1:]
    assert counts == sorted(counts, reverse=True)
    mine = client.get("/tags", params={"by": "user"}).text
    assert {name for name, _, _ in rows(mine)} == {"happy", "éclair", "traffic light", "zebra", "7up"}
    assert "by:user" in mine
    assert {name for name, _, _ in rows(client.get("/tags?by=colours").text)} == {"red", "green", "blue"}
    nobody = client.get("/tags?by=nobody")
    assert nobody.status_code == 400
    assert "colours" in nobody.text


def test_the_filter_works_without_script(client: TestClient, tagged: Library) -> None:
    page = client.get("/tags", params={"q": "RE"}).text
    visible = re.findall(r'<li class="b\d+"><a href="[^"]*"[^>]*>([^<]*)<', page)
    assert visible == ["green", "red"]
    assert "2 of 8 tags" in page
    assert "No tag contains" in client.get("/tags", params={"q": '<"x'}).text


def test_typing_filters(page: Page, tagged: Library) -> None:
    page.goto("/tags")
    assert page.locator(".tags-cloud a").count() == 8
    box = page.get_by_role("searchbox", name="Filter tags")
    box.press_sequentially("re")
    expect(page.locator("[data-count]")).to_have_text("2 of 8 tags")
    assert page.locator(".tags-group li:visible a").all_inner_texts() == ["green", "red"]
    assert not page.locator(".tags-cloud").is_visible()
    assert page.url.endswith("/tags?q=re")
    box.press("Enter")
    expect(page.get_by_role("link", name="green", exact=True)).to_be_focused()
    box.fill("nothing of that kind")
    expect(page.locator(".tags-none")).to_be_visible()
    expect(page.get_by_role("link", name="Search for it")).to_have_attribute("href", "/?q=nothing%20of%20that%20kind")
    box.fill("")
    expect(page.locator("[data-count]")).to_have_text("8 tags")
    page.get_by_label("Sorted by").select_option("count")
    page.wait_for_url("**/tags?q=&by=&sort=count")


def test_a_tag_is_renamed_and_that_undone_by_keyboard(page: Page, tagged: Library) -> None:
    page.goto("/tags")
    button = page.get_by_role("button", name="Change zebra")
    button.focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Rename, or merge into another tag")
    expect(field).to_be_focused()
    page.keyboard.type("Striped  Horse")
    expect(page.get_by_role("button", name="Rename")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="striped horse", exact=True)).to_be_focused()
    assert dict(tagged.tags.counts())["striped horse"] == 1
    expect(page.locator(".toast")).to_contain_text("“zebra” is called “striped horse” now.")
    page.locator(".toast button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="zebra", exact=True)).to_be_focused()
    assert "striped horse" not in dict(tagged.tags.counts())


def test_tags_are_merged(page: Page, tagged: Library) -> None:
    page.goto("/tags?q=e")
    page.get_by_role("button", name="Change zebra").click()
    page.get_by_label("Rename, or merge into another tag").fill("Éclair")
    expect(page.locator("#tag-hint")).to_contain_text("Both become one tag")
    page.get_by_role("button", name="Merge").click()
    expect(page.locator(".toast")).to_contain_text("“zebra” is merged into “éclair”.")
    assert dict(tagged.tags.counts())["éclair"] == 2
    expect(page.get_by_role("searchbox", name="Filter tags")).to_have_value("e")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="zebra", exact=True)).to_be_visible()
    assert dict(tagged.tags.counts())["éclair"] == 1


def test_what_cannot_be_renamed_is_told_in_the_dialog(page: Page, tagged: Library) -> None:
    page.goto("/tags")
    page.get_by_role("button", name="Change red").click()
    tagged.tags.rename("red", "scarlet")  # somebody else was quicker
    tagged.tags.correct([1], ["crimson"], Verdict.ADD, exact=True)
    page.get_by_label("Rename, or merge into another tag").fill("crimson")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator(".tag-dialog .notice")).to_contain_text("already in use")
    page.keyboard.press("Escape")
    expect(page.locator(".tag-dialog")).not_to_be_visible()
    page.problems.clear()  # type: ignore[attr-defined]


def test_the_dialog_leads_on(page: Page, tagged: Library) -> None:
    page.goto("/tags")
    page.get_by_role("button", name="Change emotion:happy").click()
    expect(page.get_by_role("heading", name="emotion:happy")).to_be_visible()
    expect(page.get_by_role("link", name="Show pictures")).to_have_attribute("href", "./?q=tag:emotion:happy")
    review = page.get_by_role("link", name="Review doubtful ones")
    expect(review).to_have_attribute("href", "/review?word=emotion%3Ahappy")


def test_it_fits_a_phone(page: Page, tagged: Library) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/tags")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_library_without_tags(client: TestClient, library: Library) -> None:
    assert "You have not added any tags yet" in client.get("/tags?by=user").text
