"""Runs that the pages watch, start and stop: real processes, with the fake annotator."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from imsearch.indexer.runs import Phase
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.indexing import Indexing
from tests.make_pictures import plain
from tests.patience import PATIENCE, wait_until
from tests.webui.conftest import fake_plugins, settings_of_runs

ROOT = Path(__file__).parents[2]
GATED = """
from pathlib import Path
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(seconds=0.05, gate=Path({gate!r}), before_gate=24)]
"""
"""What is seen of a run is written every half second, and 24 pictures take more than twice that."""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Runs of the server wait half way until this file is there."""
    return tmp_path / "gate"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Path) -> Settings:
    """Those of a server whose runs, in processes of their own, know the fake annotator."""
    return settings_of_runs(tmp_path, monkeypatch, GATED.format(gate=str(gate)))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> list[Indexing]:
    """What the servers of a test start runs with: it lets runs that are stopped end, however busy the machine is."""
    made: list[Indexing] = []

    def make(library: Library) -> Indexing:
        made.append(Indexing(library, patience=(PATIENCE, PATIENCE)))
        return made[-1]

    monkeypatch.setattr("imsearch.webui.app.Indexing", make)
    return made


def add(photos: Path, count: int) -> None:
    """Pictures that the library does not know yet."""
    for number in range(count):
        plain(photos / "more" / f"{number:03}.png", seed=number + 1)


@pytest.fixture
def photos(photos: Path) -> Path:
    (photos / "more").mkdir()
    return photos


def wait(client: TestClient, **wanted: Any) -> dict[str, Any]:
    """The state, once it has these values."""
    states: list[dict[str, Any]] = []

    def as_wanted() -> bool:
        states.append(client.get("/api/indexing").json())
        return all(states[-1][key] == value for key, value in wanted.items())

    wait_until(as_wanted)
    return states[-1]


def half_way(client: TestClient) -> dict[str, Any]:
    """What is told of a run that has come to the gate, or is about to."""
    found: list[dict[str, Any]] = []

    def is_half_way() -> bool:
        state = client.get("/api/indexing").json()
        assert state["running"], state
        found.append(state["indexing"] or {"done": 0})
        return bool(found[-1]["done"])

    wait_until(is_half_way)
    return found[-1]


def said(indexing: Indexing) -> bytes:
    """What the run has printed."""
    log = indexing._log
    assert log is not None
    return os.pread(log.fileno(), 10_000, 0)


def test_nothing_is_on(client: TestClient, photos: Path) -> None:
    state = client.get("/api/indexing").json()
    assert (state["running"], state["indexing"], state["can_start"], state["can_stop"]) == (False, None, True, False)
    assert [folder["path"] for folder in state["folders"]] == [str(photos)]
    assert state["folders"][0]["indexed_at"] is not None
    assert (state["last_run"]["outcome"], state["last_run"]["counts"]["new"]) == ("done", 6)
    assert state["last_run_told"].startswith("6 new; ")
    stopped = client.delete("/api/indexing")
    assert (stopped.status_code, stopped.json()["detail"]) == (409, "No indexing run is in progress.")


def test_a_run_is_started_watched_and_its_pictures_found(
    client: TestClient, library: Library, photos: Path, gate: Path
) -> None:
    add(photos, 30)
    started = client.post("/api/indexing")
    assert started.status_code == 202
    assert (started.json()["running"], started.json()["can_stop"]) == (True, True)
    again = client.post("/api/indexing")
    assert (again.status_code, again.json()["detail"]) == (409, "An indexing run is already in progress.")
    seen = half_way(client)
    assert seen["phase"] == Phase.INDEXING
    assert 0 < seen["done"] < 30 and seen["planned"] == 30
    assert seen["rate"] > 0 and seen["remaining"] is not None
    assert seen["folders"] == [str(photos)] and seen["annotators"] == ["colours"]
    gate.touch()
    state = wait(client, running=False)
    assert state["failed"] is None
    assert (state["last_run"]["outcome"], state["last_run"]["counts"]["new"]) == ("done", 30)
    assert library.search.query("path:more", limit=100).total == 30
    assert library.health.verify() == []


def test_a_run_is_stopped_and_goes_on_where_it_was(
    client: TestClient, library: Library, photos: Path, gate: Path, patient: list[Indexing]
) -> None:
    add(photos, 60)
    client.post("/api/indexing", json={"folders": [str(photos)], "annotators": ["colours"]})
    half_way(client)
    stopping = client.delete("/api/indexing")
    assert stopping.status_code == 202
    wait_until(lambda: b"Stopping" in said(patient[-1]))
    gate.touch()
    state = wait(client, running=False)
    assert (state["last_run"]["outcome"], state["failed"], state["can_start"]) == ("stopped", None, True)
    stored = state["last_run"]["done"]
    assert 0 < stored < 60
    assert library.search.query("path:more", limit=200).total == stored
    client.post("/api/indexing")
    state = wait(client, running=False)
    assert state["last_run"]["counts"]["new"] == 60 - stored


