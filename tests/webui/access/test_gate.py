"""Who gets in with the token, and where that leads."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.webui.app import create_app
from imsearch.webui.guard.gate import safe_next
from tests.webui.test_security import requests_of

from .signing import OURS, sign_in


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


def test_without_a_token_there_is_nothing_to_sign_in_to(library: Library) -> None:
    with TestClient(create_app(library), base_url=OURS, follow_redirects=False) as client:
        for answer in (client.get("/login?next=/tags"), client.post("/login", data={"token": "x", "next": "/tags"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/tags")
        assert client.post("/logout").headers["location"] == "/"
        assert "Sign out" not in client.get("/none").text
