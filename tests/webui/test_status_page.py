"""The status page, as it is sent and in a browser; runs are real processes with the fake annotator."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from imsearch.engine.stores.changes import Change, Verdict
from imsearch.indexer.runs import LastRun, Outcome
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.records import Failure
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.pages import status_words
from imsearch.webui.pages.failing import grouped
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins, settings_of_runs

ROOT = Path(__file__).parents[2]
SLOW = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(seconds=0.3)]
"""

COUNT = 600
"""So many that a run of them lasts until it is stopped, however busy the machine is."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a server whose runs, in processes of their own, know a slow fake annotator."""
    return settings_of_runs(tmp_path, monkeypatch, SLOW)


def fail(library: Library, photos: Path) -> None:
    """Index some files that are no pictures."""
    for number in range(7):
        (photos / f"cut-{number}.jpg").write_bytes(b"")
    (photos / "text.png").write_text("no picture")
    with Library.open(settings=library.settings, write=True, plugins=fake_plugins()) as writing:
        writing.runs.index([photos])


def text_of(html: str) -> str:
    """What a page says."""
    return " ".join(unescape(re.sub(r"<.*?>", " ", html.partition("<main")[2], flags=re.S)).split())


def test_it_tells_what_the_library_holds(client: TestClient, library: Library, photos: Path) -> None:
    library.tags.correct([1], ["dog"], Verdict.ADD)
    said = text_of(client.get("/status").text)
    assert "6 pictures in 6 files" in said
    assert "1 correction by you" in said
    assert "0 failures all is well" in said
    assert str(library.settings.library) in said and str(photos) in said
    assert "colours 1 in use No description. 6 pictures 3 tags compares looks code Apache-2.0" in said
    assert "Added “dog” to 1 picture" in said
    assert re.search(r"Today \d\d:\d\d: 6 new, in", said)
    assert f"Python {sys.version.split()[0]}" in said


def test_pytorch_is_not_imported_for_it(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # another test may have imported it
    assert client.get("/status").status_code == 200
    assert "torch" not in sys.modules


def test_failures_are_grouped_with_advice(client: TestClient, library: Library, photos: Path) -> None:
    fail(library, photos)
    page = client.get("/status").text
    said = text_of(page)
    assert "Empty 7 A copy or a download was interrupted" in said
    assert "Not a picture 1" in said
    assert page.count("cut-") == 5 and 'href="./status/failures?reason=empty"' in page


def test_all_failures_are_listed_and_searched(client: TestClient, library: Library, photos: Path) -> None:
    fail(library, photos)
    assert "8 failures" in text_of(client.get("/status/failures").text)
    some = text_of(client.get("/status/failures", params={"reason": "empty", "q": "CUT-3"}).text)
    assert "1 failure" in some and "cut-3.jpg" in some and "cut-4.jpg" not in some
    assert "No failure matches" in client.get("/status/failures?q=nowhere").text
    assert client.get("/status/failures?page=99").status_code == 200


def test_failures_of_annotators_and_unknown_ones() -> None:
    failures = [
        Failure(Path("a.png"), "RuntimeError: no", "emotion"),
        Failure(Path("b.png"), "it is damaged or cut short: at 5"),
        Failure(Path("c.png"), "it is damaged or cut short: at 6"),
        Failure(Path("d.png"), "something new"),
    ]
    groups = grouped(failures)
    assert [(group.key, group.title, len(group.failures)) for group in groups] == [
        ("damaged", "Damaged or cut short", 2),
        ("other", "Other reasons", 1),
        ("by-emotion", "emotion failed", 1),
    ]
    assert all(group.advice for group in groups)


def test_broken_plugins_and_annotators_that_are_gone(library: Library, settings: Settings) -> None:
    def lame() -> None:
        raise ImportError("no module named 'missing'")

    entry = SimpleNamespace(name="lame", value="lame", dist=None, load=lame)
    with Library.open(settings=settings, plugins=make_manager([entry])) as opened:  # type: ignore[list-item]
        client = TestClient(create_app(opened), base_url="http://localhost:8000")
        said = text_of(client.get("/status").text)
    assert "lame is broken: ImportError: no module named 'missing'" in said
    assert "Traceback" in said
    assert "colours 1 not installed" in said
    assert "No annotator works" not in said


def test_words_for_times_and_changes() -> None:
    now = datetime(2026, 3, 5, 15, 0).astimezone()
    assert status_words.when(now - timedelta(hours=1), now) == "today 14:00"
    assert status_words.when(now - timedelta(days=1), now) == "yesterday 15:00"
    assert status_words.when(now - timedelta(days=3), now) == "2 March 15:00"
    assert status_words.when(now - timedelta(days=400), now) == "29 January 2025"
    assert [status_words.duration(seconds) for seconds in (0.41, 12, 240, 3900)] == [
        "0.4 s",
        "12 s",
        "4 min",
        "1 h 5 min",
    ]
    made = datetime(2026, 3, 5, tzinfo=UTC)
    merged = Change(3, made, "merge", ("a", "b", "c", "d", "e"), "z", 1, False)
    assert status_words.told(merged) == "Merged “a”, “b”, “c”, “d” and 1 more into “z”, on 1 picture"
    assert (
        status_words.told(Change(3, made, "rename", ("a",), "a", 2, False))
        == "Gave “a” its own name back, on 2 pictures"
    )
    run = LastRun(made, made + timedelta(minutes=4), Outcome.STOPPED, done=1200)
    assert status_words.last_run(run).endswith(": stopped, 1,200 pictures stored, in 4 min.")


def test_the_newest_change_is_undone(page: Page, library: Library) -> None:
    library.tags.correct([1], ["dog"], Verdict.ADD)
    library.tags.correct([2], ["cat"], Verdict.ADD)
    page.goto("/status")
    assert page.get_by_role("button", name="Undo").count() == 1
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".changes .undone")).to_contain_text("Added “cat” to 1 picture")
    expect(page.locator(".toast")).to_contain_text("Undone.")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert "cat" not in dict(library.tags.counts())


