"""From files to pages in a folder and in PostgreSQL: the same commands, the same answers."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fastapi.testclient import TestClient

from imsearch.cli import main
from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.locations import shown
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from tests.make_pictures import jpeg, plain, with_exif, xmp
from tests.make_plugins import Plugins
from tests.postgres import started
from tests.stores.test_another_home import FAKE

COLOURS = ((255, 0, 0), (250, 30, 0), (0, 255, 0), (0, 200, 60), (0, 0, 255), (90, 0, 255), (255, 200, 0), (40, 40, 40))
SECRET = "geheim"
SETTINGS = Settings(semantic="off", device="cpu")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dozen files, one of them broken, and the only plugin that looks at them."""
    Plugins(tmp_path / "plugins", monkeypatch).add("fake", FAKE)
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("IMSEARCH_SEMANTIC", "off")
    monkeypatch.setenv("IMSEARCH_DEVICE", "cpu")
    folder = tmp_path / "photos"
    (folder / "2020").mkdir(parents=True)
    for number, colour in enumerate(COLOURS):
        plain(folder / f"{'2020/' if number % 2 else ''}IMG_2020010{number + 1}.png", colour, seed=number)
    (folder / "camera.jpg").write_bytes(with_exif())
    (folder / "told.jpg").write_bytes(jpeg(xmp()))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


ASKED = (
    "red", "red -blue", "green OR blue", "+blue sort:name", "tag:red>.5", "name:img*", "path:2020", "date:2020",
    "type:jpeg", "width:>30", "has:title", "camera:canon", "by:colours", "by:user", "is:duplicate", "like:1", "rouge",
)  # fmt: skip


def _answers(library: Library) -> list[object]:
    """What a library answers, by file names and not by ids."""
    found: list[object] = []
    for query in ASKED:
        results = library.search.query(query, facets=True)
        hits = [(hit.image.path.name, hit.score, hit.tags, dict(hit.why)) for hit in results.hits]
        found.append((query, results.total, hits, results.facets, results.unknown))
    found += [library.search.complete(text, len(text)) for text in ("re", "camera:", "path:")]
    groups = library.search.duplicates()
    found.append([sorted(file.path.name for _, file in group.files) for group in groups])
    found += [library.tags.counts(), [(each.action, each.tags, each.undone) for each in library.tags.history()]]
    found.append([(doubt.image.path.name, doubt.tag) for doubt in library.tags.review()])
    found.append([(failure.path.name, failure.reason) for failure in library.facts.failures()])
    status = library.health.status()
    found.append((status.images, status.files, status.failures, status.tags, status.corrections, status.annotators))
    return found


def _story(place: str, photos: Path, capfd: pytest.CaptureFixture[str]) -> list[object]:
    """Index, search, correct, undo, index again; and all that is told on the way."""
    told: list[object] = []

    def run(*arguments: str, code: int = 0) -> None:
        capfd.readouterr()
        assert main([*arguments, "--library", place]) == code, capfd.readouterr().err
        out, err = capfd.readouterr()
        assert SECRET not in out + err
        told.append(_without_times(out.replace(str(photos), "PHOTOS"), shown(place)))

    red = str(photos / "IMG_20200101.png")
    run("index", str(photos), "--json", code=1)  # one is broken
    shutil.copy(red, photos / "copy.png")
    run("index", str(photos), "--json", code=1)
    with Library.open(place, SETTINGS) as library:
        told.append(_answers(library))
    run("query", "red", "-blue", "--format", "json")
    run("query", "nothing of the kind", code=1)
    run("similar", red, "--format", "json")
    run("tag", "add", red, "sunset")
    run("tag", "reject", red, "red")
    run("query", "sunset", "--explain", "--format", "json")
    run("tag", "rename", "sunset", "evening")
    run("show", red)
    run("tag", "undo")
    run("tags")
    run("duplicates")
    run("index", str(photos), code=1)
    (photos / "told.jpg").unlink()
    run("index", str(photos), "--json", code=1)
    with Library.open(place, SETTINGS) as library:
        told.append(_answers(library))
        told.append(_pages(library, photos))
    run("verify")
    run("rebuild")
    run("status")
    told.pop()  # where it is, and how large
    with Library.open(place, SETTINGS) as library:
        told.append(_answers(library))
    run("annotators", "forget", "colours", "--yes")
    run("annotators")
    return told


