"""Which home a path or a URL picks, and what is said of a scheme that nobody here knows."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from imsearch.engine.stores import registry
from imsearch.engine.stores.embedded.home import Home
from imsearch.errors import LibraryError
from imsearch.library import Library
from imsearch.settings import Settings


class Cloud:
    """A home of another package."""


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that bring a home for cloud:// and a broken one for fog://."""
    found = [
        EntryPoint("cloud", f"{__name__}:Cloud", registry.GROUP),
        EntryPoint("fog", "imsearch.nowhere:Home", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: found)


@pytest.mark.parametrize("where", ["/photos/library", Path("library"), "C:/library", "file:///photos/library"])
def test_a_path_is_the_embedded_home(where: Path | str) -> None:
    assert registry.home_class(where) is Home


def test_it_is_what_the_entry_point_says() -> None:
    (ours,) = (entry for entry in entry_points(group=registry.GROUP) if entry.name == "file")
    assert ours == registry.FOLDER and ours.load() is Home


@pytest.mark.parametrize("where", ["mysql://somebody@server/photos", Path("mongodb://server/photos")])
def test_an_unknown_scheme_is_refused_and_those_there_are_are_named(where: Path | str, another: None) -> None:
    with pytest.raises(LibraryError, match=r"No library can be opened at \w+:// here.* cloud://, file://, fog://$"):
        registry.home_class(where)


def test_a_scheme_picks_the_home_that_a_package_brings(another: None) -> None:
    assert registry.home_class("CLOUD://server/photos").__qualname__ == "Cloud"


def test_a_broken_package_is_named(another: None) -> None:
    with pytest.raises(LibraryError, match="fog:// cannot be loaded: ModuleNotFoundError"):
        registry.home_class("fog://server/photos")


def test_a_url_of_a_folder_is_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    url = (tmp_path / "my photos").as_uri()
    assert not registry.is_library(url)
    registry.open_home(url, write=True, create=True).close()
    assert [path.name for path in tmp_path.iterdir()] == ["my photos"] and registry.is_library(url)


@pytest.mark.parametrize(
    "where", ["mysql://me:secret@server/photos", Path("mysql://me:secret@server/photos"), "mongodb:/x"]
)
def test_python_hears_the_same_sentence_and_no_folder_is_made(
    where: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for create in (False, True):
        with pytest.raises(LibraryError, match=r"No library can be opened at \w+:// here") as raised:
            Library.open(where, Settings(semantic="off"), create=create)
        assert "secret" not in str(raised.value)
    with pytest.raises(LibraryError, match="No library can be opened"):
        registry.is_library(where)
    assert list(tmp_path.iterdir()) == []


def test_a_library_is_opened_where_it_lives(tmp_path: Path) -> None:
    home = registry.open_home(tmp_path / "library", write=True, create=True)
    try:
        assert home.writing and home.place == str(tmp_path / "library") and home.catalog.state()[1] == 0
    finally:
        home.close()
    with pytest.raises(LibraryError, match="There is no library"):
        registry.open_home(tmp_path / "other", write=False, create=False)
