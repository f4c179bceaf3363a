"""Pictures that are not in the library: what is said of them, and that nothing of them is kept."""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from imsearch.annotator import Annotator
from imsearch.engine.search.finder import Finder
from imsearch.library import Library
from imsearch.records import RANKING_ONLY
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.trying import Limits, Trying
from tests.fakes import Calls, colour_spec
from tests.patience import PATIENCE, wait_until
from tests.webui.conftest import fake_plugins
from tests.webui.test_api import problem

Make = Callable[..., TestClient]
YELLOW = [
    {"name": "green", "score": 1.0, "source": "colours", "shown": True},
    {"name": "red", "score": 1.0, "source": "colours", "shown": True},
    {"name": "blue", "score": 0.0, "source": "colours", "shown": False},
]


def picture(colour: tuple[int, int, int] = (255, 255, 0), kind: str = "PNG", side: int = 40, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(file, kind, **options)
    return file.getvalue()


def send(client: TestClient, *files: bytes, name: str = "sun.png", **fields: Any) -> dict[str, Any]:
    answer = client.post("/api/annotate", files=[("file", (name, file)) for file in files], data=fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture
def make(library: Library, settings: Settings) -> Iterator[Make]:
    """Makes clients of the same library with other annotators installed, and other settings."""
    with ExitStack() as opened:

        def client(*specs: Any, settings: Settings = settings) -> TestClient:
            other = opened.enter_context(Library.open(settings=settings, plugins=fake_plugins(*specs)))
            return TestClient(create_app(other), base_url="http://localhost:8000", raise_server_exceptions=False)

        yield client


def trying(client: TestClient) -> Trying:
    app = client.app
    assert isinstance(app, FastAPI)
    found = app.state.site.trying
    assert isinstance(found, Trying)
    return found


def test_tags_come_by_annotator(client: TestClient) -> None:
    image = {"path": "sun.png", "tags": YELLOW, "error": None, "known": None}
    assert send(client, picture()) == {"images": [image], "similar": None, "cloud": None, "notes": []}


def test_each_annotator_says_its_own(make: Make) -> None:
    client = make(colour_spec(name="a"), colour_spec(name="b", words=("red", "leaf", "sky")))
    tags = send(client, picture((255, 51, 0)))["images"][0]["tags"]
    assert [(tag["source"], tag["name"], tag["score"]) for tag in tags] == [
        ("a", "red", 1.0),
        ("a", "green", 0.2),
        ("a", "blue", 0.0),
        ("b", "red", 1.0),
        ("b", "leaf", 0.2),
        ("b", "sky", 0.0),
    ]
    tags = send(client, picture(), annotators=["b"])["images"][0]["tags"]
    assert {tag["source"] for tag in tags} == {"b"}


def test_what_is_never_shown_comes_last_and_is_not_drawn(make: Make) -> None:
    hiding = replace(colour_spec(), thresholds={"green": RANKING_ONLY})
    answer = send(make(hiding), picture((90, 255, 100)), cloud=True)
    told = [(tag["name"], tag["shown"]) for tag in answer["images"][0]["tags"]]
    assert told == [("blue", False), ("red", False), ("green", False)]
    assert ">blue<" in answer["cloud"] and "green" not in answer["cloud"]


def test_the_annotators_of_the_settings_are_asked_by_default(make: Make, settings: Settings) -> None:
    named = replace(settings, annotators=("b",))
    client = make(colour_spec(name="a"), colour_spec(name="b"), settings=named)
    assert {tag["source"] for tag in send(client, picture())["images"][0]["tags"]} == {"b"}
    choices = client.get("/api/annotate").json()["annotators"]
    assert [(each["name"], each["chosen"], each["warm"]) for each in choices] == [
        ("a", False, False),
        ("b", True, True),
    ]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "HEIF"])
def test_every_format_that_is_indexed(client: TestClient, kind: str) -> None:
    if kind == "HEIF":
        from pillow_heif import from_pillow

        file = io.BytesIO()
        from_pillow(Image.new("RGB", (64, 64), (255, 255, 0))).save(file)
        data = file.getvalue()
    else:
        data = picture(kind=kind, side=64)
    (image,) = send(client, data, name="anything.heic")["images"]
    assert image["error"] is None
    assert [tag["name"] for tag in image["tags"] if tag["shown"]] in (["green", "red"], ["red", "green"])


def test_what_cannot_be_read_has_a_reason_and_harms_no_other(client: TestClient) -> None:
    answer = send(client, b"no picture", picture(), b"")
    assert [image["error"] for image in answer["images"]] == [
        "it is not a picture, or of a kind that is not supported",
        None,
        "it is empty",
    ]
    assert [len(image["tags"]) for image in answer["images"]] == [0, 3, 0]


