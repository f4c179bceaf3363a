"""Every page is judged by axe: no finding that is serious or critical, in both themes and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, ViewportSize, expect

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.picking import Picker
from tests.patience import PATIENCE
from tests.webui.conftest import fake_plugins

DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
PAGES = (
    "/",
    "/?q=red",
    "/?q=red%20-green&all=1",
    "/?q=nothing-of-the-kind",
    "/?q=date:2023-15",
    "/picture/1",
    "/picture/1?q=red",
    "/picture/999",
    "/tags",
    "/tags?sort=count&q=re",
    "/tags?q=zzz",
    "/tags?by=user",
    "/try",
    "/review",
    "/review?word=red",
    "/status",
    "/status/failures",
    "/login",
    "/nothing",
    "/api/docs",
)


def findings(page: Page) -> list[str]:
    """What axe finds serious or critical: the rule, and where."""
    # Swagger UI, in the reference of the API, is not ours to mend.
    found = Axe().run(page, {"exclude": [["#reference"]]}).response["violations"]
    return [
        f"{each['impact']} {each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.fixture
def library(library: Library, photos: Path) -> Library:
    """With changes and tags to show."""
    library.tags.correct([1], ["dog", "traffic light", "emotion:happy"], Verdict.ADD, exact=True)
    library.tags.correct([2], ["red"], Verdict.REJECT)
    return library


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)])
def test_no_page_has_a_serious_finding(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI, theme: str, viewport: ViewportSize
) -> None:
    context = browser.new_context(
        base_url=serve(app),
        viewport=viewport,
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found = {}
    for address in PAGES:
        page.goto(address)
        if problems := findings(page):
            found[address] = problems
    context.close()
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nor_has_what_opens_on_them(page: Page, photos: Path, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    page.goto("/try")
    page.locator("#try-file").set_input_files(photos / "red.png")
    expect(page.locator(".strip")).to_be_visible()
    page.locator(".said summary").first.click()
    assert findings(page) == []
    page.locator("#try-file").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no picture"})
    expect(page.locator(".try-wrong")).to_be_visible()
    assert findings(page) == []
    page.goto("/tags")
    page.get_by_role("button", name="Change red").click()
    page.get_by_label("Rename, or merge into another tag").fill("green")
    assert findings(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert findings(page) == []
    page.goto("/status")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_nor_have_the_pages_of_an_empty_library(
    browser: Browser,
    serve: Callable[[FastAPI], str],
    settings: Settings,
    photos: Path,
    theme: Literal["light", "dark"],
    viewport: ViewportSize,
) -> None:
    Library.open(settings=settings, create=True).close()
    with Library.open(settings=settings, plugins=fake_plugins()) as library:
        picker = Picker(library.scratch, usual=lambda: [photos.parent])
        page = browser.new_page(
            base_url=serve(create_app(library, picker=picker)),
            viewport=viewport,
            color_scheme=theme,
            reduced_motion="reduce",
        )
        page.set_default_timeout(PATIENCE * 1000)
        for address in ("/review", "/status", "/"):
            page.goto(address)
            assert findings(page) == [], address
        page.get_by_role("button", name="Choose a folder").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="photos")).to_be_visible()
        assert findings(page) == []
        dialog.get_by_role("button", name="photos").click()
        expect(dialog.get_by_role("button", name="Add this folder")).to_be_enabled()
        assert findings(page) == []
        page.close()
