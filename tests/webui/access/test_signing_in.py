"""Signing in and out in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from tests.patience import PATIENCE
from tests.webui.conftest import chromium


@pytest.fixture
def far(browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI) -> Iterator[Page]:
    """A page under a name that is no loopback's: there browsers do not say Sec-Fetch-Site, and trust less."""
    port = serve(app).rpartition(":")[2]
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP attic 127.0.0.1"]
    launched = browser.browser_type.launch(executable_path=chromium(), args=arguments)
    opened = launched.new_page(base_url=f"http://attic:{port}")
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    launched.close()


def test_signing_in_from_another_device(far: Page, token: str) -> None:
    complaints: list[str] = []
    sent: list[dict[str, str]] = []
    far.on("console", lambda message: complaints.append(message.text))
    far.on("request", lambda request: sent.append(request.headers))
    far.goto(f"/login?next=/login#{token}")
    expect(far.get_by_role("heading")).to_have_text("You are signed in")
    assert complaints == []
    assert not any("sec-fetch-site" in each for each in sent)
    far.get_by_role("button", name="Sign out").click()
    expect(far.get_by_role("heading")).to_have_text("Sign in")


def test_signing_in_and_out_in_a_browser(page: Page, token: str) -> None:
    page.goto("/none?q=1")
    expect(page).to_have_title("Sign in · imsearch")
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This is not the token.")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("Token")).to_have_attribute("type", "text")
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/none\?q=1$"))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · imsearch")
    page.goto("/none")
    expect(page).to_have_title("Sign in · imsearch")
    answered = [each for each in page.problems if "status of 40" not in each]  # type: ignore[attr-defined]
    page.problems[:] = answered  # type: ignore[attr-defined]


def test_the_printed_link_signs_in_and_leaves_no_trace(page: Page, token: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/login?next=/login#{token}")
    expect(page.get_by_role("heading")).to_have_text("You are signed in")
    assert token not in page.url and page.evaluate("history.length") <= 3
    assert not any(token in each for each in asked)
    page.goto(f"/login?next=/login#{token}")  # again: it is taken out of the address all the same
    expect(page).not_to_have_url(re.compile("#"))


def test_a_damaged_link_says_so(page: Page) -> None:
    page.goto("/login#%E0%A4%A")
    expect(page.get_by_role("alert")).to_have_text("This is not the token.")
    page.problems.clear()  # type: ignore[attr-defined]


def test_nothing_works_without_the_cookie_of_the_page(page: Page, token: str) -> None:
    page.goto(f"/login#{token}")
    page.wait_for_url(re.compile(r"/$"))
    page.context.clear_cookies()
    page.evaluate(  # without waiting for it: the page goes away meanwhile
        """() => { import(document.querySelector('script[src*="/base.js"]').src)
           .then((base) => base.call("GET", "/api/status")).catch(() => null); }"""
    )
    expect(page).to_have_url(re.compile(r"/login"))
    page.problems.clear()  # type: ignore[attr-defined]
