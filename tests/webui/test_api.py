"""What is known, corrected and undone over the API, with exact values from the fake annotator."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.errors import WriteRefused
from imsearch.indexer.runs import indexing_record
from imsearch.library import Library
from imsearch.settings import Settings, config_path
from imsearch.views.as_json import image_record, plugins_record, status_record, tags_record
from imsearch.webui.app import create_app
from tests.webui.conftest import fake_plugins


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem that an answer is; says what is wrong with it otherwise."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    record = dict(answer.json())
    assert (record["type"], record["status"]) == ("about:blank", status)
    return record


def test_an_image_is_what_show_prints(client: TestClient, library: Library, ids: dict[str, int], photos: Path) -> None:
    record = client.get(f"/api/images/{ids['red.png']}").json()
    assert record["path"] == str(photos / "red.png")
    assert record["files"] == [str(photos / "red.png")]
    assert (record["width"], record["height"], record["format"]) == (640, 480, "PNG")
    assert record["tags"] == [{"name": "red", "score": 1.0, "source": "colours", "shown": True}]
    assert record["rejected"] == []
    found, said = library.facts.show(str(ids["red.png"]))
    assert record == image_record(found, said, (), ())


@pytest.mark.parametrize("id", [99, 2**63 - 1])
def test_an_unknown_image_is_not_found(client: TestClient, id: int) -> None:
    assert problem(client.get(f"/api/images/{id}"), 404)["detail"].startswith(f"There is no image {id} in the library.")


@pytest.mark.parametrize(
    "id, detail",
    [
        ("dog", "id must be a whole number."),
        ("0", "id must be 1 or more."),
        (str(2**63), "id must be 9,223,372,036,854,775,807 or less."),
        ("9" * 5000, "id is too large a number."),
    ],
)
def test_an_id_is_a_number_that_databases_take(client: TestClient, id: str, detail: str) -> None:
    told = problem(client.get(f"/api/images/{id}"), 422)
    assert told["detail"] == f"The request cannot be understood. {detail}"
    assert told["errors"] == [{"at": ["path", "id"], "detail": detail}]


def test_the_id_of_an_image_is_never_taken_for_a_path(
    client: TestClient, ids: dict[str, int], photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "red.png").rename(photos / str(ids["green.png"]))
    monkeypatch.chdir(photos)
    assert client.get(f"/api/images/{ids['green.png']}").json()["path"] == str(photos / "green.png")


def test_tags_come_with_how_many_show_them(client: TestClient, library: Library, ids: dict[str, int]) -> None:
    record = client.get("/api/tags").json()
    counts = {each["name"]: each["images"] for each in record["tags"]}
    # The middle of noise.jpg may be a little brighter than half in any channel; red and green are in yellow, too.
    noise = {tag["name"] for tag in client.get(f"/api/images/{ids['noise.jpg']}").json()["tags"] if tag["shown"]}
    assert counts == {name: number + (name in noise) for name, number in (("red", 2), ("green", 2), ("blue", 1))}
    assert record == tags_record(library.tags.counts())
    assert [each["name"] for each in client.get("/api/tags?prefix=gr").json()["tags"]] == ["green"]
    assert client.get("/api/tags?by=user").json() == {"tags": []}
    detail = problem(client.get("/api/tags?by=nobody"), 400)["detail"]
    assert detail == "Nobody called 'nobody' has tagged pictures of this library, but: user, colours."


def test_status_is_what_the_command_prints(client: TestClient, library: Library) -> None:
    record = client.get("/api/status").json()
    assert (record["images"], record["files"], record["failed"], record["failures"]) == (6, 6, 0, [])
    (colours,) = record["annotators"]
    assert colours == {
        "name": "colours",
        "version": "1",
        "images": 6,
        "current": True,
        "installed": True,
        "forgotten": False,
    }
    encoder, space = record["sentence_encoder"], record["free_text"]
    assert space == "found by tags alone: no annotator of the library takes text"
    expected = status_record(library.health.status(), (), config_path(), encoder, space, {"colours"}, ["en"]) | {
        "bytes": record["bytes"]
    }
    assert record == expected | indexing_record(
        library.runs.progress(), library.runs.last_run(), library.runs.folders()
    )


def test_failures_come_in_pages(photos: Path, settings: Settings) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (photos / name).write_bytes(b"no picture")
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([photos])
    with Library.open(settings=settings, plugins=fake_plugins()) as library, at(create_app(library)) as client:
        page = client.get("/api/failures?n=2&offset=1").json()
        assert page["total"] == 3
        assert [Path(each["path"]).name for each in page["failures"]] == ["b.jpg", "c.jpg"]
        assert {each["annotator"] for each in page["failures"]} == {None}
        assert client.get("/api/status").json()["failed"] == 3
        assert client.get(f"/api/failures?offset={2**63 - 1}").json() == {"total": 3, "failures": []}
        assert problem(client.get(f"/api/failures?offset={2**63}"), 422)["errors"][0]["at"] == ["query", "offset"]


def at(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False)


def test_plugins_are_what_the_command_prints(client: TestClient, library: Library) -> None:
    record = client.get("/api/plugins").json()
    assert record["plugins"] == [{"name": "fake", "version": "?", "error": None, "package": "unknown"}]
    assert (record["annotators"][0]["name"], record["annotators"][0]["vector_length"]) == ("colours", 4)
    assert record == plugins_record(library.plugins.plugins(), library.plugins.offered())


@pytest.fixture
def oddly_named(tmp_path: Path, photos: Path) -> Iterator[TestClient]:
    """A library with a file whose name is no UTF-8, and one that cannot be read."""
    import os

    os.rename(photos / "red.png", os.fsencode(photos) + b"/r\xff.png")  # noqa: PTH104 - bytes
    Path(os.fsdecode(os.fsencode(photos) + b"/x\xff.png")).write_bytes(b"no picture")
    settings = Settings(library=tmp_path / "odd", semantic="off", device="cpu")
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([photos])
    with Library.open(settings=settings, plugins=fake_plugins()) as library, at(create_app(library)) as client:
        yield client


def test_names_that_are_no_text_are_shown_all_the_same(oddly_named: TestClient) -> None:
    paths = [oddly_named.get(f"/api/images/{image}").json()["path"] for image in range(1, 7)]
    assert "r\ufffd.png" in {Path(path).name for path in paths}
    (failure,) = oddly_named.get("/api/failures").json()["failures"]
    assert Path(failure["path"]).name == "x\ufffd.png"
    assert oddly_named.get("/api/status").json()["failures"] == [failure]


def test_what_is_not_there(client: TestClient) -> None:
    told = problem(client.get("/api/nothing"), 404)
    assert told["detail"] == "There is nothing at /api/nothing. /api/docs lists all addresses."
    told = problem(client.delete("/api/tags"), 405)
    assert told["detail"] == "DELETE is not possible here, but: GET."


def test_mistakes_of_ours_are_logged_and_not_shown(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(library.tags, "history", lambda limit: 1 / 0)
    told = problem(client.get("/api/history"), 500)
    assert told["detail"] == "This is a bug in imsearch; its log on the server says more."
    assert "GET /api/history failed unexpectedly." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_library_that_is_written_to_is_a_conflict(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imsearch.errors import LibraryLocked

    def locked(*_: Any) -> None:
        raise LibraryLocked("The library is being written to by another run.")

    monkeypatch.setattr(library.tags, "rename", locked)
    told = problem(client.post("/api/tags/rename", json={"old": "red", "new": "crimson"}), 409)
    assert told["detail"] == "The library is being written to by another run."


def test_settings_of_annotators_do_not_hide_what_is_installed(settings: Settings, library: Library) -> None:
    named = replace(settings, annotators=("gone",))
    with Library.open(settings=named, plugins=fake_plugins()) as opened:
        choices = at(create_app(opened)).get("/api/annotate").json()["annotators"]
    assert [(each["name"], each["chosen"]) for each in choices] == [("colours", False)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507),
        (OSError(errno.EROFS, "Read-only file system"), 503),
        (WriteRefused("The disk is full: free some space.", full=True), 507),
        (OSError(errno.ENOENT, "No such file"), 500),
    ],
)
def test_what_the_system_refuses_is_told(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(library.health, "status", refuse)
    answer = client.get("/api/status")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if status != 500:
        assert "disk" in answer.json()["detail"]
