"""Tags are corrected, renamed, merged and undone over the API."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.webui.test_api import problem


def correct(client: TestClient, **asked: Any) -> dict[str, Any]:
    answer = client.post("/api/corrections", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


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
    assert detail == "The body is not JSON in UTF-8."
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
    assert "no longer the last" in problem(client.post("/api/undo", json={"number": 1}), 409)["detail"]
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
