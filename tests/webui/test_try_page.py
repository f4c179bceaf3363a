"""Trying pictures that are not in the library, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, FileChooser, Page, Route, expect

from imsearch import hookimpl
from imsearch.library import Library
from imsearch.plugins.manager import PluginManager, make_manager
from imsearch.settings import Settings
from tests.fakes import colour_spec
from tests.make_pictures import plain
from tests.patience import PATIENCE, wait_until

FEELINGS = ("emotion:happy", "emotion:angry", "emotion:positive")


class Both:
    @hookimpl
    def imsearch_annotators(self) -> list[object]:
        return [colour_spec(), colour_spec(name="emotion", words=FEELINGS)]


def broken() -> None:
    raise ImportError("no module named 'missing'")


def plugins() -> PluginManager:
    entries = [
        SimpleNamespace(name="both", value="both", dist=None, load=Both),
        SimpleNamespace(name="lame", value="lame", dist=None, load=broken),
    ]
    return make_manager(entries)  # type: ignore[arg-type]


@pytest.fixture
def library(photos: Path, settings: Settings) -> Iterator[Library]:
    with Library.open(settings=settings, create=True, plugins=plugins()) as filling:
        filling.runs.index([photos], ["colours"])
    with Library.open(settings=settings, plugins=plugins()) as opened:
        yield opened


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A picture that the library does not know."""
    return plain(tmp_path / "orange.png", (255, 128, 0), (90, 60))


def choose(page: Page, *files: Path) -> None:
    page.locator("#try-file").set_input_files(files)


def drop(page: Page, name: str, data: bytes, event: str = "drop") -> None:
    page.evaluate(
        """([name, bytes, event]) => {
            const carried = new DataTransfer();
            const type = name.endsWith(".png") ? "image/png" : "";
            carried.items.add(new File([new Uint8Array(bytes)], name, { type }));
            if (event === "paste") {
                document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true }));
                return;
            }
            for (const each of ["dragenter", event]) {
                const dragged = { dataTransfer: carried, bubbles: true, cancelable: true };
                document.body.dispatchEvent(new DragEvent(each, dragged));
            }
        }""",
        [name, list(data), event],
    )


def shares(page: Page, annotator: str) -> list[str]:
    """The bars of an annotator as they read."""
    part = page.locator(".said", has=page.get_by_role("heading", name=re.compile(rf"^{annotator}")))
    return [" ".join(text.split()) for text in part.locator(".bars").first.locator("li").all_inner_texts()]


def test_a_chosen_picture_is_tagged_and_what_looks_like_it_is_found(page: Page, stranger: Path) -> None:
    page.goto("/try")
    assert page.locator("[value=colours]").is_checked()
    page.locator("[value=emotion]").uncheck(force=True)
    choose(page, stranger)
    title = page.get_by_role("heading", name="orange.png")
    expect(title).to_be_focused()
    assert shares(page, "colours") == ["red 100%", "green 50%"]
    expect(page.locator("[data-said]")).to_have_text("orange.png: red, green.")
    expect(page.locator(".trial-look img")).to_have_js_property("naturalWidth", 90)
    expect(page.get_by_role("link", name="red").first).to_have_attribute("href", "/?q=tag%3Ared")
    assert page.locator("svg.cloud text").all_text_contents() == ["red", "green"]
    strip = page.locator(".strip a")
    assert strip.count() == 6
    expect(strip.first.locator("img")).to_have_js_property("complete", True)
    assert strip.first.locator("img").evaluate("(picture) => picture.naturalWidth") > 0
    assert re.fullmatch(r"/picture/\d+", strip.first.get_attribute("href") or "")
    assert page.get_by_text("This picture is in").count() == 0


def test_a_picture_of_the_library_is_recognised(page: Page, photos: Path, library: Library) -> None:
    page.goto("/try")
    choose(page, photos / "red.png")
    link = page.get_by_role("link", name="This picture is in your library")
    number = library.facts.identify([str(photos / "red.png")])[str(photos / "red.png")]
    expect(link).to_have_attribute("href", f"/picture/{number}")


def test_its_emotion_has_a_chart_of_its_own(page: Page, stranger: Path) -> None:
    page.goto("/try")
    page.locator("[value=colours]").uncheck(force=True)
    choose(page, stranger)
    expect(page.locator(".emotion-said")).to_have_text("It looks happy and angry.")
    assert [" ".join(row.split()) for row in page.locator(".emotion li").all_inner_texts()] == [
        "Happy 100%",
        "Angry 50%",
        "Positive 0%",
    ]
    assert page.locator(".said").count() == 0
    assert page.locator("svg.cloud text").all_text_contents()[:2] == ["happy", "angry"]


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_pictures_are_dropped_anywhere_and_pasted(page: Page, stranger: Path, event: str) -> None:
    page.goto("/try")
    drop(page, "here.png", stranger.read_bytes(), event)
    expect(page.get_by_role("heading", name="here.png")).to_be_focused()
    assert not page.evaluate("document.body.classList.contains('dropping')")


def test_several_pictures_one_after_another(page: Page, photos: Path) -> None:
    page.goto("/try")
    choose(page, photos / "red.png", photos / "green.png")
    expect(page.locator("svg.cloud")).to_have_count(2)
    assert page.locator(".trial h2").all_inner_texts() == ["red.png", "green.png"]
    choose(page, photos / "grey.png")
    expect(page.locator("svg.cloud")).to_have_count(3)
    assert page.locator(".trial h2").all_inner_texts() == ["grey.png", "red.png", "green.png"]
    page.get_by_role("button", name="Remove red.png").click()
    assert page.locator(".trial h2").all_inner_texts() == ["grey.png", "green.png"]


