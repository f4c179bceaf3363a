"""The token: how it is kept, who gets in with it, and how guessing it ends."""

from __future__ import annotations

import json
import logging
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from hmac import compare_digest
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from playwright.sync_api import Browser, Page, expect

from imsearch.errors import LibraryError
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui import access as module
from imsearch.webui.access import FILE_NAME, Access
from imsearch.webui.app import create_app
from imsearch.webui.gate import safe_next
from imsearch.webui.hosts import Hosts
from imsearch.webui.problems import Problem
from imsearch.webui.rates import Rates
from tests.webui.conftest import chromium, fake_plugins
from tests.webui.test_security import requests_of

OURS = "http://localhost:8000"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """An empty one, which takes no time to make."""
    settings = Settings(library=tmp_path_factory.mktemp("access") / "library", semantic="off", device="cpu")
    Library.open(settings=settings, create=True).close()
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path)


@pytest.fixture
def token(access: Access) -> str:
    made = access.ensure_token()
    assert made is not None
    return made


@pytest.fixture
def app(library: Library, access: Access, token: str) -> FastAPI:
    """An application that asks for the token."""
    return create_app(library, access=access, hosts=Hosts(["attic"]))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=OURS, raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


def sign_in(client: TestClient, token: str, **more: str) -> Any:
    return client.post("/login", data={"token": token, **more})


# -- the file


def test_only_a_hash_is_kept_for_the_owner_alone(access: Access, token: str, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    assert len(token) == 43
    assert token not in file.read_text()
    assert json.loads(file.read_text()).keys() == {"token_sha256", "secret", "ended"}
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_the_token_is_told_once(access: Access, token: str, tmp_path: Path) -> None:
    assert access.ensure_token() is None
    assert Access(tmp_path).ensure_token() is None
    access.check_token(token, "1.2.3.4")
    access.check_token(f" {token}\n", "1.2.3.4")  # as it is pasted


def test_a_new_token_ends_all_sessions_also_in_servers_that_run(client: TestClient, token: str, tmp_path: Path) -> None:
    sign_in(client, token)
    assert client.get("/api/status").status_code == 200
    newer = Access(tmp_path).ensure_token(new=True)
    assert newer not in (None, token)
    assert client.get("/api/status").status_code == 401
    assert sign_in(client, token).status_code == 401
    assert sign_in(client, str(newer)).status_code == 303
    assert client.get("/api/status").status_code == 200


@pytest.mark.parametrize("content", [None, "", "[]", '{"token_sha256": "", "secret": "", "ended": {}}', "\xff"])
def test_without_a_whole_file_nobody_gets_in(
    client: TestClient, token: str, tmp_path: Path, content: str | None
) -> None:
    sign_in(client, token)
    if content is None:
        (tmp_path / FILE_NAME).unlink()
    else:
        (tmp_path / FILE_NAME).write_text(content, "latin-1")
    assert client.get("/api/status").status_code == 401
    assert client.get("/api/status", headers={"Authorization": "Bearer "}).status_code == 401
    assert sign_in(client, "").status_code == 401
    assert client.post("/logout").headers["location"] == "/login"


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="The token cannot be kept in"):
        Access(tmp_path / "missing").ensure_token()


# -- the gate


def test_nothing_but_signing_in_is_open(app: FastAPI, client: TestClient) -> None:
    for method, path in requests_of(app):
        answer = client.request(method, path)
        if path == "/login":
            assert answer.status_code == (401 if method == "POST" else 200)
        elif path.startswith("/static/"):
            assert answer.status_code in (200, 404)
        elif path.startswith("/api/"):
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert answer.headers["content-type"] == "application/problem+json"
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/login")


