"""The application as a whole."""

from __future__ import annotations

from fastapi.testclient import TestClient
from playwright.sync_api import Page


def test_errors_are_problem_details_below_api(client: TestClient) -> None:
    answer = client.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    detail = "There is nothing at /api/nothing. /api/docs lists all addresses."
    assert answer.json() == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": detail}


def test_errors_are_pages_elsewhere(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


def test_a_page_opens_in_a_browser(page: Page) -> None:
    page.goto("/nothing")
    assert page.title() == "Not found · imsearch"
    page.problems.clear()  # type: ignore[attr-defined]


def test_pages_of_errors_are_worded_for_people(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert "There is no such page. Search finds your pictures." in answer.text
    assert answer.headers["cache-control"] == "no-store"
    answer = client.delete("/tags")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert "DELETE is not possible here, but: GET." in answer.text
