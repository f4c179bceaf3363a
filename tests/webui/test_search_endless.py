"""Many pictures in a browser: more come by scrolling, nothing jumps, Back restores the place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from imsearch.library import Library
from imsearch.settings import Settings
from tests import patience
from tests.webui.many import many_pictures

COUNT = 200
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
}).observe({ type: "layout-shift", buffered: true });
"""
SEEN_ARE_LOADED = """
[...document.querySelectorAll(".hit img")].filter(each => each.getBoundingClientRect().top < innerHeight)
  .every(each => each.complete && each.naturalWidth > 0)
"""
PLACES = "all => all.map(each => [each.id, each.offsetLeft, each.offsetTop, each.offsetWidth, each.offsetHeight])"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("endless")
    settings = Settings(library=folder / "library", semantic="off", device="cpu")
    with many_pictures(folder, settings, COUNT) as opened:
        yield opened


def scroll_to_the_end(page: Page, count: int = COUNT) -> None:
    def scroll() -> None:
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(40)

    patience.wait_until(lambda: page.locator(".hit").count() == count, pause=scroll)


def wait_until(page: Page, condition: str) -> None:
    """`Page.wait_for_function` would evaluate text in the page, which its policy forbids."""
    patience.wait_until(lambda: page.evaluate(condition), pause=lambda: page.wait_for_timeout(20))


def test_scrolling_brings_all_pictures_once_and_nothing_moves(page: Page) -> None:
    page.add_init_script(SHIFTS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "part=hits" in request.url else None)
    page.goto("/")
    page.wait_for_selector(".facet")
    first = page.eval_on_selector_all(".hit:not(.pending)", PLACES)
    assert 60 - 12 <= len(first) <= 120
    page.mouse.move(600, 400)
    scroll_to_the_end(page)
    ids = page.eval_on_selector_all(".hit", "all => all.map(each => each.id)")
    assert len(set(ids)) == COUNT
    assert len(asked) == len(set(asked)) == 3
    assert page.eval_on_selector_all(".hit", PLACES)[: len(first)] == first
    assert page.locator(".pending").count() == 0 and page.locator(".more").count() == 0
    assert "shown" in (page.locator("[data-said]").text_content() or "")
    assert page.evaluate("window.shifted") == 0


def test_rows_are_full_and_the_last_is_not_stretched(page: Page) -> None:
    page.goto(f"/?n={COUNT}")
    rows: dict[int, list[tuple[float, float, float]]] = {}
    for top, left, width, height in page.eval_on_selector_all(
        ".hit",
        "all => all.map(e => e.getBoundingClientRect()).map(b => [Math.round(b.top), b.left, b.width, b.height])",
    ):
        rows.setdefault(top, []).append((left, width, height))
    grid = page.locator(".grid").bounding_box()
    assert grid
    *full, last = rows.values()
    for row in full:
        assert abs(row[-1][0] + row[-1][1] - grid["x"] - grid["width"]) < 1.5
        assert max(height for *_, height in row) - min(height for *_, height in row) < 1
    assert last[0][2] <= 195


def test_without_observer_the_link_still_loads(page: Page) -> None:
    page.add_init_script("IntersectionObserver.prototype.observe = function () {};")
    page.goto("/")
    page.get_by_role("link", name="Next pictures").click()
    expect(page.locator(".hit")).to_have_count(120)
    ids = page.eval_on_selector_all(".hit", "all => all.map(each => each.id)")
    assert page.evaluate("document.activeElement.closest('.hit')?.id") == ids[60]


def test_an_error_can_be_tried_again(page: Page) -> None:
    fails = True

    def answer(route: Route) -> None:
        if fails:
            route.abort()
        else:
            route.continue_()

    page.route("**part=hits*", answer)
    page.goto("/")
    page.mouse.move(600, 400)
    page.mouse.wheel(0, 4000)
    again = page.get_by_role("link", name="Try again")
    expect(again).to_be_visible()
    assert page.locator(".pending").count() == 0
    fails = False
    again.click()
    expect(page.locator(".hit").nth(60)).to_be_attached()
    expect(again).to_have_count(0)
    page.problems.clear()  # type: ignore[attr-defined]


def test_back_and_reload_restore_the_place(page: Page, library: Library) -> None:
    likely = library.search.query("red", limit=0).relevant
    assert 100 < likely < COUNT
    page.route("**/picture/*", lambda route: route.fulfill(body="<title>x</title>", content_type="text/html"))
    page.goto("/?q=red")
    page.mouse.move(600, 400)
    scroll_to_the_end(page, likely)
    page.evaluate("scrollTo(0, 1700)")
    page.wait_for_timeout(100)
    opened = page.evaluate("[...document.querySelectorAll('.hit')].find(e => e.getBoundingClientRect().top > 200).id")
    place = page.locator(f"#{opened}").bounding_box()
    page.locator(f"#{opened} .shot").click()
    page.wait_for_url("**/picture/*")
    parts: list[str] = []
    page.on("request", lambda request: parts.append(request.url) if "part=hits" in request.url else None)
    page.go_back()
    expect(page.locator(".hit")).to_have_count(likely)
    wait_until(page, "scrollY > 1000")
    assert page.locator(f"#{opened}").bounding_box() == place
    assert page.evaluate("document.activeElement.closest('.hit')?.id") == opened
    page.reload()
    wait_until(page, "scrollY > 1000")
    assert page.locator(f"#{opened}").bounding_box() == place
    assert parts == []


def test_nothing_shifts_while_the_page_loads_slowly(page: Page) -> None:
    page.add_init_script(SHIFTS)
    page.goto("/?q=red")
    page.wait_for_selector(".facet")
    wait_until(page, SEEN_ARE_LOADED)
    assert page.evaluate("window.shifted") == 0