def test_signing_in_leads_to_the_page_that_was_asked_for(client: TestClient, token: str) -> None:
    asked = client.get("/tags?prefix=a%26b&by=user")
    assert asked.headers["location"] == "/login?next=/tags%3Fprefix%3Da%2526b%26by%3Duser"
    form = client.get(asked.headers["location"])
    (next,) = re.findall('name="next" value="([^"]*)"', form.text)
    assert next == "/tags?prefix=a%26b&amp;by=user"
    done = sign_in(client, token, next=next.replace("&amp;", "&"))
    assert (done.status_code, done.headers["location"]) == (303, "/tags?prefix=a%26b&by=user")
    assert client.get("/").headers.get("location") is None
    assert "You are signed in" in client.get("/login").text


@pytest.mark.parametrize(
    "address",
    [
        *("//evil.example", "/\\evil.example", "\\\\evil.example", "http://evil.example", "https:evil.example"),
        *("javascript:alert(1)", "/\t/evil.example", "/\n/evil", "\t//evil", " //evil", "evil.example", "", "/\x00"),
    ],
)
def test_signing_in_leads_to_no_other_site(client: TestClient, token: str, address: str) -> None:
    assert safe_next(address) == "/"
    assert 'name="next" value="/"' in client.get("/login", params={"next": address}).text
    assert sign_in(client, token, next=address).headers["location"] == "/"


