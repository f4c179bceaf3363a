"""Raw files on the pages: thumbnails of their own, downloads, and listed beside the JPEG of the same shot."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from imsearch.library import Library
from imsearch.settings import Settings
from tests.make_pictures import encoded, quarters
from tests.make_raw import dng
from tests.webui.conftest import fake_plugins


@pytest.fixture
def shots(library: Library, settings: Settings, tmp_path: Path) -> Path:
    """A pair and a raw file alone, indexed."""
    (folder := tmp_path / "shots").mkdir()
    (folder / "IMG_1.JPG").write_bytes(encoded(quarters((128, 96)), "JPEG"))
    dng(folder / "IMG_1.DNG", quarters((640, 480)))
    dng(folder / "IMG_2.DNG", quarters((640, 480)), (500, 375), orientation=6)
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as filling:
        filling.runs.index([folder])
    return folder


def number(library: Library, path: Path) -> int:
    image = library.facts.image(path)
    assert image is not None
    return image.id


def test_a_raw_file_has_a_thumbnail_and_is_downloaded(client: TestClient, library: Library, shots: Path) -> None:
    raw = number(library, shots / "IMG_2.DNG")
    thumbnail = client.get(f"/api/images/{raw}/thumbnail")
    assert "x-imsearch-placeholder" not in thumbnail.headers
    assert Image.open(io.BytesIO(thumbnail.content)).size == (192, 256)
    original = client.get(f"/api/images/{raw}/original")
    assert original.content == (shots / "IMG_2.DNG").read_bytes()
    assert original.headers["content-type"] == "application/octet-stream"
    assert original.headers["content-disposition"].startswith('attachment; filename="IMG_2.DNG"')


def test_of_a_pair_the_jpeg_is_served_and_both_are_listed(client: TestClient, library: Library, shots: Path) -> None:
    pair = number(library, shots / "IMG_1.JPG")
    assert client.get(f"/api/images/{pair}/original").content == (shots / "IMG_1.JPG").read_bytes()
    page = client.get(f"/picture/{pair}").text
    assert "IMG_1.DNG" in page and "raw file of the same shot" in page and "copies of the same file" not in page
    record = client.get(f"/api/images/{pair}").json()
    assert record["files"] == [str(shots / "IMG_1.JPG"), str(shots / "IMG_1.DNG")]
    assert record["raw"] == [str(shots / "IMG_1.DNG")]
    (shots / "IMG_1.JPG").unlink()
    assert client.get(f"/api/images/{pair}/original").status_code == 404, "not the raw file's bytes in its place"
