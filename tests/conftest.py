"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from imsearch.pictures import decoders
from tests import postgres

# Models run by PyTorch in tests, also in processes that these start, except where OpenVINO is what is tested: nothing
# is converted, nor kept in the user's cache folder.
os.environ["IMSEARCH_CPU_RUNTIME"] = "torch"

# How long an example takes says more of the machine than of the program.
settings.register_profile("imsearch", deadline=None)
settings.load_profile("imsearch")


@pytest.fixture(autouse=True)
def decoding_in_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are decoded in the test's own process, where it can watch; unless it asks for `decoder_processes`."""
    if "decoder_processes" not in request.fixturenames:
        monkeypatch.setattr(decoders, "Decoders", lambda processes, **options: decoders.InProcess())


@pytest.fixture
def decoder_processes() -> None:
    """Pictures are decoded in processes of their own, as the program does it."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> postgres.Server:
    """A PostgreSQL server."""
    return postgres.for_tests(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a database with an empty library, for copies: making the tables takes longer."""
    from imsearch.engine.stores.postgres.address import Address
    from imsearch.engine.stores.postgres.creating import create
    from imsearch.engine.stores.postgres.database import PostgresDatabase

    with postgres_server.database() as name:
        address = Address(postgres_server.at(name))
        database = PostgresDatabase(address, "imsearch test", lambda: False)
        create(database.engine, address)
        database.close()
        yield name


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine derives from a database is kept in the test's own folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def postgres_url(postgres_server: postgres.Server, cache_folder: None) -> Iterator[str]:
    """The address of a new, empty database."""
    with postgres_server.database() as name:
        yield postgres_server.at(name)


@pytest.fixture
def postgres_library(postgres_server: postgres.Server, postgres_template: str, cache_folder: None) -> Iterator[str]:
    """The address of a database with a new, empty library."""
    with postgres_server.database(template=postgres_template) as name:
        yield postgres_server.at(name)


@pytest.fixture(scope="module")
def postgres_library_of_module(
    postgres_server: postgres.Server, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """As `postgres_library`, for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch, postgres_server.database(template=postgres_template) as name:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield postgres_server.at(name)


def pytest_configure() -> None:
    """A process started in the background inherits that Ctrl-C is ignored; tests press it, here and in children.

    One that `nohup` started inherits the same of SIGHUP.

    Tests in several processes share the processors: PyTorch and FAISS, which would each take all of them, get a part.
    They read it when they are imported, which happens after this.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.environ["IMSEARCH_LANGUAGES"] = "en"  # whatever language the developer's system speaks
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
