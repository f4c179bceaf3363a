"""What nobody uses any more goes back to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.webui.app import create_app
from imsearch.webui.guard import memory


def test_it_is_given_back_a_while_after_requests(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bool] = []
    monkeypatch.setattr(memory, "EVERY", 0.05)
    monkeypatch.setattr(memory, "give_back", lambda: given.append(True))
    with TestClient(create_app(library), base_url="http://localhost") as client:
        for _ in range(100):
            client.get("/api/tags")
            if given:
                break
        assert given


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU library keeps what was freed")
def test_what_was_freed_is_no_longer_held() -> None:
    def own() -> int:
        return int(Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0])

    memory.give_back(collect=True)
    before = own()
    kept = [bytes(60_000) for _ in range(5000)]  # small enough for the heap
    last = bytes(60_000)  # so that the heap does not shrink by itself
    assert own() - before > 200_000
    kept.clear()
    memory.give_back(collect=True)
    assert own() - before < 50_000 and last


def test_every_application_gives_back(app: FastAPI) -> None:
    assert isinstance(app.build_middleware_stack(), memory.GivesBack)