def test_pixels_are_limited(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imsearch.pictures.budget.MAX_PIXELS", 1000)
    (image,) = send(client, picture())["images"]
    assert image["error"] == "it has 40 x 40 pixels; more than 1,000 in all are refused"


def test_similar_pictures_of_the_library(client: TestClient, library: Library, photos: Path) -> None:
    answer = send(client, picture((250, 10, 0)), similar=2)
    assert answer["similar"]["total"] == 6
    first, second = answer["similar"]["hits"]
    assert first["path"] == str(photos / "red.png")
    assert second["path"] != first["path"] and second["score"] < first["score"]
    assert answer["images"][0]["known"] is None


def test_a_copy_is_told_and_not_similar_to_itself(client: TestClient, photos: Path) -> None:
    answer = send(client, (photos / "red.png").read_bytes(), similar=10)
    known = answer["images"][0]["known"]
    assert client.get(f"/api/images/{known}").json()["path"] == str(photos / "red.png")
    assert answer["similar"]["total"] == 5
    assert known not in [hit["id"] for hit in answer["similar"]["hits"]]


def test_similar_pictures_need_no_annotator_to_be_chosen(make: Make) -> None:
    client = make(colour_spec(), colour_spec(name="other", words=("a", "b", "c")))
    answer = send(client, picture((255, 0, 0)), annotators=["other"], similar=1)
    assert {tag["source"] for tag in answer["images"][0]["tags"]} == {"other"}
    assert answer["similar"]["hits"][0]["score"] == pytest.approx(1.0, abs=1e-3)


def test_vectors_of_another_version_are_not_compared(make: Make) -> None:
    answer = send(make(colour_spec(version="2")), picture(), similar=3)
    assert answer["similar"] is None
    assert answer["notes"] == [
        "Similar pictures cannot be found: the library was indexed with colours 1, which is not installed. "
        "Index it again."
    ]


def test_a_library_without_vectors_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Finder, "vector_space", lambda self: None)
    assert send(client, picture(), similar=3)["notes"] == [
        "The library holds no vectors, so similar pictures cannot be found."
    ]


def test_the_tags_as_a_cloud(client: TestClient) -> None:
    svg = send(client, picture((255, 128, 0)), cloud="true")["cloud"]
    words = list(ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))
    assert [word.text for word in words] == ["red", "green"]
    assert send(client, picture((0, 0, 0)), cloud="true")["cloud"] is None


def test_models_stay_warm_and_give_their_memory_back(make: Make) -> None:
    calls = Calls()
    client = make(colour_spec(calls))
    for _ in range(2):
        send(client, picture())
    assert (len(calls.built), calls.closed) == (1, 0)
    trying(client).limits = Limits(idle=0.01)
    send(client, picture())
    wait_until(lambda: calls.closed == 1)
    wait_until(lambda: not trying(client).choices()[0].warm)
    assert send(client, picture())["images"][0]["tags"] == YELLOW
    assert len(calls.built) == 2


def test_the_end_of_the_server_lets_the_models_go(make: Make) -> None:
    calls = Calls()
    with make(colour_spec(calls)) as client:
        send(client, picture())
    assert calls.closed == 1


def test_a_model_that_cannot_be_built_is_told(make: Make) -> None:
    def build(device: str) -> Annotator:
        raise ImportError("no such weights")

    broken = replace(colour_spec(name="broken"), factory=build)
    client = make(broken, colour_spec())
    assert client.get("/api/annotate").json()["annotators"][0]["error"] is None
    (image,) = send(client, picture())["images"]
    assert image["tags"] == YELLOW
    assert image["error"] == "broken: ImportError: no such weights"
    assert client.get("/api/annotate").json()["annotators"][0]["error"] == "ImportError: no such weights"


def test_only_a_few_wait(client: TestClient) -> None:
    trying(client).limits = Limits(waiting=1)
    with trying(client).turn():
        answer = client.post("/api/annotate", files={"file": ("a.png", picture())})
    told = problem(answer, 503)
    assert answer.headers["retry-after"] == "5"
    assert told["detail"] == "Too many pictures are being tried at the same time. Try again."
    assert send(client, picture())["images"][0]["error"] is None


def test_what_takes_too_long_is_given_up(make: Make) -> None:
    calls, go_on = Calls(), threading.Event()
    slow = colour_spec(calls)

    def build(device: str) -> Annotator:
        go_on.wait(PATIENCE)
        return slow.factory(device)

    client = make(replace(slow, factory=build))
    trying(client).limits = Limits(seconds=0.1)
    answer = client.post("/api/annotate", files=[("file", ("a.png", picture()))] * 3)
    told = problem(answer, 504)
    assert "Models are loaded when they are first used" in told["detail"]
    assert answer.headers["retry-after"] == "10"
    go_on.set()
    trying(client).limits = Limits()
    send(client, picture())
    assert calls.annotated == 2  # the first of the three, nobody waited for the others, and this one


def test_nothing_is_kept(
    client: TestClient, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inside(folder: Path) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix not in (".sqlite3-shm",)}

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("an upload was put into a file")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", never)
    send(client, picture())  # what reading the library makes is there
    monkeypatch.chdir(scratch)
    before = inside(Path(settings.library))
    large = picture((255, 255, 0), "BMP", 1200)
    assert len(large) > 4_000_000
    answer = send(client, large, picture(), similar=3, cloud="true", name="../sun.png")
    assert [image["error"] for image in answer["images"]] == [None, None]
    assert inside(Path(settings.library)) == before
    assert inside(scratch) == {}


def test_files_beside_a_name_are_not_read(client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = io.open

    def spy(file: Any, *rest: Any, **more: Any) -> Any:
        opened.append(str(file))
        return real(file, *rest, **more)

    (tmp_path / "sun.png.xmp").write_text("secret")
    monkeypatch.setattr("builtins.open", spy)
    monkeypatch.setattr("io.open", spy)
    send(client, picture(), name=str(tmp_path / "sun.png"))
    assert not [file for file in opened if "sun.png" in file]
