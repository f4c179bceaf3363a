"""Who may ask for what, and what browsers are told to do with the answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access
from imsearch.webui.guard.hosts import Hosts, host_name, is_loopback
from imsearch.webui.guard.security import CONTENT_SECURITY_POLICY, HEADERS, READING
from tests.webui.conftest import fake_plugins

OURS = "http://localhost:8000"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """An empty one, which takes no time to make."""
    settings = Settings(library=tmp_path_factory.mktemp("security") / "library", semantic="off", device="cpu")
    Library.open(settings=settings, create=True).close()
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


def requests_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """A method and an address for every route of the application."""
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{[^}]*\}", "1", route.path or "")
        methods = getattr(route.route, "methods", None) or {"GET"}
        yield from ((method, path) for method in sorted(methods))
    yield from (("GET", "/static/base.css"), ("GET", "/static/none"), ("GET", "/none"), ("GET", "/api/none"))


# -- names


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:8000", "127.8.8.8", "[::1]", "[::1]:9000"]
)
def test_loopback_names_are_ours_on_any_port(client: TestClient, host: str) -> None:
    assert client.get("/api/none", headers={"Host": host}).status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "evil-localhost", "localhost@evil.example", "192.168.1.5:8000"),
        *("", " ", ":8000", "localhost:x", "localhost:99999", "localhost:80:80", "[::1", "::1", "[evil]", "[1.2.3.4]"),
        *("localhost#evil", "localhost/evil", "local\xe9host", "127.0.0.1,evil", "[::]", "0.0.0.0", "2130706433"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/status", "/login"])
def test_other_hosts_are_refused(client: TestClient, host: str, path: str) -> None:
    answer = client.get(path, headers={b"Host": host.encode("latin-1")})
    assert answer.status_code == 421
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_the_refusal_says_how_to_allow_a_name(client: TestClient) -> None:
    answer = client.get("/api/status", headers={"Host": "photos.lan:8000"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith("allow it: imsearch serve --allow-host photos.lan")
    page = client.get("/", headers={"Host": "photos.lan:8000"})
    assert "<h1>Unknown host name</h1>" in page.text
    assert client.get("/static/base.css", headers={"Host": "photos.lan:8000"}).status_code == 200


def test_two_hosts_are_none(client: TestClient) -> None:
    assert client.get("/", headers=[("Host", "localhost"), ("Host", "evil.example")]).status_code == 421


def test_the_machine_goes_by_its_names_and_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "attic.home")
    hosts = Hosts.of("0.0.0.0", ["Photos.Example"])
    for name in ("attic.home", "ATTIC:8000", "attic.local", "192.168.1.5:8000", "[fe80::1]", "photos.example:443"):
        assert hosts.know(name), name
    for name in ("home", "attic.evil", "evil.example", "photos.example.evil", "1.2.3.4.evil"):
        assert not hosts.know(name), name


def test_a_loopback_server_knows_no_addresses_of_the_network() -> None:
    assert not Hosts.of("::1", ["photos.example"]).know("192.168.1.5")
    assert Hosts.of("::1", ["photos.example"]).know("photos.example")
    assert not Hosts.of("localhost").know("photos.example")


def test_names_and_addresses_are_told_apart() -> None:
    assert [host_name(each) for each in ("A.b:1", "[::1]:2", "[x]", "a b")] == ["a.b", "::1", None, None]
    assert [is_loopback(each) for each in ("127.9.9.9", "::1", "[::1]", "LocalHost", "0.0.0.0", "::", "attic")] == (
        [True] * 4 + [False] * 3
    )


# -- origins


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({}, True),  # curl, scripts
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),  # another port of this host
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OURS}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, False),
        ({"Sec-Fetch-Site": "rubbish"}, False),
        ({"Origin": OURS}, True),
        ({"Origin": "https://localhost:8000"}, True),  # a proxy speaks https with the browser
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost:8001"}, False),
        ({"Origin": "http://127.0.0.1:8000"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost:8000.evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_only_our_own_pages_change_something(
    client: TestClient, method: str, said: dict[str, str], allowed: bool
) -> None:
    answer = client.request(method, "/api/none", headers=said)
    assert (answer.status_code == 403) is not allowed
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_second_header_cannot_hide_the_first(client: TestClient) -> None:
    for name, good, bad in (("Sec-Fetch-Site", "same-origin", "cross-site"), ("Origin", OURS, "http://evil.example")):
        assert client.post("/api/none", headers=[(name, bad), (name, good)]).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    ("mode", "to", "allowed"),
    [
        ("navigate", "document", True),  # a link
        ("navigate", "iframe", False),
        ("no-cors", "image", False),
        ("no-cors", "script", False),
        ("cors", "empty", False),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/api/openapi.json", "/static/base.css"])
def test_other_sites_may_link_here_and_nothing_else(
    client: TestClient, site: str, mode: str, to: str, allowed: bool, path: str
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": to}
    answer = client.get(path, headers=headers, follow_redirects=False)
    assert (answer.status_code == 403) is not allowed


def test_other_sites_read_nothing_where_browsers_do_not_say_sec_fetch(client: TestClient) -> None:
    assert client.get("/api/openapi.json", headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.get("/api/openapi.json", headers={"Origin": OURS}).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"])
def test_a_proxy_without_a_token_lets_nobody_in(library: Library, client: TestClient, header: str) -> None:
    refused = client.get("/api/openapi.json", headers={header: "for=192.168.1.5"})
    assert refused.status_code == 403
    assert "imsearch serve --token" in refused.json()["detail"]
    with TestClient(create_app(library, access=Access(library.scratch)), base_url=OURS) as guarded:
        assert guarded.get("/login", headers={header: "192.168.1.5"}).status_code == 200


# -- headers


def test_every_answer_carries_the_headers(app: FastAPI, client: TestClient) -> None:
    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError("on purpose")

    asked = list(requests_of(app))
    assert ("POST", "/login") in asked and ("GET", "/fails") in asked
    for method, path in asked:
        answer = client.request(method, path, follow_redirects=False)
        for name in HEADERS:
            assert name in answer.headers, (method, path, name)
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "script-src 'unsafe" not in policy and "*" not in policy, (method, path)
    assert client.get("/fails").status_code == 500
    assert client.get("/none").headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert client.get("/none").headers["cross-origin-opener-policy"] == "same-origin"


def test_a_route_may_have_a_policy_of_its_own(app: FastAPI, client: TestClient) -> None:
    @app.get("/own")
    def own() -> PlainTextResponse:
        return PlainTextResponse("", headers={"Content-Security-Policy": "sandbox; default-src 'none'"})

    assert client.get("/own").headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_what_browsers_would_complain_of_is_left_out(library: Library) -> None:
    with TestClient(create_app(library, hosts=Hosts(["attic"])), base_url="http://attic:8000") as client:
        assert "cross-origin-opener-policy" not in client.get("/none").headers
    with TestClient(create_app(library, hosts=Hosts(["attic"])), base_url="https://attic:8000") as client:
        assert client.get("/none").headers["cross-origin-opener-policy"] == "same-origin"


def test_reading_changes_nothing(
    app: FastAPI, client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[object] = []
    for module in ("local.files", "embedded.home"):
        name = f"imsearch.engine.stores.{module}.WriteLock"
        monkeypatch.setattr(name, lambda *folder, **wait: taken.append(folder))
    before = library.health.status().generation
    for method, path in requests_of(app):
        if method in READING:
            client.request(method, path, params={"q": "red"}, follow_redirects=False)
    assert taken == []
    assert library.health.status().generation == before
    changes = ("corrections", "undo", "rename", "merge", "logout")
    assert [path for method, path in requests_of(app) if method in READING and path.endswith(changes)] == []


# -- compression


def test_only_text_for_other_devices_is_compressed(app: FastAPI) -> None:
    @app.get("/api/long")
    def long() -> JSONResponse:
        return JSONResponse(["word"] * 1000)

    @app.get("/api/picture")
    def picture() -> PlainTextResponse:
        return PlainTextResponse("x" * 5000, media_type="image/tiff")

    for address, encoding in (("192.168.1.5", "gzip"), ("127.0.0.1", None), ("::1", None)):
        with TestClient(app, base_url=OURS, client=(address, 5000)) as client:
            answer = client.get("/api/long")
            assert answer.json() == ["word"] * 1000
            assert answer.headers.get("content-encoding") == encoding
            assert "content-encoding" not in client.get("/api/picture").headers
            assert "content-encoding" not in client.get("/api/none").headers


def test_the_page_on_safety_names_tests_that_there_are() -> None:
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "web.md").read_text("utf-8")))
    written = "".join(path.read_text("utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert len(named) > 15
    assert {name for name in named if f"def {name}(" not in written} == set()