def test_programs_show_the_token(client: TestClient, token: str) -> None:
    for scheme in ("Bearer", "bearer"):
        assert client.get("/api/status", headers={"Authorization": f"{scheme} {token}"}).status_code == 200
    for wrong in (f"Basic {token}", token, "Bearer", "Bearer wrong", f"Bearer {token}x"):
        assert client.get("/api/status", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/api/status", params={"token": token}).status_code == 401


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_for_this_server_only(app: FastAPI, token: str, scheme: str, secure: bool) -> None:
    with TestClient(app, base_url=f"{scheme}://attic", follow_redirects=False) as client:
        cookie = sign_in(client, token).headers["set-cookie"]
    name, *flags = cookie.split("; ")
    assert re.match(r"imsearch_[0-9a-f]{8}=", name) and token not in cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=2592000"} <= set(flags)
    assert ("Secure" in flags) is secure


def test_signing_out_ends_the_session_for_copies_of_the_cookie_too(app: FastAPI, token: str) -> None:
    with TestClient(app, base_url=OURS, follow_redirects=False) as one, TestClient(app, base_url=OURS) as thief:
        sign_in(one, token)
        thief.cookies.update(one.cookies)
        assert thief.get("/api/status").status_code == 200
        assert one.post("/logout").headers["location"] == "/login"
        assert len(one.cookies) == 0
        assert thief.get("/api/status").status_code == 401
        sign_in(one, token)  # another session, which the end of the first does not touch
        assert thief.post("/logout").status_code == 200
        assert one.get("/api/status").status_code == 200


def test_sessions_end_after_a_month(access: Access, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = access.begin_session()
    assert access.session({name: value}) is not None
    now = TimestampSigner("x").get_timestamp()
    for days, lasts in ((29, True), (31, False)):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self, days=days: now + days * 86400)
        assert (access.session({name: value}) is not None) is lasts


def test_cookies_that_we_did_not_make_are_worth_nothing(access: Access, token: str, tmp_path: Path) -> None:
    name, value = access.begin_session()
    (tmp_path / "other").mkdir()
    other = Access(tmp_path / "other")
    other.ensure_token()
    _, foreign = other.begin_session()
    changed = value[:3] + ("A" if value[3] != "A" else "B") + value[4:]
    for forged in ("", "x", ".", changed, foreign, value + "x", "\xff"):
        assert access.session({name: forged}) is None
    assert access.session({"imsearch_00000000": value}) is None


# -- guessing


def test_guessing_is_stopped_and_then_even_the_token_waits(client: TestClient, token: str) -> None:
    assert [sign_in(client, f"guess {n}").status_code for n in range(6)] == [401] * 5 + [429]
    stopped = sign_in(client, token)
    assert stopped.status_code == 429
    assert 50 <= int(stopped.headers["retry-after"]) <= 60
    assert "Try again in" in stopped.text
    assert client.get("/api/status", headers={"Authorization": f"Bearer {token}"}).status_code == 429


def test_sessions_go_on_while_somebody_guesses(app: FastAPI, token: str) -> None:
    with TestClient(app, base_url=OURS) as one, TestClient(app, base_url=OURS) as other:
        sign_in(one, token)
        for n in range(6):
            other.get("/api/status", headers={"Authorization": f"Bearer {n}"})
        assert sign_in(other, token).status_code == 429
        assert one.get("/api/status").status_code == 200


def test_many_guesses_at_once_do_not_slip_through(access: Access, token: str) -> None:
    told: list[int] = []

    def guess() -> None:
        try:
            access.check_token("wrong", "1.2.3.4")
        except Problem as problem:
            told.append(problem.status)

    threads = [threading.Thread(target=guess) for _ in range(40)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(told) == [401] * 5 + [429] * 35


def test_addresses_are_counted_apart_and_together() -> None:
    rates = Rates(wrong=2, wrong_of_all=5, requests=3)
    for client in ("1.1.1.1", "1.1.1.1", "2001:db8::1", "2001:db8::2", "1.1.1.2"):
        rates.check_wrong(client)
        rates.count_wrong(client)
    for client in ("1.1.1.1", "2001:db8::ffff", "9.9.9.9"):  # the last by what all did together
        with pytest.raises(Problem) as raised:
            rates.check_wrong(client)
        assert raised.value.status == 429
    for _ in range(3):
        rates.count_request("1.1.1.1")
    rates.count_request("::ffff:1.1.1.2")
    with pytest.raises(Problem):
        rates.count_request("1.1.1.1")


def test_requests_from_other_devices_are_counted(library: Library, tmp_path: Path) -> None:
    access = Access(tmp_path, Rates(requests=3))
    token = access.ensure_token()
    app = create_app(library, access=access)
    headers = {"Authorization": f"Bearer {token}"}
    for address, last in (("192.168.1.7", 429), ("127.0.0.1", 200)):
        with TestClient(app, base_url=OURS, client=(address, 5000), headers=headers) as client:
            found = [client.get("/api/status").status_code for _ in range(5)]
            assert (found[:3], found[-1]) == ([200] * 3, last)


def test_what_needs_a_token_stays_out_of_shared_caches(app: FastAPI, client: TestClient, token: str) -> None:
    @app.get("/api/kept")
    def kept() -> PlainTextResponse:
        return PlainTextResponse("", headers={"Cache-Control": "public, max-age=60, immutable"})

    sign_in(client, token)
    assert client.get("/api/kept").headers["cache-control"] == "private, max-age=60, immutable"
    assert "no-store" in client.get("/login").headers["cache-control"]


def test_the_token_is_in_no_log(client: TestClient, token: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        sign_in(client, token)
        client.get("/api/status", headers={"Authorization": f"Bearer {token}"})
        sign_in(client, "wrong")
    assert token not in caplog.text


def test_the_comparison_takes_the_same_time_for_all(
    access: Access, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(a: str, b: str) -> bool:
        compared.append((a, b))
        return compare_digest(a, b)

    monkeypatch.setattr(module, "compare_digest", compare)
    access.check_token(token, "")
    assert [len(each) for each in compared[0]] == [64, 64]


def test_without_a_token_there_is_nothing_to_sign_in_to(library: Library) -> None:
    with TestClient(create_app(library), base_url=OURS, follow_redirects=False) as client:
        for answer in (client.get("/login?next=/tags"), client.post("/login", data={"token": "x", "next": "/tags"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/tags")
        assert client.post("/logout").headers["location"] == "/"
        assert "Sign out" not in client.get("/none").text


# -- in a browser


@pytest.fixture
def far(browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI) -> Iterator[Page]:
    """A page under a name that is no loopback's: there browsers do not say Sec-Fetch-Site, and trust less."""
    port = serve(app).rpartition(":")[2]
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP attic 127.0.0.1"]
    launched = browser.browser_type.launch(executable_path=chromium(), args=arguments)
    opened = launched.new_page(base_url=f"http://attic:{port}")
    opened.set_default_timeout(10_000)
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
