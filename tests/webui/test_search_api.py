"""Searching through the API."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imsearch.cli import main
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.views.as_json import results_record
from imsearch.webui.api.models import ResultsRecord
from imsearch.webui.api.search import CompletionsRecord, FacetsRecord
from imsearch.webui.app import create_app
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins


def paths(client: TestClient, **query: Any) -> list[str]:
    answer = client.get("/api/search", params=query)
    assert answer.status_code == 200, answer.text
    return [Path(hit["path"]).name for hit in answer.json()["hits"]]


def test_it_answers_what_the_command_line_prints(client: TestClient, library: Library) -> None:
    answer = client.get("/api/search", params={"q": "red -green", "facets": True, "n": 3})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == results_record(library.search.query("red -green", limit=3, facets=True))
    ResultsRecord.model_validate_json(answer.content, strict=True, extra="forbid")


def test_pages_and_the_rest(client: TestClient) -> None:
    relevant = paths(client, q="red -green")
    everything = paths(client, q="red -green", all=True)
    assert everything[: len(relevant)] == relevant and len(everything) > len(relevant)
    assert paths(client, q="red -green", all=True, n=2, offset=1) == everything[1:3]
    told = client.get("/api/search", params={"q": "red -green", "all": True, "n": 1}).json()
    assert (told["total"], told["relevant"]) == (len(everything), len(relevant))
    assert paths(client, q="red", min_score=1) == ["red.png", "yellow.png"]


def test_where_nothing_fits_all_of_it_some_is_left_out_and_told(client: TestClient, library: Library) -> None:
    answer = client.get("/api/search", params={"q": "red date:1999", "facets": True})
    assert answer.json()["relaxed"] == {"asked": ["red", "date:1999"], "left_out": ["date:1999"]}
    assert paths(client, q="red date:1999") == paths(client, q="red")
    assert answer.json()["facets"] == client.get("/api/facets", params={"q": "red"}).json()["facets"]
    assert answer.json() == results_record(library.search.query("red date:1999", facets=True))
    ResultsRecord.model_validate_json(answer.content, strict=True, extra="forbid")
    assert "relaxed" not in client.get("/api/search", params={"q": "red"}).json()


def test_without_a_query_all_pictures_come(client: TestClient) -> None:
    answer = client.get("/api/search").json()
    assert (answer["query"], answer["total"]) == ("", 6)
    assert client.get("/api/search", params={"q": "  "}).json()["total"] == 6


@pytest.mark.parametrize(
    "wrong",
    [{"n": 0}, {"n": 201}, {"n": "x"}, {"offset": -1}, {"min_score": 2}, {"min_score": "nan"}, {"all": "maybe"}],
)
def test_parameters_are_checked(client: TestClient, wrong: dict[str, Any]) -> None:
    answer = client.get("/api/search", params={"q": "red", **wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["at"] == ["query", next(iter(wrong))]


def test_a_query_that_makes_no_sense_says_where(client: TestClient) -> None:
    for address in ("/api/search", "/api/facets"):
        answer = client.get(address, params={"q": "red date:2023-15"})
        assert answer.status_code == 400
        assert answer.json()["position"] == 14
        assert "no month 15" in answer.json()["detail"]


def test_no_query_tells_which_files_there_are(
    app: FastAPI, client: TestClient, library: Library, tmp_path: Path
) -> None:
    outside = plain(tmp_path / "outside.png", (255, 0, 0), (64, 48))
    missing = tmp_path / "missing.png"
    assert not library.search.opens_files
    told = [client.get("/api/search", params={"q": f"like:{path}"}) for path in (outside, missing, "/etc/passwd")]
    assert {answer.status_code for answer in told} == {400}
    details = [
        answer.json()["detail"].replace(str(path), "X")
        for answer, path in zip(told, (outside, missing, "/etc/passwd"), strict=True)
    ]
    assert len(set(details)) == 1


def test_a_library_whose_queries_open_files_is_not_served(library: Library) -> None:
    with (
        Library.open(settings=library.settings, look=True, plugins=fake_plugins()) as opened,
        pytest.raises(ValueError, match="open the library without look"),
    ):
        create_app(opened)


def test_an_answer_that_is_still_so_is_not_made_again(client: TestClient, library: Library, photos: Path) -> None:
    for address, more in (
        ("/api/search?q=red", "&n=7"),
        ("/api/facets?q=red", "&facet_values=7"),
        ("/api/images/1/similar", "?n=7"),
    ):
        first = client.get(address)
        again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), address
        assert again.headers["etag"] == first.headers["etag"]
        other = client.get(address + more, headers={"If-None-Match": first.headers["etag"]})
        assert other.status_code == 200
    first = client.get("/api/search?q=red")
    with Library.open(settings=library.settings, write=True, plugins=fake_plugins()) as writer:
        writer.engine.correct(1, "red", 1)
    changed = client.get("/api/search?q=red", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json() != first.json()


def test_facets_of_everything_that_is_found(client: TestClient) -> None:
    answer = client.get("/api/facets", params={"q": "red -green"})
    FacetsRecord.model_validate_json(answer.content, strict=True, extra="forbid")
    told = answer.json()["facets"]
    assert list(told) == ["tag", "type", "annotator", "folder"]

    def images(**query: Any) -> int:
        kinds = client.get("/api/facets", params={"q": "red -green", **query}).json()["facets"]
        return sum(each["images"] for each in kinds["type"])

    assert images() == len(paths(client, q="red -green"))
    assert images(all=True) == len(paths(client, q="red -green", all=True)) > images()
    assert client.get("/api/facets", params={"q": "leica"}).json() == {"facets": {}}


def test_completion(client: TestClient) -> None:
    answer = client.get("/api/complete", params={"q": "blue gr", "at": 7})
    CompletionsRecord.model_validate_json(answer.content, strict=True, extra="forbid")
    told = answer.json()
    assert (told["start"], told["end"]) == (5, 7)
    assert told["completions"][0] | {"images": 0} == {
        "text": "green",
        "label": "green",
        "kind": "tag",
        "images": 0,
        "hint": "",
    }
    assert client.get("/api/complete", params={"q": "x" * 1001}).status_code == 422
    assert len(client.get("/api/complete", params={"n": 2}).json()["completions"]) == 2


def test_similar_pictures(client: TestClient, library: Library) -> None:
    told = client.get("/api/images/1/similar", params={"n": 2}).json()
    assert told == results_record(library.search.similar(1, limit=2))
    assert (told["query"], told["total"], len(told["hits"])) == ("1", 5, 2)
    assert all(hit["id"] != 1 for hit in told["hits"])
    following = client.get("/api/images/1/similar", params={"n": 2, "offset": 1}).json()
    assert following["hits"][0] == told["hits"][1]
    blue = client.get("/api/images/1/similar", params={"q": "blue", "n": 1}).json()
    assert (
        blue["query"] == "1 blue" and blue["hits"] == results_record(library.search.similar(1, "blue", limit=1))["hits"]
    )
    assert client.get("/api/images/1/similar", params={"q": "date:tomorrowish"}).status_code == 400
    assert client.get("/api/images/77/similar").status_code == 404
    assert client.get("/api/images/99999999999999999999/similar").status_code == 422


def test_names_that_are_no_text_are_no_error(tmp_path: Path, settings: Settings) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff"))
    odd.mkdir()
    plain(odd / "red.png", (255, 0, 0), (64, 48))
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        filling.runs.index([odd])
    with (
        Library.open(settings=settings, plugins=fake_plugins()) as library,
        TestClient(create_app(library), base_url="http://localhost") as client,
    ):
        answer = client.get("/api/search", params={"q": "red", "facets": True}).json()
        assert answer["hits"][0]["path"].endswith("/b\N{REPLACEMENT CHARACTER}/red.png")
        (found,) = client.get("/api/complete", params={"q": "folder:b"}).json()["completions"]
        assert found["text"].endswith('/b%FF"')
        assert client.get("/api/search", params={"q": f"folder:{found['text']}"}).json()["total"] == 1


def test_the_command_line_prints_the_same(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMSEARCH_LIBRARY", str(library.settings.library))
    monkeypatch.setenv("IMSEARCH_SEMANTIC", "off")
    assert main(["query", "red -green", "--all", "--format", "json"]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert printed == client.get("/api/search", params={"q": "red -green", "all": True}).json()


@pytest.mark.parametrize(
    ("address", "wrong", "told"),
    [
        ("/api/search?q=red&limit=3", ["limit"], "limit is not known here. It takes q, n, offset, min_score, all,"),
        ("/api/search?q=red&min-score=.5", ["min-score"], "min-score is not known here. Did you mean min_score?"),
        ("/api/search?Q=red", ["Q"], "Q is not known here. Did you mean q?"),
        ("/api/search?ofset=1&fasets=1", ["ofset", "fasets"], "Did you mean offset? fasets"),
        ("/api/facets?n=7", ["n"], "n is not known here. It takes q, all, facet_values."),
        ("/api/complete?q=gr&cursor=1", ["cursor"], "It takes q, at, n."),
        ("/api/images/1/similar?limit=3", ["limit"], "It takes q, n, offset."),
        ("/api/images/1?size=small", ["size"], "It takes no parameters."),
        ("/api/images/1/thumbnail?sise=small", ["sise"], "Did you mean size?"),
        ("/api/tags?q=red", ["q"], "It takes prefix, by."),
        ("/api/review?tag=red", ["tag"], "It takes word, n."),
        ("/api/status?verbose=1", ["verbose"], "It takes no parameters."),
        ("/api/search?=1", [""], "A parameter without a name"),
    ],
)
def test_parameters_that_nobody_knows_are_refused(
    client: TestClient, address: str, wrong: list[str], told: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [each["at"] for each in problem["errors"]] == [["query", name] for name in wrong]
    assert told in problem["detail"]


def test_no_operation_takes_a_parameter_that_its_document_lacks(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    for path, operations in document["paths"].items():
        for method in operations:
            answer = client.request(method, path.replace("{id}", "1"), params={"surprise": 1})
            assert answer.status_code == 422, (method, path)
            assert answer.json()["errors"][0]["at"] == ["query", "surprise"]
    assert client.head("/api/images/1/thumbnail", params={"surprise": 1}).status_code == 422
    assert client.head("/api/images/1/thumbnail", params={"size": "small"}).status_code == 200


def test_as_many_values_of_facets_as_asked_for(client: TestClient) -> None:
    def tags(address: str, **query: Any) -> list[str]:
        told = client.get(address, params={"q": "red -green", "facets": True, **query}).json()["facets"]["tag"]
        return [each["name"] for each in told]

    few = client.get("/api/facets", params={"facet_values": 1}).json()["facets"]
    assert {len(values) for values in few.values()} == {1}
    assert tags("/api/search", facet_values=1) == tags("/api/search")[:1]
    assert client.get("/api/facets", params={"facet_values": 0}).status_code == 422


def test_what_results_are_sorted_by(client: TestClient) -> None:
    def order(q: str) -> str:
        return str(client.get("/api/search", params={"q": q}).json()["order"])

    assert [order(q) for q in ("red", "type:png", "", "red sort:name", "type:png sort:-size")] == [
        *("score", "-date", "-date", "name", "-size")
    ]
