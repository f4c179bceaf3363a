"""How guessing the token ends, and that it is told to nobody."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access
from imsearch.webui.guard.rates import Rates
from imsearch.webui.problem import Problem

from .signing import OURS, sign_in


def test_guessing_is_stopped_and_then_even_the_token_waits(client: TestClient, token: str) -> None:
    assert [sign_in(client, f"guess {n}").status_code for n in range(6)] == [401] * 5 + [429]
    stopped = sign_in(client, token)
    assert stopped.status_code == 429
    assert 1 <= int(stopped.headers["retry-after"]) <= 60
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