def test_a_server_that_ends_ends_its_run(library: Library, photos: Path, gate: Path, patient: list[Indexing]) -> None:
    add(photos, 60)

    def open_the_gate() -> None:
        wait_until(lambda: b"Stopping" in said(patient[-1]))
        gate.touch()

    opening = threading.Thread(target=open_the_gate)
    with TestClient(create_app(library), base_url="http://localhost:8000") as client:
        client.post("/api/indexing")
        half_way(client)
        opening.start()
    opening.join()
    assert library.runs.writing() is None
    last = library.runs.last_run()
    assert last is not None and last.outcome == "stopped" and 0 < last.done < 60


def test_a_run_started_elsewhere_is_only_watched(client: TestClient, settings: Settings, photos: Path) -> None:
    from imsearch.indexer.progress_file import Beacon
    from imsearch.indexer.report import SilentObserver

    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        with Beacon(SilentObserver(), writing.scratch, [photos], ["colours"]) as beacon:
            beacon.planned(10, 1000)
            state = client.get("/api/indexing").json()
            assert (state["indexing"]["pid"], state["indexing"]["planned"]) == (os.getpid(), 10)
            assert (state["running"], state["can_start"], state["can_stop"]) == (True, False, False)
            assert client.get("/api/status").json()["indexing"]["phase"] == "indexing"
            stopped = client.delete("/api/indexing")
            assert stopped.status_code == 409
            assert f"Process {os.getpid()} is indexing, and was not started here" in stopped.json()["detail"]
            assert client.post("/api/indexing").status_code == 409
        # Somebody writes, and does not tell how far it is.
        assert "is writing to the library" in client.post("/api/indexing").json()["detail"]


def test_only_known_folders_and_annotators(client: TestClient, tmp_path: Path, photos: Path) -> None:
    for folder in (str(tmp_path), "/etc", str(photos / "sub"), f"{photos}/", "--help", ""):
        answer = client.post("/api/indexing", json={"folders": [folder]})
        assert answer.status_code == 422, folder
        assert "is not among the folders" in answer.json()["detail"]
    answer = client.post("/api/indexing", json={"annotators": ["shapes"]})
    assert (answer.status_code, "no annotator named 'shapes'" in answer.json()["detail"]) == (400, True)
    assert client.post("/api/indexing", json={"annotators": ["--help"]}).status_code == 400
    assert client.get("/api/indexing").json()["running"] is False


def test_why_a_run_could_not_do_its_work_is_told(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, photos: Path
) -> None:
    monkeypatch.setenv("IMSEARCH_LIMIT", "many")
    client.post("/api/indexing")
    state = wait(client, running=False)
    assert "the value 'many' in the variable IMSEARCH_LIMIT cannot be used" in state["failed"]
    monkeypatch.delenv("IMSEARCH_LIMIT")
    client.post("/api/indexing")
    assert wait(client, running=False)["failed"] is None


@pytest.fixture
def empty(settings: Settings) -> Iterator[Library]:
    with Library.open(settings=settings, create=True, plugins=fake_plugins()):
        pass
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened


def test_without_a_folder_there_is_nothing_to_start(empty: Library) -> None:
    with TestClient(create_app(empty), base_url="http://localhost:8000") as client:
        state = client.get("/api/indexing").json()
        assert (state["can_start"], state["last_run"], state["folders"]) == (False, None, [])
        assert f"imsearch index --library {empty.settings.library} FOLDER" in state["why_not"]
        assert client.post("/api/indexing").json()["detail"] == state["why_not"]


def test_folders_that_are_not_there(client: TestClient, photos: Path) -> None:
    photos.rename(photos.with_name("unplugged"))
    answer = client.post("/api/indexing")
    assert (answer.status_code, "not connected" in answer.json()["detail"]) == (409, True)


HANGS = """
import sys, time
from imsearch import hookimpl
from tests.fakes import colour_spec

def build(device):
    print("HANGS", file=sys.stderr, flush=True)
    time.sleep(600)

@hookimpl
def imsearch_annotators():
    import dataclasses
    return [dataclasses.replace(colour_spec(version="2"), factory=build)]
"""


def test_a_run_that_hangs_is_told_to_leave_when_it_does_not_stop(
    library: Library, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    settings_of_runs(tmp_path / "other", monkeypatch, HANGS)
    indexing = Indexing(library, patience=(1.0, PATIENCE))
    try:
        indexing.start()
        wait_until(lambda: b"HANGS" in said(indexing))
        assert indexing.stop().stopping
        wait_until(lambda: not indexing.state().running)
        state = indexing.state()
        assert state.last_run is not None
        assert (state.last_run.outcome, state.failed) == ("stopped", None)
    finally:
        indexing.close()


def test_what_the_settings_exclude_is_left_out_of_runs_of_the_page(
    client: TestClient, library: Library, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exclude.toml").write_text('exclude = ["more/"]\n')
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "exclude.toml"))
    add(photos, 3)
    (photos / "clip.mp4").write_bytes(b"a video")
    assert client.post("/api/indexing").status_code in (200, 202)
    last = wait(client, running=False)["last_run"]
    assert (last["counts"]["new"], last["left_out"]) == (0, {"folders": 1, "files": 0})
    assert last["not_read"] == {"video": {"mp4": 1}}
    page = client.get("/status").text
    assert "Not read: 1 video (mp4)." in page and "Left out by rules: 1 folder." in page
