"""A server that asks for its token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access
from imsearch.webui.guard.hosts import Hosts
from tests.webui.conftest import fake_plugins

from .signing import OURS


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
