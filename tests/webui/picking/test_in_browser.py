"""Adding a folder in a browser: with the keyboard, and while the page is open."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from imsearch.library import Library
from tests.make_pictures import plain
from tests.patience import PATIENCE
from tests.webui.conftest import fake_plugins


def test_the_first_folder_is_added_with_keys_and_the_page_fills_itself(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI
) -> None:
    page: Page = browser.new_page(base_url=serve(app))
    page.set_default_timeout(PATIENCE * 1000)
    page.goto("/")
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    command = page.locator("[data-copy]")
    expect(command).to_have_text(re.compile(r"^imsearch index --library \S+/library ~/Pictures$"))
    page.get_by_role("button", name="Choose a folder").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Pictures 12 pictures")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("button", name="home").last).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("button", name="Documents")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("Pictures: 12 pictures")
    page.keyboard.press("Backspace")
    expect(dialog.get_by_role("button", name="Pictures 12 pictures")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Add this folder").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".hit")).to_have_count(12)
    expect(page.get_by_role("heading", name="12 pictures")).to_be_visible()
    page.close()


def test_new_pictures_appear_and_nothing_moves_under_ones_eyes(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI, empty: Library, home: Path
) -> None:
    def index() -> None:
        with Library.open(settings=empty.settings, write=True, plugins=fake_plugins()) as writing:
            writing.runs.index([home / "Pictures"])

    index()
    page: Page = browser.new_page(base_url=serve(app))
    page.set_default_timeout(PATIENCE * 1000)
    page.goto("/")
    expect(page.locator(".hit")).to_have_count(12)
    kept = page.locator(".hit").last.evaluate("each => { each.mark = 1; return each.id; }")
    plain(home / "Pictures" / "new.png", (200, 0, 9))
    index()
    expect(page.locator(".hit")).to_have_count(13)
    expect(page.get_by_role("heading", name="13 pictures")).to_be_visible()
    assert page.locator(f"#{kept}").evaluate("each => each.mark") == 1  # the very same
    page.locator(".shot").first.focus()
    (home / "Pictures" / "new.png").unlink()
    plain(home / "Pictures" / "newer.png", (0, 200, 9))
    index()
    page.get_by_role("button", name="Show new pictures").click()
    expect(page.get_by_role("button", name="Show new pictures")).to_have_count(0)
    page.close()
