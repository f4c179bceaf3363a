"""Below a sub-path of a reverse proxy, which takes it off or does not, everything is as at the root."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from imsearch.errors import ImsearchError
from imsearch.library import Library
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access
from imsearch.webui.guard.forwarded import Forwarded
from imsearch.webui.guard.sub_path import OWN, parse_prefix
from tests.patience import PATIENCE

PREFIX = "/my/photos"
PAGES = (
    "/",
    "/?q=red",
    "/tags",
    "/try",
    "/review",
    "/status",
    "/status/failures",
    "/picture/1?q=red",
    "/a/b/c",
    "/api/docs",
)
TOLD = {"X-Forwarded-Prefix": PREFIX}


class Proxy:
    """Hands on what lies below the prefix.  takes_off: whether without it.  headers: added to each request."""

    def __init__(self, app: ASGIApp, takes_off: bool, headers: dict[str, str]) -> None:
        self._app, self._takes_off = app, takes_off
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path, raw = scope["path"], scope["raw_path"]
            if not path.startswith(PREFIX + "/") and path != PREFIX:
                await send({"type": "http.response.start", "status": 404, "headers": []})
                await send({"type": "http.response.body", "body": b"outside"})
                return
            if self._takes_off:
                path, raw = path.removeprefix(PREFIX), raw.removeprefix(PREFIX.encode())
            scope = {**scope, "path": path, "raw_path": raw, "headers": [*scope["headers"], *self._headers]}
        await self._app(scope, receive, send)


WAYS = pytest.mark.parametrize(
    ("prefix", "takes_off", "headers"),
    [
        pytest.param(PREFIX, False, {}, id="handed-on"),
        pytest.param(PREFIX, True, {}, id="taken-off"),
        pytest.param("", True, TOLD, id="told"),
        pytest.param("", False, TOLD, id="told-and-handed-on"),
    ],
)


@pytest.fixture
def proxied(library: Library, prefix: str, takes_off: bool, headers: dict[str, str]) -> Proxy:
    return Proxy(create_app(library, prefix=prefix), takes_off, headers)


@pytest.fixture
def client(proxied: Proxy) -> Iterator[TestClient]:
    with TestClient(proxied, base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def addresses(page: str, html: str) -> set[str]:
    """What a page refers to, as a browser would ask for it."""
    found = re.findall(r'\s(?:href|src|action|data-large|data-original|data-similar|data-document)="([^"#]+)', html)
    found += [each.split()[0] for each in re.findall(r'srcset="([^"]+)"', html)]
    whole = {urljoin(page, unescape(each)) for each in found}
    return {each for each in whole if not each.startswith(("http", "data:"))}


@WAYS
def test_every_address_of_every_page_leads_somewhere(client: TestClient) -> None:
    seen: set[str] = set()
    for path in PAGES:
        page = PREFIX + path
        found = addresses(page, client.get(page).text)
        assert len(found) > 10, path
        for address in found - seen:
            assert address.startswith(PREFIX + "/"), f"{path}: {address}"
            answer = client.get(address)
            assert answer.status_code in (200, 303, 405), f"{path}: {address}"  # 405: where forms are sent
            assert urljoin(address, answer.headers.get("location", ".")).startswith(PREFIX + "/"), f"{path}: {address}"
        seen |= found
    assert any("thumbnail" in each for each in seen) and any("original" in each for each in seen)


@WAYS
def test_parts_of_pages_fit_into_them(client: TestClient) -> None:
    for part in ("tags", "similar"):
        text = client.get(f"{PREFIX}/picture/1/{part}").text
        found = addresses(f"{PREFIX}/picture/1", text)
        assert found, part
        for address in found:
            assert client.get(address).status_code == 200, address
    found = addresses(f"{PREFIX}/", client.get(f"{PREFIX}/?part=facets").text)
    assert found
    for address in found:
        assert client.get(address).status_code == 200, address


@WAYS
def test_the_document_and_redirects_know_the_way(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/api/openapi.json").json()["servers"] == [{"url": PREFIX}]
    assert client.get(f"{PREFIX}/login").headers["location"] == f"{PREFIX}/"
    assert client.get(f"{PREFIX}/login?next=/tags").headers["location"] == f"{PREFIX}/tags"
    assert client.get(f"{PREFIX}/tags/").headers["location"] == f"{PREFIX}/tags"


def test_the_prefix_alone_leads_to_the_first_page(library: Library) -> None:
    client = TestClient(create_app(library, prefix=PREFIX), base_url="http://localhost", follow_redirects=False)
    assert client.get(f"{PREFIX}?q=red").headers["location"] == f"{PREFIX}/?q=red"
    assert client.get("/").status_code == 200  # where the proxy takes the prefix off


def test_signing_in_and_out_stays_below_the_prefix(library: Library) -> None:
    access = Access(library.scratch)
    token = access.ensure_token()
    app = create_app(library, access=access, prefix=PREFIX)
    client = TestClient(app, base_url="http://localhost", follow_redirects=False)
    asked = client.get(f"{PREFIX}/tags?by=user").headers["location"]
    assert asked == f"{PREFIX}/login?next=/tags%3Fby%3Duser"
    form = client.get(asked).text
    assert addresses(asked, form) >= {f"{PREFIX}/login"}
    # The address as the server knows it, and as the browser does.
    for next in ("/tags?by=user", f"{PREFIX}/tags?by=user"):
        answer = client.post(f"{PREFIX}/login", data={"token": token, "next": next})
        assert answer.headers["location"] == f"{PREFIX}/tags?by=user"
        assert f"Path={PREFIX}/" in answer.headers["set-cookie"]
    elsewhere = client.post(f"{PREFIX}/login", data={"token": token, "next": "//evil.example"})
    assert elsewhere.headers["location"] == f"{PREFIX}/"
    signed_out = client.post(f"{PREFIX}/logout")
    assert signed_out.headers["location"] == f"{PREFIX}/login" and f"Path={PREFIX}/" in signed_out.headers["set-cookie"]
    refused = TestClient(app, base_url="http://localhost").get(f"{PREFIX}/api/tags").json()["detail"]
    assert f"open {PREFIX}/login" in refused


@pytest.mark.parametrize(
    "said",
    [
        "//evil.example",
        "https://evil.example",
        "/..",
        "/a/../b",
        '/"><script>',
        "/a b",
        "/\\evil",
        "/a?b",
        "/a#b",
        "/" + "a" * 300,
        "/api",
        "/é",
        "/a,/b",
    ],
)
def test_a_prefix_that_is_no_plain_path_is_not_believed(library: Library, said: str) -> None:
    client = TestClient(create_app(library), base_url="http://localhost", follow_redirects=False)
    headers: Any = [("X-Forwarded-Prefix", said.encode())]
    answer = client.get("/login?next=/tags", headers=headers)
    assert answer.headers["location"] == "/tags"
    assert "servers" not in client.get("/api/openapi.json", headers=headers).json()
    with pytest.raises(ImsearchError):
        parse_prefix(said)


@pytest.mark.parametrize(
    ("given", "used"), [("", ""), ("/", ""), ("photos", "/photos"), ("/photos/", "/photos"), (PREFIX, PREFIX)]
)
def test_a_prefix_may_be_written_in_several_ways(given: str, used: str) -> None:
    assert parse_prefix(given) == used


def test_no_prefix_can_be_taken_for_an_address_of_ours(app: FastAPI) -> None:
    begins = {(route.path or "/").split("/")[1] for route in iter_route_contexts(app.routes)} - {""}
    assert begins <= OWN


@pytest.mark.parametrize(
    ("proxy", "client", "believed"),
    [
        (None, "127.0.0.1", True),
        (None, "192.168.1.9", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "127.0.0.1", False),
    ],
)
def test_only_the_proxy_is_believed(app: FastAPI, proxy: str | None, client: str, believed: bool) -> None:
    asking = TestClient(
        Forwarded(app, proxy),  # type: ignore[arg-type]
        base_url="http://localhost",
        client=(client, 1),
        follow_redirects=False,
    )
    location = asking.get("/login", headers=TOLD).headers["location"]
    assert location == (f"{PREFIX}/" if believed else "/")


@pytest.mark.parametrize("headers", [{}, TOLD], ids=["untold", "told"])
def test_pages_work_in_a_browser(
    browser: Browser, serve: Callable[[FastAPI], str], library: Library, headers: dict[str, str]
) -> None:
    """Even where nobody told the server below which path it lies."""
    address = serve(Proxy(create_app(library), True, headers))  # type: ignore[arg-type]
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    problems: list[str] = []
    page.on("response", lambda got: problems.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    look_around(page)
    assert problems == []
    assert [each["path"].rstrip("/") for each in context.cookies()] == [PREFIX]
    context.close()


def look_around(page: Page) -> None:
    """Use what scripts ask for by themselves."""
    page.goto(f"{PREFIX}/")
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("combobox").fill("re")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("combobox").fill("red")
    page.keyboard.press("Enter")
    page.locator(".shot").first.click()
    expect(page.locator(".similar img").first).to_be_visible()
    with page.expect_response("**/api/corrections"):
        page.get_by_role("button", name="Reject").first.click()
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{PREFIX}/?q=red*")
    page.get_by_role("link", name="Review").click()
    page.wait_for_url(f"**{PREFIX}/review*")
    expect(page.locator("[data-score]")).to_have_text(re.compile(r"\d+%"))
    with page.expect_response("**/api/corrections"):
        page.keyboard.press("y")
    page.get_by_role("link", name="Status").click()
    page.wait_for_url(f"**{PREFIX}/status*")  # the page before has a button for Undo as well
    with page.expect_response("**/api/undo"):
        page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Tags").first.click()
    page.wait_for_url(f"**{PREFIX}/tags*")
    page.get_by_role("link", name="green").first.click()
    page.wait_for_url(f"**{PREFIX}/?q=tag:green")
    page.goto(f"{PREFIX}/api/docs")
    page.locator("#operations-tags-tags .opblock-summary").click()
    page.get_by_role("button", name="Execute").click()
    page.locator("#operations-tags-tags .live-responses-table").get_by_text("200", exact=True).first.wait_for()
