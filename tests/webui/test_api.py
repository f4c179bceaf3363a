"""What is known, corrected and undone over the API, with exact values from the fake annotator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.as_json import image_record, plugins_record, status_record, tags_record
from imsearch.library import Library
from imsearch.settings import Settings, config_path
from imsearch.webui.app import create_app
from tests.webui.conftest import COLOURS, fake_plugins


@pytest.fixture
def ids(library: Library, photos: Path) -> dict[str, int]:
    """The pictures' numbers by name."""
    found = library.identify(str(photos / name) for name in (*COLOURS, "noise.jpg"))
    return {str(Path(path).relative_to(photos)): image for path, image in found.items() if image}


def correct(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.post("/api/corrections", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


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
    assert record == image_record(*library.show(str(ids["red.png"])), (), ())


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
    assert record == tags_record(library.tags())
    assert [each["name"] for each in client.get("/api/tags?prefix=gr").json()["tags"]] == ["green"]
    assert client.get("/api/tags?by=user").json() == {"tags": []}
    detail = problem(client.get("/api/tags?by=nobody"), 400)["detail"]
    assert detail == "Nobody called 'nobody' has tagged pictures of this library, but: user, colours."


def test_a_correction_and_its_undoing(client: TestClient, ids: dict[str, int]) -> None:
    red, green = ids["red.png"], ids["green.png"]
    done = correct(client, images=[red, green], tags=["Holiday "], verdict="add")
    assert done == {
        "number": 1,
        "changed": [{"image": red, "tag": "holiday"}, {"image": green, "tag": "holiday"}],
        "unchanged": [],
        "refused": [],
        "names": {"holiday": ["holiday"]},
    }
    tags = client.get(f"/api/images/{red}").json()["tags"]
    assert {"name": "holiday", "score": 1.0, "source": "user", "shown": True} in tags
    change = client.post("/api/undo", json={"number": 1}).json()
    assert (change["number"], change["action"], change["images"], change["undone"]) == (1, "add", 2, True)
    assert "holiday" not in {tag["name"] for tag in client.get(f"/api/images/{red}").json()["tags"]}
    assert client.get("/api/history").json() == {"changes": [change]}


def test_every_verdict(client: TestClient, ids: dict[str, int]) -> None:
    red = ids["red.png"]
    assert correct(client, images=[red], tags=["red"], verdict="accept")["changed"] == [{"image": red, "tag": "red"}]
    again = correct(client, images=[red], tags=["red"], verdict="accept")
    assert (again["number"], again["changed"]) == (None, [])
    assert again["unchanged"] == [{"image": red, "tag": "red"}]
    refused = correct(client, images=[red], tags=["boat"], verdict="accept")
    assert refused["refused"] == [{"image": red, "tag": "boat"}]
    assert correct(client, images=[red], tags=["red"], verdict="reject")["number"] == 2
    assert client.get(f"/api/images/{red}").json()["rejected"] == ["red"]
    assert correct(client, images=[red], tags=["red"], verdict="clear")["number"] == 3
    assert client.get(f"/api/images/{red}").json()["rejected"] == []
    assert correct(client, images=[red], tags=["red"], verdict="remove")["refused"] == [{"image": red, "tag": "red"}]


def test_words_are_taken_for_tags_unless_they_shall_be_exact(client: TestClient, ids: dict[str, int]) -> None:
    image = [ids["red.png"]]
    assert correct(client, images=image, tags=["puppies"], verdict="add")["names"] == {"puppies": ["dog"]}
    exactly = correct(client, images=image, tags=["puppies"], verdict="add", exact=True)
    assert exactly["names"] == {"puppies": ["puppies"]}


@pytest.mark.parametrize(
    "body, detail",
    [
        ({"tags": ["a"], "verdict": "add"}, "images is missing."),
        ({"images": [], "tags": ["a"], "verdict": "add"}, "images must hold 1 at least."),
        ({"images": [1] * 1001, "tags": ["a"], "verdict": "add"}, "images must hold 1,000 at most."),
        ({"images": ["1"], "tags": ["a"], "verdict": "add"}, "images.0 must be a whole number."),
        ({"images": [True], "tags": ["a"], "verdict": "add"}, "images.0 must be a whole number."),
        ({"images": [2**63], "tags": ["a"], "verdict": "add"}, f"images.0 must be {2**63 - 1:,} or less."),
        ({"images": [1], "tags": [], "verdict": "add"}, "tags must hold 1 at least."),
        ({"images": [1], "tags": ["a"] * 101, "verdict": "add"}, "tags must hold 100 at most."),
        ({"images": [1], "tags": [""], "verdict": "add"}, "tags.0 must not be empty."),
        ({"images": [1], "tags": ["a" * 201], "verdict": "add"}, "tags.0 must have at most 200 characters."),
        (
            {"images": [1], "tags": ["a\0b"], "verdict": "add"},
            "tags.0 holds characters that are not allowed, such as line breaks.",
        ),
        (
            {"images": [1], "tags": ["a"], "verdict": "praise"},
            "verdict must be 'add', 'accept', 'reject', 'remove' or 'clear'.",
        ),
        ({"images": [1], "tags": ["a"], "verdict": "add", "more": 1}, "more is not known here."),
        ([1], "The body must be a JSON object."),
    ],
)
def test_a_correction_that_cannot_be_understood(client: TestClient, body: Any, detail: str) -> None:
    told = problem(client.post("/api/corrections", json=body), 422)
    assert told["detail"] == f"The request cannot be understood. {detail}"
    assert client.get("/api/history").json() == {"changes": []}


def test_what_is_no_text_is_refused_and_told(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    body = rb'{"images": [1], "tags": ["\ud800"], "verdict": "add"}'
    errors = problem(client.post("/api/corrections", content=body, headers=headers), 422)["errors"]
    assert errors == [{"at": ["body", "tags", "0"], "detail": "tags.0 holds something that is no text."}]
    body = rb'{"images": [1], "tags": ["a"], "verdict": "add", "\udfff": 1}'
    errors = problem(client.post("/api/corrections", content=body, headers=headers), 422)["errors"]
    assert errors == [{"at": ["body"], "detail": "The body holds something that is no text."}]


def test_a_body_must_be_json(client: TestClient) -> None:
    json = {"Content-Type": "application/json"}
    detail = problem(client.post("/api/corrections", content=b'{"images": [1,', headers=json), 422)["detail"]
    assert detail.startswith("The request cannot be understood. The body is not valid JSON")
    detail = problem(client.post("/api/corrections", content=b"\xff", headers=json), 400)["detail"]
    assert detail == "The body is no JSON in UTF-8."
    detail = problem(client.post("/api/corrections", content=b"{}", headers={"Content-Type": "text/plain"}), 415)[
        "detail"
    ]
    assert detail == "This is text/plain; send JSON, with the header Content-Type: application/json."


def test_a_correction_of_an_unknown_image_changes_nothing(client: TestClient, ids: dict[str, int]) -> None:
    asked = {"images": [ids["red.png"], 99], "tags": ["boat"], "verdict": "add"}
    told = problem(client.post("/api/corrections", json=asked), 404)
    assert told["detail"] == "There is no image 99 in the library. Nothing was changed."
    assert client.get("/api/history").json() == {"changes": []}


def test_a_tag_needs_a_name(client: TestClient, ids: dict[str, int]) -> None:
    asked = {"images": [ids["red.png"]], "tags": ["  "], "verdict": "add"}
    assert problem(client.post("/api/corrections", json=asked), 400)["detail"] == "A tag needs a name."


def test_undo_takes_back_only_what_it_is_asked_for(client: TestClient, ids: dict[str, int]) -> None:
    assert problem(client.post("/api/undo"), 409)["detail"] == "There is nothing to undo."
    for tag in ("one", "two"):
        correct(client, images=[ids["red.png"]], tags=[tag], verdict="add", exact=True)
    assert "not the last" in problem(client.post("/api/undo", json={"number": 1}), 409)["detail"]
    assert client.post("/api/undo").json()["number"] == 2
    assert client.post("/api/undo", json={"number": 1}).json()["number"] == 1
    assert [change["undone"] for change in client.get("/api/history").json()["changes"]] == [True, True]
    assert [change["number"] for change in client.get("/api/history?n=1").json()["changes"]] == [2]
    assert problem(client.get("/api/history?n=0"), 422)["errors"][0]["detail"] == "n must be 1 or more."


def test_tags_are_renamed_and_merged(client: TestClient) -> None:
    done = client.post("/api/tags/rename", json={"old": "red", "new": "crimson"})
    assert done.json() == {"number": 1, "tags": ["red"], "name": "crimson", "images": 4}
    assert "crimson" in {each["name"] for each in client.get("/api/tags").json()["tags"]}
    assert "in use" in problem(client.post("/api/tags/rename", json={"old": "blue", "new": "green"}), 400)["detail"]
    done = client.post("/api/tags/merge", json={"old": ["blue"], "into": "green"})
    assert (done.json()["number"], done.json()["tags"], done.json()["name"]) == (2, ["blue"], "green")
    change = client.post("/api/undo", json={"number": 2}).json()
    assert (change["action"], change["name"], change["tags"]) == ("merge", "green", ["blue"])
    told = problem(client.post("/api/tags/rename", json={"old": "gren", "new": "x"}), 400)
    assert told["detail"] == "No picture of the library has the tag 'gren'. Did you mean 'green'?"


def test_the_most_doubtful_tags(client: TestClient, ids: dict[str, int]) -> None:
    (doubt,) = client.get("/api/review?word=red&n=1").json()["tags"]
    assert doubt["tag"]["name"] == "red"
    assert doubt["tag"]["source"] == "colours"
    assert doubt["accept"] == f"imsearch tag accept {doubt['id']} red"
    assert doubt["reject"] == f"imsearch tag reject {doubt['id']} red"
    correct(client, images=[doubt["id"]], tags=["red"], verdict="reject")
    left = client.get("/api/review?word=red").json()["tags"]
    assert doubt["id"] not in [each["id"] for each in left]
    assert "has the tag 'boat'" in problem(client.get("/api/review?word=boat"), 400)["detail"]


def test_status_is_what_the_command_prints(client: TestClient, library: Library) -> None:
    record = client.get("/api/status").json()
    assert (record["images"], record["files"], record["failed"], record["failures"]) == (6, 6, 0, [])
    assert record["annotators"] == [{"name": "colours", "version": "1", "images": 6, "current": True}]
    encoder = record["sentence_encoder"]
    assert record == {**status_record(library.status(), (), config_path(), encoder), "bytes": record["bytes"]}


def test_failures_come_in_pages(photos: Path, settings: Settings) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (photos / name).write_bytes(b"no picture")
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.index([photos])
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
        filling.index([photos])
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
    assert told["detail"] == "There is nothing at /api/nothing. /api/docs lists what there is."
    told = problem(client.delete("/api/tags"), 405)
    assert told["detail"] == "DELETE is not possible here, but: GET."


def test_mistakes_of_ours_are_logged_and_not_shown(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(library, "history", lambda limit: 1 / 0)
    told = problem(client.get("/api/history"), 500)
    assert told["detail"] == "imsearch made a mistake; its log on the server tells more."
    assert "GET /api/history failed unexpectedly." in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_library_that_is_written_to_is_a_conflict(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imsearch.errors import LibraryLocked

    def locked(*_: Any) -> None:
        raise LibraryLocked("The library is being written to by another run.")

    monkeypatch.setattr(library, "rename", locked)
    told = problem(client.post("/api/tags/rename", json={"old": "red", "new": "crimson"}), 409)
    assert told["detail"] == "The library is being written to by another run."


def test_settings_of_annotators_do_not_hide_what_is_installed(settings: Settings, library: Library) -> None:
    named = Library(library.engine, replace(settings, annotators=("gone",)), fake_plugins())
    choices = at(create_app(named)).get("/api/annotate").json()["annotators"]
    assert [(each["name"], each["chosen"]) for each in choices] == [("colours", False)]
