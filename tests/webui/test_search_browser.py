"""The search page in a browser: the box, facets, words, keys, several pictures at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.patience import wait_until

PHONE = {"width": 390, "height": 844}


def completions(*all_: dict[str, Any], start: int = 0, end: int = 0) -> Any:
    """Answers for `Page.route`; `asked` of what it returns lists the addresses."""

    def answer(route: Route) -> None:
        answer.asked.append(route.request.url)  # type: ignore[attr-defined]
        made = [{"text": each["label"], "images": None, "hint": "", "kind": "tag", **each} for each in all_]
        route.fulfill(json={"start": start, "end": end, "completions": made})

    answer.asked = []  # type: ignore[attr-defined]
    return answer


def names(page: Page) -> list[str]:
    return page.locator(".hit .name").all_text_contents()


def test_searching_shows_the_likeliest_first(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("red")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("4 pictures for red")
    assert names(page)[0] == "red.png"
    assert page.title() == "red · imsearch"
    loaded = "[...document.querySelectorAll('.hit img')].every(each => each.complete && each.naturalWidth > 0)"
    wait_until(lambda: page.evaluate(loaded), pause=lambda: page.wait_for_timeout(20))


def test_completion_by_keyboard(page: Page) -> None:
    answer = completions(
        {"label": "green", "images": 2}, {"label": "date:", "kind": "key", "hint": "when"}, start=4, end=6
    )
    page.route("**/api/complete?*", answer)
    page.goto("/")
    box = page.get_by_role("combobox", name="Search pictures")
    box.focus()
    page.keyboard.type("red gr", delay=5)
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    assert "q=red+gr&at=6" in answer.asked[-1]
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.nth(0).get_attribute("id")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(box).to_have_value("red date:")
    expect(box).to_be_focused()
    box.fill("red gr")
    expect(options).to_have_count(2)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("ArrowDown")  # opens again
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("for red green")


def test_completions_come_from_the_library(page: Page) -> None:
    page.goto("/")
    page.locator("#q").press_sequentially("gr")
    expect(page.get_by_role("option").first).to_contain_text("green")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("for green")


def test_outdated_completions_are_not_shown(page: Page) -> None:
    waiting: list[Route] = []
    page.route("**/api/complete?q=g&*", lambda route: waiting.append(route))
    page.route("**/api/complete?q=gr&*", completions({"label": "green"}, end=2))
    page.goto("/")
    page.locator("#q").focus()
    with page.expect_request("**/api/complete?q=g&*"):
        page.keyboard.type("g")
    page.keyboard.type("r")
    expect(page.get_by_role("option")).to_have_text(["green"])
    assert waiting
    expect(page.get_by_role("option")).to_have_text(["green"])


def test_a_facet_gives_the_count_it_promised(page: Page) -> None:
    page.goto("/?q=blue+OR+green")
    link = page.locator(".facet a", has_text="blue").first
    promised = int(link.locator(".count").inner_text().split()[0])
    link.click()
    expect(page.locator(".hit")).to_have_count(promised)
    expect(page.locator(".active .chip")).to_have_count(0 if "(" in page.input_value("#q") else 1)


def test_more_values_of_a_facet(page: Page) -> None:
    def facets(route: Route) -> None:
        whole = "kind=" in route.request.url
        row = '<li><a href="#{0}"><span>{0}</span></a></li>'
        rows = "".join(row.format(f"value {number}") for number in range(12 if whole else 10))
        more = "" if whole else '<button type="button" data-more="tag">More</button>'
        route.fulfill(body=f'<section class="facet"><ul>{rows}</ul>{more}</section>', content_type="text/html")

    page.route("**/?*part=facets*", facets)
    page.goto("/?q=red")
    page.get_by_role("button", name="More").click()
    expect(page.locator(".facet a")).to_have_count(12)
    expect(page.get_by_role("link", name="value 10")).to_be_focused()
    expect(page.get_by_role("button", name="More")).to_have_count(0)


def test_did_you_mean(page: Page) -> None:
    page.goto("/?q=gren")
    page.locator(".unknown a", has_text="green").click()
    expect(page.locator("h1")).to_contain_text("for green")


def test_a_mistake_in_the_query_is_shown_where_it_is(page: Page) -> None:
    page.goto("/?q=red+date:2023-15")
    expect(page.locator("mark")).to_have_text("1")
    box = page.locator("#q")
    expect(box).to_have_value("red date:2023-15")
    expect(box).to_have_attribute("aria-invalid", "true")
    page.problems.clear()  # type: ignore[attr-defined]


def test_the_line_and_the_rest(page: Page) -> None:
    page.goto("/?q=red+-green")
    likely = page.locator(".hit").count()
    line = page.locator(".cut")
    before = page.locator(".hit").last.bounding_box()
    top = line.bounding_box()
    assert before and top and top["y"] >= before["y"] + before["height"]
    page.get_by_role("link", name="Show the rest").click()
    expect(page.get_by_role("link", name="Show the rest")).to_have_count(0)
    assert page.locator(".hit").count() > likely
    expect(page.locator(".cut")).to_be_visible()
    assert page.locator(".hit").nth(likely - 1).bounding_box() == before
    count = page.locator(".hit").count()
    page.reload()
    expect(page.locator(".hit")).to_have_count(count)


def test_reasons_for_all_and_for_one(page: Page) -> None:
    page.goto("/?q=red")
    reasons = page.locator(".hit .reasons")
    expect(reasons.first).to_be_hidden()
    page.keyboard.press("i")
    expect(reasons.first).to_be_visible()
    expect(reasons.first).to_have_text("red 100% colours")
    expect(page.get_by_role("button", name="Why", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("i")
    expect(reasons.first).to_be_hidden()
    page.locator(".hit").nth(1).hover()
    page.locator(".hit .tell").nth(1).click()
    expect(reasons.nth(1)).to_be_visible()
    expect(reasons.nth(0)).to_be_hidden()


def test_arrows_move_where_they_point(page: Page) -> None:
    page.set_viewport_size({"width": 820, "height": 800})
    page.goto("/")
    page.keyboard.press("ArrowRight")
    focused = "document.activeElement.closest('.hit').id"
    ids = page.eval_on_selector_all(".hit", "all => all.map(each => each.id)")
    assert page.evaluate(focused) == ids[0]
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == ids[1]
    x, y = page.evaluate("(b => [b.left + b.width / 2, b.top])(document.activeElement.getBoundingClientRect())")
    page.keyboard.press("ArrowDown")
    left, right, top = page.evaluate("(b => [b.left, b.right, b.top])(document.activeElement.getBoundingClientRect())")
    assert top > y and left <= x <= right
    page.keyboard.press("ArrowUp")
    assert page.evaluate(focused) == ids[1]
    page.keyboard.press("End")
    assert page.evaluate(focused) == ids[-1]
    page.keyboard.press("Home")
    assert page.evaluate(focused) == ids[0]
    assert page.locator('.shot[tabindex="0"]').count() == 1
    address = page.locator(".shot").first.get_attribute("href")
    page.route("**/picture/*", lambda route: route.fulfill(body="<title>x</title>", content_type="text/html"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{(address or '').removeprefix('.')}")


def test_several_pictures_are_tagged_and_that_is_undone(page: Page) -> None:
    def tagged() -> list[int]:
        return [each for each in ids if "sunset" in page.request.get(f"/api/images/{each}").text()]

    page.goto("/?q=red")
    ids = page.eval_on_selector_all(".hit", "all => all.map(each => Number(each.dataset.id))")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    bar = page.get_by_role("region", name="Selected pictures")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("combobox").fill("sunset")
    bar.get_by_role("button", name="Add").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Tagged 3 pictures with “sunset”.")
    assert tagged() == ids[:3]
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast", has_text="Undone.")).to_be_visible()
    assert tagged() == []
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    assert page.locator(".picked").count() == 0


def test_the_query_language_behind_the_question_mark(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="How to search").click()
    page.locator("#language").get_by_role("link", name="cat OR dog").click()
    expect(page.locator("#q")).to_have_value("cat OR dog")


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for address in ("/", "/?q=red", "/?q=gren", "/?q=red+camera:leica"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
    page.goto("/?q=red")
    expect(page.locator(".facets")).to_be_hidden()
    page.locator("button.filters").click()
    expect(page.locator(".facet a").first).to_be_visible()
    box = page.locator(".facet a").first.bounding_box()
    assert box and box["height"] >= 40
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".facets")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes_differ(page: Page, theme: Any) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto("/?q=red")
    red, *_ = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red < 80) == (theme == "dark")
