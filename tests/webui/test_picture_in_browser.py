"""The page of a picture in a browser, by keys, clicks and touch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.webui.app import create_app
from tests.patience import PATIENCE
from tests.webui.picture_pages import add_described, ids, said


@pytest.fixture
def photos(photos: Path) -> Path:
    return add_described(photos)


def opened(page: Page, library: Library, name: str, query: str = "") -> int:
    number = ids(library)[name]
    page.goto(f"/picture/{number}" + (f"?q={query}" if query else ""))
    expect(page.locator(".strip")).to_be_visible()
    return number


def test_arrows_turn_to_the_neighbours_and_back_returns_to_the_grid(page: Page, library: Library) -> None:
    order = library.search.found_ids("sort:name")
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
    last = library.search.found_ids("sort:name")[-1]
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
    assert library.tags.rejected(grey) == (first,)
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
    assert library.tags.rejected(red) == ("red",)
    page.get_by_role("button", name="Take back what you said of red").click()
    expect(page.get_by_role("button", name="Accept red")).to_be_visible()
    assert library.tags.rejected(red) == ()
    page.locator(".toast").get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("heading", name="You rejected")).to_be_visible()
    assert library.tags.rejected(red) == ("red",)


def test_a_tag_is_added_with_completion(page: Page, library: Library) -> None:
    red, blue = ids(library)["red.png"], ids(library)["blue.png"]
    library.tags.correct([blue], ["harbor"], Verdict.ADD)
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
    assert library.tags.rejected(red) == ()
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
    expect(page.locator(".place")).to_have_text(re.compile(rf"1\s+of \d+ like picture {red}"))


def test_words_may_be_added_to_a_picture_to_look_like(page: Page, library: Library) -> None:
    red = opened(page, library, "red.png")
    field = page.get_by_label("Like this picture, with these words")
    field.fill("blue")
    field.press("Enter")
    expect(page).to_have_url(re.compile(rf"/\?q=like:{red}%20blue$"))
    expect(page.locator("main img").first).to_be_visible()


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
    order = library.search.found_ids("sort:name")
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
    # The moment of a click is set here: how long an answer takes says more of the machine than of the page.
    page.evaluate("Object.defineProperty(Event.prototype, 'timeStamp', { get: () => window.moment })")
    for moment, rejected in ((1_000, 1), (1_200, 1), (10_000, 2)):  # the last one is a click on what lies there by now
        page.evaluate("moment => window.moment = moment", moment)
        if len(library.tags.rejected(grey)) == rejected:
            page.mouse.click(*at)
            page.wait_for_timeout(300)
        else:
            with page.expect_response("**/tags"):
                page.mouse.click(*at)
        assert len(library.tags.rejected(grey)) == rejected
