"""Access to adding folders: only from this machine, and only where the settings leave it open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings, command_line
from imsearch.webui.app import create_app
from imsearch.webui.picking import Picker, picker_for
from tests.webui.conftest import fake_plugins
from tests.webui.picking.conftest import HERE


@pytest.mark.parametrize(
    ("client", "host", "headers"),
    [
        ("192.168.1.7", "localhost", {}),
        ("127.0.0.1", "localhost", {"X-Forwarded-For": "1.2.3.4"}),
        ("127.0.0.1", "localhost", {"X-Forwarded-Prefix": "/photos"}),
        ("127.0.0.1", "localhost", {"X-Real-IP": "1.2.3.4"}),
        ("127.0.0.1", "localhost", {"Via": "1.1 proxy"}),
        ("127.0.0.1", "localhost", {"Forwarded": "for=1.2.3.4"}),
        ("127.0.0.1", "attic.local", {}),
        ("127.0.0.1", "localhost", {"Origin": "https://evil.example"}),
        ("127.0.0.1", "localhost", {"Sec-Fetch-Site": "cross-site"}),
        ("127.0.0.1", "localhost", {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_only_this_very_machine_may_ask(
    app: FastAPI, home: Path, client: str, host: str, headers: dict[str, str]
) -> None:
    asking = TestClient(app, base_url=f"http://{host}", client=(client, 5), headers=headers)
    for answer in (asking.get("/api/folders"), asking.post("/api/folders", json={"path": str(home)})):
        assert answer.status_code in (403, 421)
        assert "home" not in answer.text
    assert "data-pick" not in asking.get("/").text


@pytest.mark.parametrize(
    ("only_here", "proxy", "prefix", "hosts"),
    [
        (False, None, "", ()),
        (True, "127.0.0.1", "", ()),
        (True, None, "/photos", ()),
        (True, None, "", ("photos.example.org",)),
    ],
)
def test_servers_that_others_reach_add_nothing(
    settings: Settings, only_here: bool, proxy: str | None, prefix: str, hosts: tuple[str, ...]
) -> None:
    told = replace(settings, allowed_hosts=hosts)
    assert picker_for(told, Path(told.library), only_here=only_here, proxy=proxy, prefix=prefix) is None
    assert picker_for(settings, Path(settings.library), only_here=True, proxy=None, prefix="") is not None


def test_without_a_picker_nothing_can_be_added(empty: Library, home: Path) -> None:
    client = TestClient(create_app(empty), base_url="http://localhost", client=HERE)
    assert client.get("/api/folders").status_code == 403
    assert client.post("/api/folders", json={"path": str(home)}).status_code == 403


def test_the_configuration_file_has_the_last_word(empty: Library, picker: Picker, home: Path) -> None:
    settings = replace(empty.settings, folders=(home / "Documents",))
    with Library.open(settings=settings, plugins=fake_plugins()) as library:
        client = TestClient(create_app(library, picker=picker), base_url="http://localhost", client=HERE)
        answer = client.post("/api/folders", json={"path": str(home / "Pictures")})
        assert answer.status_code == 409 and "configuration file" in answer.json()["detail"]
        assert "data-pick" not in client.get("/").text


def test_the_command_names_the_library_in_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMSEARCH_LIBRARY", raising=False)
    assert command_line("index", Settings()) == "imsearch index"
    odd = replace(settings, library=Path("/data/my $library"))
    assert command_line("index", odd) == "imsearch index --library '/data/my $library'"
