"""Signing in, for tests of who gets in."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

OURS = "http://localhost:8000"


def sign_in(client: TestClient, token: str, **more: str) -> Any:
    return client.post("/login", data={"token": token, **more})
