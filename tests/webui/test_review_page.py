"""Reviewing in a browser: one key for each answer, what happens behind it, and when there is nothing left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, Route, expect

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.pages import review
from tests.patience import wait_until
from tests.webui.conftest import fake_plugins

DOUBTS = 6
"""noise.jpg is about half red, green and blue, and grey.png a third of each; the fake shows from .5 on."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that more has to be fetched."""
    monkeypatch.setattr(review, "BATCH", 4)
    yield


def asked(library: Library) -> list[tuple[int, str]]:
    return [(doubt.image.id, doubt.tag.name) for doubt in library.tags.review(limit=50)]


def verdicts(library: Library) -> dict[tuple[int, str], int]:
    found = library.engine.catalog.verdicts_of(range(1, 20))
    return {(image, name): verdict for image, each in found.items() for name, verdict in each.items()}


@pytest.fixture
def page(page: Page) -> Page:
    """One on which time passes only by `settle`: a test is as quick, or as slow, as it says."""
    page.add_init_script("window.now = 0; performance.now = () => window.now;")
    return page


def settle(page: Page) -> None:
    """Let as much time pass as a question needs to be seen before it can be answered."""
    page.evaluate("window.now += 600")


def test_the_first_question_is_in_the_page(client: TestClient, library: Library) -> None:
    image, tag = asked(library)[0]
    text = client.get("/review").text
    assert f"/api/images/{image}/thumbnail?size=large" in text
    assert re.search(rf"<span data-tag>{tag}</span>", text)
    assert '<a class="chip on" href="./review" aria-current="page">All tags</a>' in text


def test_one_tag_can_be_chosen(client: TestClient, library: Library) -> None:
    text = client.get("/review?word=green").text
    assert "In doubt: green" in text
    assert "<span data-tag>green</span>" in text
    unknown = client.get("/review?word=zzz")
    assert unknown.status_code == 400
    assert "No picture of the library has the tag" in unknown.text


def test_keys_answer_and_the_next_question_is_there_at_once(page: Page, library: Library) -> None:
    order = asked(library)
    assert len(order) == DOUBTS
    page.goto("/review")
    for key in ("y", "n", "s", "ArrowRight"):
        settle(page)
        page.keyboard.press(key)
    expect(page.locator("[data-counter]").first).to_have_text(re.compile("3 answered, 1 skipped"))
    expect(page.locator("[data-tag]")).to_have_text(order[4][1])
    for _ in range(2):
        settle(page)
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("heading", name="That was all.")).to_be_visible()
    expected = {order[0]: 1, order[1]: -1, order[3]: 1, order[4]: -1, order[5]: -1}
    page.wait_for_function("document.querySelector('[data-trouble]').hidden")
    wait_until(lambda: verdicts(library) == expected, pause=lambda: page.wait_for_timeout(20))
    assert verdicts(library) == expected


def test_answers_are_undone_in_turn(page: Page, library: Library) -> None:
    order = asked(library)
    page.goto("/review")
    with page.expect_response("**/api/corrections"):
        page.keyboard.press("y")
    settle(page)
    page.keyboard.press("s")
    settle(page)
    page.keyboard.press("u")
    expect(page.locator("[data-tag]")).to_have_text(order[1][1])
    settle(page)
    with page.expect_response("**/api/undo"):
        page.get_by_role("button", name="Undo").first.click()
    expect(page.locator("[data-tag]")).to_have_text(order[0][1])
    expect(page.locator("[data-last]")).to_have_text(f"Taken back: {order[0][1]}.")
    assert verdicts(library) == {}
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_have_text("There is nothing to undo on this page.")


def test_buttons_answer_too_and_enter_opens_the_picture(page: Page, library: Library) -> None:
    order = asked(library)
    page.goto("/review?word=blue")
    with page.expect_response("**/api/corrections"):
        page.get_by_role("button", name="No").click()
    first = next(pair for pair in order if pair[1] == "blue")
    assert verdicts(library) == {first: -1}
    page.locator("#main").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/picture/\d+$"))


