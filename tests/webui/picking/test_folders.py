"""Adding a folder from the pages: which folders are listed, how many pictures they hold, and what becomes of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from imsearch.settings import Settings
from imsearch.webui import picking
from imsearch.webui.indexing import Indexing
from imsearch.webui.picking import Picker
from imsearch.webui.problem import Problem
from tests.patience import wait_until

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and names as POSIX has them")


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


def test_an_added_folder_is_indexed_and_remembered(client: TestClient, home: Path) -> None:
    added = client.post("/api/folders", json={"path": str(home / "Pictures")})
    assert (added.status_code, added.json()["running"]) == (202, True)
    again = client.post("/api/folders", json={"path": str(home / "Documents")})
    assert (again.status_code, again.json()["detail"]) == (409, "An indexing run is already in progress.")
    wait_until(lambda: not client.get("/api/indexing").json()["running"])
    assert client.get("/api/search").json()["total"] == 12
    assert [each["path"] for each in client.get("/api/indexing").json()["folders"]] == [str(home / "Pictures")]
    inside = client.get("/api/folders", params={"path": str(home / "Pictures")}).json()
    assert inside["here"]["added"] and all(each["added"] for each in inside["folders"])