def test_what_browsers_cannot_show_gets_a_tile(page: Page, tmp_path: Path) -> None:
    picture = tmp_path / "scan.tif"
    Image.new("RGB", (64, 64), (0, 255, 0)).save(picture, "TIFF")
    page.goto("/try")
    choose(page, picture)
    expect(page.locator(".trial-tile")).to_contain_text("scan.tif")
    expect(page.locator(".said")).to_contain_text("green")


def test_what_is_no_picture_is_told_beside_the_zone(page: Page, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    page.goto("/try")
    wrong = page.locator(".try-wrong")
    choose(page, tmp_path / "notes.txt")
    expect(wrong.locator("span")).to_have_text("notes.txt is not a picture.")
    assert page.locator(".trial").count() == 0
    choose(page, tmp_path / "broken.jpg")
    expect(wrong).to_contain_text(re.compile(r"broken\.jpg: it is (damaged|not a picture)"))
    expect(page.locator(".trial")).to_have_count(0)
    assert not wrong.get_by_role("button").is_visible()
    page.locator("[value=colours]").uncheck(force=True)
    page.locator("[value=emotion]").uncheck(force=True)
    drop(page, "x.png", b"1")
    expect(wrong).to_contain_text("Choose at least one annotator")


def test_too_many_waiting_can_be_tried_again(page: Page, stranger: Path) -> None:
    refused: list[bool] = []

    def once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(True)
            problem = {"status": 503, "title": "Service Unavailable", "detail": "Too many pictures are being tried."}
            route.fulfill(status=503, json=problem, content_type="application/problem+json")

    page.route("**/api/annotate", once)
    page.goto("/try")
    choose(page, stranger)
    expect(page.locator(".try-wrong span")).to_have_text("orange.png: Too many pictures are being tried.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("svg.cloud")).to_have_count(1)
    assert not page.locator(".try-wrong").is_visible()
    page.problems.clear()  # type: ignore[attr-defined]


def test_names_and_drawings_stay_text(page: Page, stranger: Path) -> None:
    evil = '<img src="x" onerror="alert(1)">'
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script>'
        '<a href="javascript:alert(1)"><text>word</text></a><foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/>'
        "</foreignObject></svg>"
    )
    tag = {"name": evil, "score": 0.9, "source": "colours", "shown": True}
    image = {"path": "a", "tags": [tag], "error": None, "known": None}
    page.route(
        "**/api/annotate", lambda route: route.fulfill(json={"images": [image], "similar": None, "cloud": drawn})
    )
    page.goto("/try")
    drop(page, evil + ".png", stranger.read_bytes())
    expect(page.locator(".trial h2")).to_have_text(evil + ".png")
    expect(page.locator(".bars a").first).to_have_text(evil)
    left = page.locator(".trial-cloud svg").evaluate("(svg) => svg.outerHTML")
    assert not re.search(r"script|foreign|onload", left)
    assert "word" in left
    page.problems.clear()  # type: ignore[attr-defined]  # the policy forbids the handler already while it is parsed


def test_the_keyboard_is_enough(page: Page, stranger: Path) -> None:
    choosers: list[FileChooser] = []
    # From the start: one that is waited for later may have come already.
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.goto("/try")
    page.locator("#main").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#try-file")).to_be_focused()
    page.keyboard.press("Enter")
    wait_for(page, choosers, 1)
    choosers[0].set_files(stranger)
    expect(page.get_by_role("heading", name="orange.png")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Remove orange.png")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="red").first).to_be_focused()
    box = page.locator("[value=emotion]")
    box.focus()
    page.keyboard.press("Space")
    again = page.get_by_role("button", name="Tag again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator("svg.cloud")).to_have_count(2)
    expect(page.get_by_role("heading", name="orange.png").first).to_be_focused()
    page.keyboard.press("o")
    wait_for(page, choosers, 2)


def wait_for(page: Page, choosers: list[FileChooser], number: int) -> None:
    """Until so many choosers of files have opened."""
    wait_until(lambda: len(choosers) == number, pause=lambda: page.wait_for_timeout(20))


def test_broken_plugins_are_named(page: Page) -> None:
    page.goto("/try")
    expect(page.locator(".annotators-choice")).to_contain_text(
        "lame cannot be used: ImportError: no module named 'missing'"
    )


def test_it_fits_a_phone(page: Page, stranger: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/try")
    choose(page, stranger)
    expect(page.locator(".strip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#try-camera").get_attribute("accept") == "image/*"


def test_it_works_without_script(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI, stranger: Path
) -> None:
    context = browser.new_context(base_url=serve(app), java_script_enabled=False)
    plain_page = context.new_page()
    plain_page.set_default_timeout(PATIENCE * 1000)
    plain_page.goto("/try")
    plain_page.locator("#try-file").set_input_files(stranger)
    plain_page.get_by_role("button", name="Tag it").click()
    expect(plain_page.locator(".trial h2")).to_have_text("orange.png")
    expect(plain_page.locator(".said").first).to_contain_text("red")
    assert plain_page.locator(".strip li").count() == 6
    assert plain_page.locator("svg.cloud text").count() > 1
    context.close()


def test_a_form_without_a_picture_is_told(client: TestClient) -> None:
    answer = client.post("/try", files={"other": ("a.png", b"x")})
    assert answer.status_code == 422
    assert "<h1>" in answer.text