def test_the_library_is_checked(page: Page) -> None:
    page.goto("/status")
    page.get_by_role("link", name="Check the library").press("Enter")
    expect(page.locator("[data-checked]")).to_contain_text(re.compile(r"The library is sound\. Checked in \d"))
    page.get_by_text("Add a folder").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the command").click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("imsearch index --library ")


@pytest.fixture
def more(photos: Path, library: Library) -> Path:
    """Pictures that the library does not know yet."""
    (photos / "more").mkdir()
    for number in range(COUNT):
        plain(photos / "more" / f"{number:03}.png", seed=number + 1)
    return photos


def test_a_run_is_started_watched_and_stopped(page: Page, more: Path) -> None:
    page.goto("/status")
    page.get_by_role("button", name="Look for new pictures").press("Enter")
    expect(page.locator("[data-phase]")).to_contain_text("Indexing pictures.")
    expect(page.locator("[data-planned]")).to_have_text(str(COUNT))
    expect(page.locator("[data-done]")).not_to_have_text("0")
    expect(page.locator("[data-indexing] progress")).to_have_js_property("max", COUNT)
    expect(page.locator(".indexing-what")).to_contain_text(str(more))
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_role("button", name="Look for new pictures")).to_be_visible()
    expect(page.locator(".indexing-phase")).to_contain_text(
        re.compile(r"^Today \d\d:\d\d: stopped, \d+ pictures? stored")
    )
    pictures = int(page.locator(".tile b").first.inner_text())
    assert 6 < pictures < COUNT + 6


def test_without_folders_it_tells_how_to_add_one(settings: Settings) -> None:
    with (
        Library.open(settings=settings, create=True, plugins=fake_plugins()) as opened,
        TestClient(create_app(opened), base_url="http://localhost:8000") as client,
    ):
        page = client.get("/status").text
    assert f"imsearch index --library {settings.library} FOLDER" in page
    assert "data-start" not in page
    assert "No run has been seen here yet" in page


def test_a_server_that_is_gone_is_told_once(page: Page) -> None:
    page.goto("/status")
    page.route("**/api/indexing", lambda route: route.abort())
    expect(page.locator(".toast")).to_contain_text("The server does not answer")
    page.problems.clear()  # type: ignore[attr-defined]


def test_it_fits_a_phone(page: Page, library: Library, photos: Path) -> None:
    fail(library, photos)
    library.tags.correct([1], ["dog"], Verdict.ADD)
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/status", "/status/failures"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.fixture
def serve(serve: Callable[[FastAPI], str]) -> Iterator[Callable[[FastAPI], str]]:
    """As elsewhere; a run that a test leaves behind ends with the application."""
    served: list[FastAPI] = []

    def start(app: FastAPI) -> str:
        served.append(app)
        return serve(app)

    yield start
    for app in served:
        app.state.site.indexing.close()


def test_all_tell_the_same_number_of_tags_in_use(client: TestClient, library: Library, ids: dict[str, int]) -> None:
    """Those that some picture shows: not what is too unlikely everywhere, nor what was rejected, but your own."""
    library.tags.correct([ids["red.png"]], ["holiday"], Verdict.ADD, exact=True)
    library.tags.correct([ids["red.png"]], ["beach"], Verdict.REJECT, exact=True)
    used = len(client.get("/api/tags").json()["tags"])
    assert (
        client.get("/api/status").json()["tags"] == used == library.health.status().tags == len(library.tags.counts())
    )
    assert f"{used} tags in use" in text_of(client.get("/status").text)
    assert f"{used} tags" in text_of(client.get("/tags").text)


def test_words_for_what_a_run_passed_over() -> None:
    made = datetime(2026, 3, 5, tzinfo=UTC)
    assert status_words.passed_over(LastRun(made, made, Outcome.DONE)) == []
    run = LastRun(
        *(made, made, Outcome.DONE),
        not_read={"raw": {"cr2": 1}, "video": dict.fromkeys("abcdefgh", 2)},
        left_out={"folders": 1, "files": 0},
        missing=tuple(Path("/p") / name for name in "abcdefg"),
    )
    assert status_words.passed_over(run) == [
        "Missing, so that their pictures are kept: /p/a, /p/b, /p/c, /p/d, /p/e and 2 more.",
        "Not read: 1 raw file (cr2), 16 videos (a, b, c, d, e, f, ...).",
        "Left out by rules: 1 folder.",
    ]
