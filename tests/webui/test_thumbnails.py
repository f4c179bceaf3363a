"""The thumbnails of a library: made once, served by id, and drawings where there is no picture."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from imsearch.engine.stores.batch import KnownImage
from imsearch.engine.stores.home import THUMBNAILS
from imsearch.errors import LibraryError
from imsearch.library import Library
from imsearch.pictures.decoders import InProcess
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.thumbs.placeholder import SAID, placeholder
from imsearch.webui.thumbs.thumbnails import BOXES, Size, Thumbnail, Thumbnails, original_address, thumbnail_address
from tests.make_pictures import noise
from tests.patience import PATIENCE, wait_until


def decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


# A library of them


class Making:
    """What is decoded of files (not of thumbnails), and who asks for it.  While `gate` is not set, nothing is."""

    def __init__(self) -> None:
        self.boxes: list[tuple[int, int]] = []
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    async def wait_for(self, true: Callable[[], bool]) -> None:
        await asyncio.to_thread(wait_until, true)


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    making, from_file, start = Making(), Thumbnails._from_file, Thumbnails._start

    def counted(self: Thumbnails, image: int, known: KnownImage, size: Size) -> bytes:
        making.boxes.append(BOXES[size])
        assert making.gate.wait(PATIENCE)
        return from_file(self, image, known, size)

    def asked(self: Thumbnails, image: int, known: KnownImage, size: Size) -> Future[Thumbnail]:
        flight = start(self, image, known, size)
        making.asked += 1
        return flight

    monkeypatch.setattr(Thumbnails, "_from_file", counted)
    monkeypatch.setattr(Thumbnails, "_start", asked)
    return making


def id_of(library: Library, path: Path) -> int:
    image = library.facts.image(path)
    assert image is not None
    return image.id


def test_one_that_many_ask_for_is_made_once(library: Library, photos: Path, making: Making) -> None:
    image, thumbnails = id_of(library, photos / "noise.jpg"), Thumbnails(library, InProcess(), workers=4)

    async def many() -> list[bytes]:
        making.gate.clear()
        asking = [asyncio.create_task(thumbnails.get(image, "small")) for _ in range(30)]
        await making.wait_for(lambda: making.asked == 30)
        making.gate.set()
        found = await asyncio.gather(*asking)
        return [each.content for each in found if each]

    contents = asyncio.run(many())
    assert len(contents) == 30 and len(set(contents)) == 1
    assert making.boxes == [BOXES["small"]]
    assert thumbnails.at_hand(image, "small") is not None
    # A new start finds it on disk.
    again = asyncio.run(Thumbnails(library, InProcess()).get(image, "small"))
    assert again is not None and again.content == contents[0]
    assert len(making.boxes) == 1


def test_one_who_goes_away_does_not_stop_the_others(library: Library, photos: Path, making: Making) -> None:
    image, thumbnails = id_of(library, photos / "noise.jpg"), Thumbnails(library, InProcess())

    async def two() -> bytes:
        making.gate.clear()
        impatient = asyncio.create_task(thumbnails.get(image, "small"))
        patient = asyncio.create_task(thumbnails.get(image, "small"))
        await making.wait_for(lambda: making.asked == 2)
        impatient.cancel()
        making.gate.set()
        found = await patient
        assert found is not None
        return found.content

    assert decoded(asyncio.run(two())).size == (384, 256)
    assert len(making.boxes) == 1


@pytest.mark.parametrize("together", [False, True])
def test_a_small_one_is_made_from_a_medium_one(library: Library, photos: Path, making: Making, together: bool) -> None:
    image, thumbnails = id_of(library, photos / "noise.jpg"), Thumbnails(library, InProcess())

    async def both() -> None:
        medium = asyncio.create_task(thumbnails.get(image, "medium"))
        if together:
            making.gate.clear()
            await making.wait_for(lambda: making.asked == 1)
        else:
            await medium
        asking = asyncio.create_task(thumbnails.get(image, "small"))
        if together:
            await making.wait_for(lambda: making.asked == 2)
            making.gate.set()
        small, larger = await asking, await medium
        assert small and larger
        assert decoded(larger.content).size == (768, 512)
        assert decoded(small.content).size == (384, 256)

    asyncio.run(both())
    assert making.boxes == [BOXES["medium"]]


def test_a_forgotten_picture_has_no_thumbnail_soon_after(
    library: Library, photos: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imsearch.webui.thumbs.known._TRUSTED", 0.0)
    image, thumbnails = id_of(library, photos / "red.png"), Thumbnails(library, InProcess())
    assert asyncio.run(thumbnails.get(image, "small"))
    (photos / "red.png").unlink()
    with Library.open(settings=settings, write=True, plugins=library.plugins) as writing:
        writing.runs.index([photos])
    assert asyncio.run(thumbnails.get(image, "small")) is None


def test_a_picture_that_was_moved_is_found_at_once(library: Library, photos: Path, settings: Settings) -> None:
    image, thumbnails = id_of(library, photos / "red.png"), Thumbnails(library, InProcess())
    assert thumbnails.known.get(image) is not None  # remembered with its old place
    (photos / "red.png").rename(photos / "moved.png")
    with Library.open(settings=settings, write=True, plugins=library.plugins) as writing:
        writing.runs.index([photos])
    found = asyncio.run(thumbnails.get(image, "small"))
    assert found is not None and not found.problem


def test_a_folder_that_cannot_be_written_only_costs_time(
    library: Library, photos: Path, making: Making, caplog: pytest.LogCaptureFixture
) -> None:
    (library.scratch / THUMBNAILS).write_bytes(b"in the way")
    images = [id_of(library, photos / name) for name in ("red.png", "noise.jpg")]
    thumbnails = Thumbnails(library, InProcess())
    with caplog.at_level(logging.WARNING):
        for image in images:
            found = asyncio.run(thumbnails.get(image, "small"))
            assert found is not None and not found.problem
    assert [record.message.split(" in ")[0] for record in caplog.records] == ["Thumbnails cannot be stored"]
    assert len(making.boxes) == 2


def test_the_addresses_hold_what_changes_with_the_picture(library: Library, photos: Path) -> None:
    image = library.facts.image(photos / "red.png")
    assert image is not None
    hash = image.sha256[:12]
    assert thumbnail_address(image, "medium") == f"/api/images/{image.id}/thumbnail?size=medium&v={hash}"
    assert original_address(image) == f"/api/images/{image.id}/original?v={hash}"
    assert original_address(image, download=True).endswith("&download=1")


# Over HTTP


def test_a_thumbnail_may_be_kept_forever_under_its_full_address(
    client: TestClient, library: Library, photos: Path
) -> None:
    image = library.facts.image(photos / "noise.jpg")
    assert image is not None
    answer = client.get(thumbnail_address(image))
    assert decoded(answer.content).size == (384, 256)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-imsearch-placeholder" not in answer.headers
    etag = answer.headers["etag"]
    same = client.get(f"/api/images/{image.id}/thumbnail", headers={"If-None-Match": f'"x", W/{etag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert same.headers["cache-control"] == "private, no-cache"
    assert client.get(thumbnail_address(image, "large")).headers["etag"] != etag
    head = client.head(thumbnail_address(image))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/images/999/thumbnail", 404),
        ("/api/images/0/thumbnail", 422),
        ("/api/images/99999999999999999999/thumbnail", 422),
        ("/api/images/..%2f..%2fetc%2fpasswd/thumbnail", 404),
        ("/api/images/1/thumbnail?size=huge", 422),
    ],
)
def test_what_is_not_in_the_library_is_a_problem(client: TestClient, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def damage(path: Path) -> None:
    """Other bytes behind the same beginning, of the same size and time."""
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:60] + bytes(len(data) - 60))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("missing", lambda path: path.unlink()),
        ("changed", lambda path: noise(path, (300, 200), seed=9)),
        ("changed", lambda path: (path.unlink(), path.mkdir())),
        ("changed", damage),
    ],
)
def test_a_drawing_of_its_shape_stands_for_a_picture_that_is_not_there(
    client: TestClient, library: Library, photos: Path, reason: str, spoil: Callable[[Path], object]
) -> None:
    image, before = id_of(library, photos / "noise.jpg"), (photos / "noise.jpg").read_bytes()
    spoil(photos / "noise.jpg")
    answer = client.get(f"/api/images/{image}/thumbnail")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    assert answer.headers["x-imsearch-placeholder"] == reason
    assert answer.headers["cache-control"] == "private, max-age=10"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert 'width="384" height="256"' in answer.text and SAID[reason] in answer.text
    assert "etag" not in answer.headers
    assert not list(library.scratch.glob(f"{THUMBNAILS}/*/*"))
    if (photos / "noise.jpg").is_file():  # and it heals
        (photos / "noise.jpg").write_bytes(before)
        client.app.state.site.thumbnails._failed.clear()  # type: ignore[attr-defined]
        assert "x-imsearch-placeholder" not in client.get(f"/api/images/{image}/thumbnail").headers


def test_a_thumbnail_outlives_its_file(client: TestClient, library: Library, photos: Path) -> None:
    """As when a disk is not plugged in."""
    image = id_of(library, photos / "noise.jpg")
    before = client.get(f"/api/images/{image}/thumbnail")
    (photos / "noise.jpg").unlink()
    with TestClient(create_app(library), base_url="http://localhost") as restarted:
        assert restarted.get(f"/api/images/{image}/thumbnail").content == before.content


@pytest.mark.parametrize("size", [(1024, 1), (1, 256), (341, 256), (64, 48), (1920, 1440)])
def test_placeholders_hold_no_script_and_no_style(size: tuple[int, int]) -> None:
    text = placeholder(*size, "missing").decode()
    assert text.startswith("<svg ") and "<script" not in text and "style" not in text and "href" not in text
    assert f'viewBox="0 0 {size[0]} {size[1]}"' in text


def test_a_folder_with_thumbnails_alone_may_become_a_library(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "library" / THUMBNAILS).mkdir(parents=True)
    with pytest.raises(LibraryError, match="no library in"):
        Library.open(settings=settings)
    with Library.open(settings=settings, create=True) as library:
        before = library.health.status().bytes
        (library.scratch / THUMBNAILS / "a").write_bytes(bytes(10_000_000))
        assert library.health.status().bytes < before + 1_000_000