def _pages(library: Library, photos: Path) -> list[object]:
    """What the pages and the API say; a correction by the API among it."""
    client = TestClient(create_app(library), base_url="http://localhost")
    image = client.get("/api/search", params={"q": "green"}).json()["hits"][0]["id"]
    client.post("/api/corrections", json={"images": [image], "tag": "meadow", "verdict": "add"})
    found: list[object] = []
    for page in ("/", "/?q=red", "/?q=meadow", f"/picture/{image}", "/tags", "/review"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        found.append(_without_times(answer.text.replace(str(photos), "PHOTOS"), library.place))
    for address in ("/api/search?q=blue&facets=true", "/api/tags", "/api/failures", f"/api/images/{image}"):
        answer = client.get(address)
        found.append((address, answer.status_code, _without_times(answer.text, library.place)))
    assert client.get(f"/api/images/{image}/thumbnail").headers["content-type"] == "image/jpeg"
    assert client.get("/status").status_code == client.get("/api/status").status_code == 200
    return found


def _without_times(text: str, place: str) -> str:
    for each in (shown(place), html.escape(shown(place)), place):
        text = text.replace(each, "PLACE")
    text = re.sub(r'"profile": ?\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}', "", text)  # how long each stage took
    text = re.sub(
        r'"(seconds|generation|library|place|started|ended|made_at|state|version|nonce)": ?("[^"]*"|[\d.]+)', "", text
    )
    return re.sub(r"\d\d:\d\d(:\d\d)?|\d+\.\d+ ?s\b|\d+ pictures? (a|per) second|nonce=\"[^\"]*\"", "T", text)


@pytest.fixture
def told_by_a_folder(tmp_path: Path, photos: Path, capfd: pytest.CaptureFixture[str]) -> list[object]:
    told = _story(str(tmp_path / "library"), photos, capfd)
    (photos / "told.jpg").write_bytes(jpeg(xmp()))
    (photos / "copy.png").unlink()
    return told


def test_the_same_story_is_told_by_both(
    told_by_a_folder: list[object], photos: Path, postgres_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    told = _story(postgres_url.replace(":@", f":{SECRET}@"), photos, capfd)
    assert len(told) == len(told_by_a_folder)
    assert SECRET not in str(told)
    for ours, expected in zip(told, told_by_a_folder, strict=True):
        assert ours == expected


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """A folder that a server may run in; not the test's own, which other users cannot enter."""
    with TemporaryDirectory(prefix="imsearch-postgres-") as folder:
        yield Path(folder) / "data"


def test_pages_go_on_when_the_server_is_back(
    own_folder: Path, photos: Path, cache_folder: None, capfd: pytest.CaptureFixture[str]
) -> None:
    server = started(own_folder, keep=True)
    place = server.at("postgres")
    with Library.open(place, SETTINGS, create=True) as library:
        assert library.runs.index([photos]).annotated == 10
    try:
        with Library.open(place, SETTINGS) as library:
            client = TestClient(create_app(library), base_url="http://localhost", raise_server_exceptions=False)
            before = client.get("/api/search", params={"q": "red"}).json()
            assert before["total"] == 6
            server.stop()
            gone = client.get("/api/search", params={"q": "red"})
            assert gone.status_code == 503 and re.search("no PostgreSQL server|has ended the connection", gone.text)
            assert client.get("/?q=red").status_code == 503
            assert main(["query", "red", "--library", place]) == 2
            assert "no PostgreSQL server to be reached at" in capfd.readouterr().err
            server = started(own_folder, keep=True)
            assert client.get("/api/search", params={"q": "red"}).json() == before
            library.tags.correct([before["hits"][0]["id"]], ["sunset"], Verdict.ADD)
            assert library.search.query("sunset").total == 1
    finally:
        server.stop()
