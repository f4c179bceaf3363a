"""Adding a folder from the pages: which folders can be seen, who may ask, and what becomes of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from imsearch.library import Library
from imsearch.settings import Settings, command_line
from imsearch.webui import picking
from imsearch.webui.app import create_app
from imsearch.webui.indexing import Indexing
from imsearch.webui.picking import Picker, picker_for
from imsearch.webui.problem import Problem
from tests.make_pictures import plain
from tests.patience import PATIENCE, wait_until
from tests.webui.conftest import fake_plugins, settings_of_runs

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and names as POSIX has them")
HERE = ("127.0.0.1", 5)

COLOURS = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(seconds=0.05)]
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a server whose runs, in processes of their own, know the fake annotator."""
    return settings_of_runs(tmp_path, monkeypatch, COLOURS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with twelve pictures in two folders, and what must not be seen."""
    home = tmp_path / "home"
    for name, count in (("Pictures/2023", 8), ("Pictures/2024", 4), (".secret", 6), ("Documents", 0), ("@eaDir", 6)):
        (home / name).mkdir(parents=True)
        for number in range(count):
            plain(home / name / f"{number}.png", (number, ord(name[-1]), 3))
    (home / "Pictures" / "notes.txt").write_text("no picture")
    (tmp_path / "outside").mkdir()
    return home


@pytest.fixture
def empty(settings: Settings) -> Iterator[Library]:
    Library.open(settings=settings, create=True).close()
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


@pytest.fixture
def picker(home: Path, settings: Settings) -> Picker:
    return Picker(Path(settings.library), usual=lambda: [home])


@pytest.fixture
def app(empty: Library, picker: Picker) -> FastAPI:
    return create_app(empty, picker=picker)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost:8000", client=HERE) as opened:
        yield opened


def names(listing: dict[str, Any]) -> list[str]:
    return [each["name"] for each in listing["folders"]]


def test_one_begins_with_the_roots_and_what_looks_like_pictures(client: TestClient, home: Path) -> None:
    found = client.get("/api/folders").json()
    assert found["here"] is None
    assert names(found) == ["home"]
    assert [(each["path"], each["pictures"]) for each in found["suggested"]] == [(str(home / "Pictures"), 12)]


def test_folders_are_listed_with_their_pictures(client: TestClient, home: Path) -> None:
    found = client.get("/api/folders", params={"path": str(home)}).json()
    assert names(found) == ["Documents", "Pictures"]
    assert (found["here"]["pictures"], found["parent"]) == (12, None)
    inside = client.get("/api/folders", params={"path": str(home / "Pictures")}).json()
    assert [(each["name"], each["pictures"]) for each in inside["folders"]] == [("2023", 8), ("2024", 4)]
    assert inside["parent"] == str(home)
    assert "notes.txt" not in client.get("/api/folders", params={"path": str(home / "Pictures")}).text


@posix
@pytest.mark.parametrize(
    "path",
    [
        "{home}/..",
        "{home}/../outside",
        "{home}/Pictures/../../outside",
        "{home}/.secret",
        "{home}/@eaDir",
        "{home}/out",
        "{home}/out/deeper",
        "{home}/none",
        "{home}/Pictures/notes.txt",
        "{home}x",
        "{home}/library",
        "Pictures",
        "~",
        "/",
        "/etc",
        "/proc/self/root",
        "{home}\x00/Pictures",
        "{home}/" + "a" * 300,
        "file://{home}/Pictures",
    ],
)
def test_nothing_else_can_be_listed_or_added(
    client: TestClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """And nobody learns whether it is there: the answer is always the same."""
    started: list[object] = []
    monkeypatch.setattr(Indexing, "_spawn", lambda *args: started.append(args))
    (tmp_path / "outside" / "deeper").mkdir()
    (home / "out").symlink_to(tmp_path / "outside")
    asked = path.format(home=home)
    for answer in (
        client.get("/api/folders", params={"path": asked}),
        client.post("/api/folders", json={"path": asked}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (404, picking._NOT_HERE)
    assert started == []
    assert "out" not in names(client.get("/api/folders", params={"path": str(home)}).json())


@posix
def test_links_within_the_roots_lead_to_the_folder_itself(client: TestClient, home: Path) -> None:
    (home / "Documents" / "trip").symlink_to(home / "Pictures" / "2023")
    (home / "Documents" / "hidden").symlink_to(home / ".secret")
    (home / "Documents" / "circle").symlink_to(home / "Documents" / "circle")
    found = client.get("/api/folders", params={"path": str(home / "Documents")}).json()
    assert [each["path"] for each in found["folders"]] == [str(home / "Pictures" / "2023")]


def test_the_library_is_no_place_for_pictures(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    picker = Picker(library, usual=lambda: [tmp_path])
    assert library.name not in [each.name for each in picker.look(str(tmp_path)).folders]
    with pytest.raises(Problem):
        picker.check(str(library))


def test_further_roots_and_disks_that_come_and_go(home: Path, tmp_path: Path, settings: Settings) -> None:
    disk = tmp_path / "disk"
    picker = Picker(Path(settings.library), [disk, home / "Pictures"], lambda: [home])
    assert picker.roots() == [home]  # the other lies inside
    disk.mkdir()
    assert picker.roots() == [home, disk]
    assert picker.check(str(disk)) == disk


def test_counting_takes_no_longer_than_it_may(home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "SECONDS", 0.0)
    listing = Picker(Path(settings.library), usual=lambda: [home]).look(str(home))
    assert [each.name for each in listing.folders if each.more] == ["Pictures"]


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


def test_an_added_folder_is_indexed_and_remembered(client: TestClient, home: Path) -> None:
    added = client.post("/api/folders", json={"path": str(home / "Pictures")})
    assert (added.status_code, added.json()["running"]) == (202, True)
    again = client.post("/api/folders", json={"path": str(home / "Documents")})
    assert (again.status_code, again.json()["detail"]) == (409, "An indexing run is on already.")
    wait_until(lambda: not client.get("/api/indexing").json()["running"])
    assert client.get("/api/search").json()["total"] == 12
    assert [each["path"] for each in client.get("/api/indexing").json()["folders"]] == [str(home / "Pictures")]
    inside = client.get("/api/folders", params={"path": str(home / "Pictures")}).json()
    assert inside["here"]["added"] and all(each["added"] for each in inside["folders"])


def test_the_command_names_the_library_in_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMSEARCH_LIBRARY", raising=False)
    assert command_line("index", Settings()) == "imsearch index"
    odd = replace(settings, library=Path("/data/my $library"))
    assert command_line("index", odd) == "imsearch index --library '/data/my $library'"


def test_the_first_folder_is_added_with_keys_and_the_page_fills_itself(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI
) -> None:
    page: Page = browser.new_page(base_url=serve(app))
    page.set_default_timeout(PATIENCE * 1000)
    page.goto("/")
    expect(page.get_by_role("heading", name="No pictures yet")).to_be_visible()
    command = page.locator("[data-copy]")
    expect(command).to_have_text(re.compile(r"^imsearch index --library \S+/library ~/Pictures$"))
    page.get_by_role("button", name="Choose a folder").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Pictures 12 pictures")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("button", name="home").last).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("button", name="Documents")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("Pictures: 12 pictures")
    page.keyboard.press("Backspace")
    expect(dialog.get_by_role("button", name="Pictures 12 pictures")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Add this folder").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".hit")).to_have_count(12)
    expect(page.get_by_role("heading", name="12 pictures")).to_be_visible()
    page.close()


def test_new_pictures_appear_and_nothing_moves_under_ones_eyes(
    browser: Browser, serve: Callable[[FastAPI], str], app: FastAPI, empty: Library, home: Path
) -> None:
    def index() -> None:
        with Library.open(settings=empty.settings, write=True, plugins=fake_plugins()) as writing:
            writing.runs.index([home / "Pictures"])

    index()
    page: Page = browser.new_page(base_url=serve(app))
    page.set_default_timeout(PATIENCE * 1000)
    page.goto("/")
    expect(page.locator(".hit")).to_have_count(12)
    kept = page.locator(".hit").last.evaluate("each => { each.mark = 1; return each.id; }")
    plain(home / "Pictures" / "new.png", (200, 0, 9))
    index()
    expect(page.locator(".hit")).to_have_count(13)
    expect(page.get_by_role("heading", name="13 pictures")).to_be_visible()
    assert page.locator(f"#{kept}").evaluate("each => each.mark") == 1  # the very same
    page.locator(".shot").first.focus()
    (home / "Pictures" / "new.png").unlink()
    plain(home / "Pictures" / "newer.png", (0, 200, 9))
    index()
    page.get_by_role("button", name="Show new pictures").click()
    expect(page.get_by_role("button", name="Show new pictures")).to_have_count(0)
    page.close()
