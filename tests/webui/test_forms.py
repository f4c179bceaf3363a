"""What is sent to be tried, when it is not as it should be."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.webui.test_api import problem
from tests.webui.test_trying import picture


def test_unknown_annotators_are_refused(client: TestClient) -> None:
    answer = client.post("/api/annotate", files={"file": ("a.png", picture())}, data={"annotators": ["nobody"]})
    assert problem(answer, 400)["detail"] == "there is no annotator named 'nobody'; installed: colours"


@pytest.mark.parametrize(
    "fields, detail",
    [
        ({"similar": "many"}, "similar must be a whole number."),
        ({"similar": "101"}, "similar must be 100 or less."),
        ({"cloud": "perhaps"}, "cloud must be true or false."),
        ({"annotators": ["a\nb"]}, "annotators.0 holds characters that are not allowed, such as line breaks."),
        ({"annotators": ["a"] * 51}, "annotators must hold 50 at most."),
        ({"more": "1"}, "more is not known here."),
    ],
)
def test_fields_that_cannot_be_understood(client: TestClient, fields: dict[str, Any], detail: str) -> None:
    answer = client.post("/api/annotate", files={"file": ("a.png", picture())}, data=fields)
    assert problem(answer, 422)["detail"] == f"The request cannot be understood. {detail}"


def test_forms_that_are_none(client: TestClient) -> None:
    assert "Send a form" in problem(client.post("/api/annotate", json={}), 415)["detail"]
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "cannot be read" in problem(client.post("/api/annotate", content=b"--y", headers=form), 400)["detail"]
    form = {"Content-Type": "multipart/form-data"}
    assert "boundary" in problem(client.post("/api/annotate", content=b"--y", headers=form), 400)["detail"]
    empty = client.post("/api/annotate", files={"other": ("a.png", picture())})
    assert problem(empty, 422)["errors"][0]["at"] == ["body", "other"]
    empty = client.post("/api/annotate", files={"similar": (None, "3")})
    assert problem(empty, 422)["errors"][0]["detail"].startswith("file is missing")
    many = client.post("/api/annotate", files=[("file", ("a.png", b"a"))] * 17)
    assert problem(many, 400)["detail"] == "The form cannot be read: Too many files. Maximum number of files is 16."
