"""docs/api.md says what is so, the OpenAPI document says all of it, and its page works."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Page

from imsearch.library import Library
from imsearch.webui.app import create_app
from imsearch.webui.indexing import Indexing
from imsearch.webui.picking import Picker
from tests.test_docs import text_of
from tests.webui.test_trying import picture

SERVER = "http://localhost:8000"
PROBLEM = "application/problem+json"


@dataclass
class Call:
    """One example: a call of curl, and what the page says it prints."""

    address: str = ""
    method: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    form: list[tuple[str, str]] = field(default_factory=list)
    shown: Any = None

    @property
    def path(self) -> str:
        return urlsplit(self.address).path


def parse(command: str, output: str) -> Call:
    call = Call(shown=json.loads(output) if output.strip() else None)
    words = iter(shlex.split(command))
    for word in words:
        if word in ("-X", "-o", "-r", "-F", "--json"):
            value = next(words)
        if word == "-X":
            call.method = value
        elif word == "-r":
            call.headers["Range"] = f"bytes={value}"
        elif word == "-F":
            name, _, content = value.partition("=")
            call.form.append((name, content))
        elif word == "--json":
            call.body = json.loads(value)
        elif word != "-o":
            call.address = word
    assert call.address.startswith(f"{SERVER}/api/"), command
    call.method = call.method or ("POST" if call.body or call.form else "GET")
    return call


def examples() -> Iterator[Call]:
    for block in re.findall(r"```console\n(.*?)```", text_of("api.md"), re.DOTALL):
        for command, output in re.findall(r"^\$ curl ([^\n]+)\n((?:[^$][^\n]*\n)*)", block, re.MULTILINE):
            yield parse(command, output)


HOME = "/home/ada"
"""In the examples the home of a user, which has a folder Pictures."""


@pytest.fixture
def client(library: Library, photos: Path) -> Iterator[TestClient]:
    """On the very computer of the server, whose user keeps pictures in their home."""
    photos.with_name("Pictures").mkdir()
    app = create_app(library, picker=Picker(library.scratch, usual=lambda: [photos.parent]))
    with TestClient(app, base_url=SERVER, client=("127.0.0.1", 5), raise_server_exceptions=False) as opened:
        yield opened


def send(client: TestClient, call: Call, home: Path) -> Any:
    call = replace(call, address=call.address.replace(HOME, str(home)))
    if isinstance(call.body, dict) and "path" in call.body:
        call.body = {"path": call.body["path"].replace(HOME, str(home))}
    files = [(name, (content[1:], picture())) for name, content in call.form if content.startswith("@")]
    data = {name: content for name, content in call.form if not content.startswith("@")}
    more: dict[str, Any] = {"files": files, "data": data} if files else {}
    if call.body is not None:
        more["json"] = call.body
    return client.request(call.method, call.address, headers=call.headers, **more)


def fits(shown: Any, real: Any) -> bool:
    """Whether the answer has the members that the page shows, of the same kinds; it may have more."""
    if isinstance(shown, dict):
        return isinstance(real, dict) and all(name in real and fits(shown[name], real[name]) for name in shown)
    if isinstance(shown, list):
        return isinstance(real, list) and (not shown or not real or fits(shown[0], real[0]))
    return shown is None or real is None or isinstance(real, type(shown)) or {type(shown), type(real)} == {int, float}


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """By method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def pattern(path: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/api/openapi.json").json())


def test_the_examples_run(
    client: TestClient, document: dict[str, Any], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Indexing, "_spawn", lambda *_: None)
    paths = [pattern(path) for _, path in operations(document)]
    calls = list(examples())
    assert len(calls) > 25
    for call in calls:
        if not any(re.fullmatch(path, call.path) for path in paths):
            pytest.fail(f"There is no {call.method} {call.path}")
        answer = send(client, call, photos.parent)
        what = f"{call.method} {call.address}: {answer.status_code} {answer.text[:300]}"
        if call.shown and "status" in call.shown:
            assert answer.json() == call.shown, what
            assert answer.headers["content-type"] == PROBLEM
        elif call.method == "DELETE":
            assert answer.status_code == 409, what  # there is no run to stop
        else:
            assert answer.is_success, what
            assert call.shown is None or fits(call.shown, answer.json()), what


def test_every_operation_has_an_example(document: dict[str, Any]) -> None:
    calls = list(examples())
    for method, path in operations(document):
        found = [call for call in calls if call.method == method and re.fullmatch(pattern(path), call.path)]
        assert found, f"docs/api.md has no example of {method} {path}"


def test_the_document_is_complete(document: dict[str, Any], app: FastAPI) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "imsearch"
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    known = {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])
    names = []
    for (method, path), operation in operations(document).items():
        where = f"{method} {path}"
        names.append(operation["operationId"])
        assert operation["summary"], where
        assert operation["description"], where
        assert set(operation["tags"]) <= known, where
        for status, response in operation["responses"].items():
            assert response["description"], f"{where} {status}"
            if status >= "400":
                assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}, where
    assert len(names) == len(set(names))


def test_examples_in_the_document_fit_their_schemas(document: dict[str, Any]) -> None:
    checked = 0
    for name, schema in document["components"]["schemas"].items():
        for member, part in schema.get("properties", {}).items():
            whole = {**part, "components": document["components"]}
            for example in part.get("examples", ()):
                assert jsonschema_rs.is_valid(whole, example), f"{name}.{member}: {example!r}"
                checked += 1
    assert checked > 10


def test_the_page_of_the_api(page: Page) -> None:
    page.goto("/api/docs")
    page.locator("#operations-tags-tags").wait_for()  # it is a large script
    page.locator("#operations-tags-tags .opblock-summary").click()
    page.get_by_role("button", name="Execute").click()
    answer = page.locator("#operations-tags-tags .live-responses-table")
    answer.get_by_text("200", exact=True).first.wait_for()
    assert '"red"' in answer.inner_text()
    light = page.evaluate("getComputedStyle(document.querySelector('.opblock-tag')).color")
    page.get_by_role("button", name="Light or dark").click()
    page.wait_for_function(
        "light => getComputedStyle(document.querySelector('.opblock-tag')).color !== light", arg=light
    )


def test_the_page_of_the_api_has_its_own_policy(client: TestClient) -> None:
    policy = client.get("/api/docs").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self' 'unsafe-inline';" in policy
    assert client.get("/api/docs/swagger-ui.css").headers["content-type"].startswith("text/css")
    assert client.get("/api/docs/favicon-32x32.png").json()["detail"] == "There is no favicon-32x32.png here."
