"""What every home of libraries does, however it stores them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.engine.stores.home import Home
from imsearch.errors import LibraryError
from imsearch.locations import Location
from tests.engine.support import reading, spec
from tests.stores.conftest import HOMES


@pytest.fixture(params=HOMES)
def kind(request: pytest.FixtureRequest) -> Iterator[type[Home]]:
    yield HOMES[request.param]


@pytest.fixture
def where(kind: type[Home], request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """A place without a library."""
    address: str | None = request.getfixturevalue("postgres_url") if kind is HOMES["postgres"] else None
    return address or tmp_path / "library"


def test_a_library_is_there_once_it_is_made(kind: type[Home], where: Location) -> None:
    assert not kind.exists(where)
    with pytest.raises(LibraryError, match=r"There is no library .*Make one with: imsearch index FOLDER"):
        kind.open(where, write=False, create=False)
    assert not kind.exists(where) and not Path(where).exists()
    kind.open(where, write=True, create=True).close()
    assert kind.exists(where)


def test_a_home_has_a_name_and_a_folder_on_this_machine(kind: type[Home], where: Location) -> None:
    home = kind.open(where, write=False, create=True)
    assert home.writing and home.place == str(where).replace(":@", "@")
    (home.scratch / "progress.json").write_text("{}")
    home.close()


def test_what_one_writes_the_next_reads_and_adds_to(kind: type[Home], where: Location) -> None:
    home = kind.open(where, write=True, create=True)
    recorder = home.recorder()
    recorder.use_annotators([spec()])
    recorder.record([reading(1, {"cat": 0.9})], [])
    home.close()
    reader = kind.open(where, write=False, create=False)
    assert not reader.writing and reader.catalog.tag_names() == ["cat"]
    with reader.recorder().revising() as revision:
        revision.tag_ids(["beach"])
    assert set(reader.catalog.tag_names()) == {"beach", "cat"}
    reader.close()