@pytest.mark.parametrize("by_itself", [False, True])
def test_answers_are_kept_and_sent_again_when_the_server_is_busy(page: Page, by_itself: bool) -> None:
    tries = []

    def busy(route: Route) -> None:
        tries.append(json.loads(route.request.post_data or "{}")["verdict"])
        if len(tries) == 1:
            route.fulfill(status=503, json={"detail": "Too much to do."})
        else:
            route.continue_()

    page.add_init_script("""
        const wait = window.setTimeout;
        window.setTimeout = (todo, milliseconds) => {
          if (milliseconds !== 2000) return wait(todo, milliseconds);
          window.again = todo;  // it is tried again when the test says so
          return 0;
        };
    """)
    page.route("**/api/corrections", busy)
    page.goto("/review")
    page.keyboard.press("y")
    expect(page.locator("[data-trouble]")).to_contain_text("One answer is not saved yet: Too much to do.")
    settle(page)
    if by_itself:
        page.evaluate("window.again()")
    else:
        page.get_by_role("button", name="Try now").click()
    expect(page.locator("[data-trouble]")).to_be_hidden()
    page.keyboard.press("n")
    wait_until(lambda: len(tries) == 3, pause=lambda: page.wait_for_timeout(20))
    assert tries == ["accept", "accept", "reject"]
    page.problems.clear()  # type: ignore[attr-defined]


def test_an_answer_that_is_refused_is_told(page: Page) -> None:
    page.route("**/api/corrections", lambda route: route.fulfill(status=404, json={"detail": "There is no image 1."}))
    page.goto("/review")
    tag = page.locator("[data-tag]").inner_text()
    page.keyboard.press("y")
    expect(page.locator(".toast.bad")).to_have_text(f"What you said of {tag} was not saved: There is no image 1.")
    page.problems.clear()  # type: ignore[attr-defined]


def test_when_nothing_is_in_doubt_it_says_so(client: TestClient, library: Library) -> None:
    for image, tag in asked(library):
        library.tags.correct([image], [tag], Verdict.REJECT)
    text = client.get("/review").text
    assert re.search(r'<section class="question"[^>]* hidden>', text)
    assert f"{DOUBTS} tags were in doubt, and you have judged them all" in text and "Nothing is in doubt" not in text


def test_without_doubts_and_without_pictures_it_says_something_else(
    client: TestClient, library: Library, settings: Settings, photos: Path
) -> None:
    for name in ("noise.jpg", "grey.png"):
        (photos / name).unlink()
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.runs.index([photos], forget_missing=True)
    text = client.get("/review").text
    assert "Nothing is in doubt." in text and "judged" not in text
    with Library.open(settings=replace(settings, library=Path(settings.library) / "new"), create=True) as empty:
        text = TestClient(create_app(empty), base_url="http://localhost").get("/review").text
    assert "No pictures yet" in text and "in doubt" not in text.replace("What is in doubt", "")


def test_two_quick_clicks_on_one_place_answer_one_question(page: Page, library: Library) -> None:
    order = asked(library)
    page.goto("/review")
    with page.expect_response("**/api/corrections"):
        page.get_by_role("button", name="No").dblclick()
    expect(page.locator("[data-counter]").first).to_contain_text("1 answered")
    expect(page.locator("[data-tag]")).to_have_text(order[1][1])
    assert verdicts(library) == {order[0]: -1}
    page.get_by_role("button", name="Undo").first.click()  # at once: it was meant for what was seen before
    settle(page)
    with page.expect_response("**/api/undo"):
        page.get_by_role("button", name="Undo").first.dblclick()
    expect(page.locator("[data-tag]")).to_have_text(order[0][1])
    assert verdicts(library) == {}


def test_a_key_that_is_held_answers_one_question(page: Page, library: Library) -> None:
    order = asked(library)
    page.goto("/review")
    for _ in range(5):
        page.keyboard.down("n")  # all but the first are repeats
    expect(page.locator("[data-tag]")).to_have_text(order[1][1])
    expect(page.locator("[data-counter]").first).to_contain_text("1 answered")
    settle(page)
    page.get_by_role("button", name="No").focus()
    for _ in range(5):
        page.keyboard.down("Enter")
    expect(page.locator("[data-counter]").first).to_contain_text("2 answered")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_all_fits_and_every_control_has_a_name(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/review")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("Yes", "No", "Skip", "Undo"):
        expect(page.get_by_role("button", name=name).first).to_be_in_viewport()
    expect(page.get_by_role("link", name="Open the picture")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"Probability \d+%"))).to_be_visible()
