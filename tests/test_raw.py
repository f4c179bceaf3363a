"""Raw files: the preview or the sensor's pixels, upright, with what the file says of itself."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.formats import SUFFIXES, begins_like, open_picture
from imsearch.pictures.picture import read_headers, read_picture
from imsearch.pictures.raw import RAW_SUFFIXES, is_raw, may_be_raw
from imsearch.webui.thumbs.shrinking import shrink
from tests.make_pictures import BLUE, GREEN, RED, WHITE, encoded, quarters, turned
from tests.make_raw import XMP, dng

SENSOR = quarters((640, 480))
UPRIGHT = {
    1: (RED, GREEN, BLUE, WHITE), 2: (GREEN, RED, WHITE, BLUE), 3: (WHITE, BLUE, GREEN, RED),
    4: (BLUE, WHITE, RED, GREEN), 5: (RED, BLUE, GREEN, WHITE), 6: (BLUE, RED, WHITE, GREEN),
    7: (WHITE, GREEN, BLUE, RED), 8: (GREEN, WHITE, RED, BLUE),
}  # fmt: skip
"""The corners of `quarters`, turned by each EXIF orientation: upper left and right, lower left and right."""


def corners(image: Image.Image) -> tuple[tuple[int, ...], ...]:
    """The colours near the corners, each channel no or full."""
    width, height = image.size
    places = [(x, y) for y in (4, height - 5) for x in (4, width - 5)]
    found = [image.convert("RGB").getpixel(place) for place in places]
    assert all(isinstance(pixel, tuple) for pixel in found)
    return tuple(tuple(255 * (level > 127) for level in pixel) for pixel in found)  # type: ignore[union-attr]


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("preview", [(600, 450), (60, 45), None], ids=["preview", "small preview", "no preview"])
def test_pictures_and_thumbnails_stand_upright(
    tmp_path: Path, orientation: int, preview: tuple[int, int] | None
) -> None:
    file = dng(tmp_path / "a.dng", SENSOR, preview, orientation)
    picture = read_picture(file, 100)
    size = (640, 480) if orientation < 5 else (480, 640)
    assert (picture.format, picture.width, picture.height) == ("RAW", *size)
    assert min(picture.image.size) == 100 and (picture.image.width > picture.image.height) == (orientation < 5)
    assert corners(picture.image) == UPRIGHT[orientation]
    thumbnail = Image.open(io.BytesIO(shrink(file.read_bytes(), (256, 256))))
    assert corners(thumbnail) == UPRIGHT[orientation] and max(thumbnail.size) == 256


def test_a_preview_that_the_camera_has_turned_is_not_turned_again(tmp_path: Path) -> None:
    upright = encoded(quarters((450, 600)), "JPEG")
    picture = read_picture(dng(tmp_path / "a.dng", SENSOR, upright, orientation=6), 100)
    assert (picture.width, picture.height) == (480, 640) and corners(picture.image) == UPRIGHT[1]


def test_a_preview_that_says_itself_how_it_lies_is_believed(tmp_path: Path) -> None:
    preview = turned("JPEG", 3, (600, 450))
    picture = read_picture(dng(tmp_path / "a.dng", SENSOR, preview, orientation=1), 100)
    assert corners(picture.image) == UPRIGHT[1], "its own orientation makes it upright"


def test_date_camera_place_and_texts_are_read_from_the_file(tmp_path: Path) -> None:
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    file = dng(tmp_path / "a.dng", SENSOR, more={XMP: (1, list(xmp))})
    with file.open("rb") as opened:
        headers = read_headers(file, opened)
    for found in (headers, read_picture(file, 100, social_tags=True).gathered):
        assert str(found.taken_at) == "2021-05-04 03:02:01" and found.facts.utc_offset == 120
        assert (found.facts.camera, found.facts.lens) == ("Acme Click 3", "Lens of glass")
        assert (found.facts.iso, found.facts.exposure, found.facts.focal_length) == (400, 0.004, 50)
        assert (found.facts.latitude, found.facts.longitude) == (48.5, 11.25)
        assert found.facts.rating == 4


def test_of_a_damaged_preview_the_sensor_is_taken(tmp_path: Path) -> None:
    preview = encoded(Image.new("RGB", (600, 450), BLUE), "JPEG", quality=95)
    broken = preview[: len(preview) // 3]
    assert corners(read_picture(dng(tmp_path / "a.dng", SENSOR, preview), 100).image)[0] == BLUE
    whole = dng(tmp_path / "b.dng", SENSOR, preview).read_bytes()
    (tmp_path / "b.dng").write_bytes(whole.replace(preview, broken + bytes(len(preview) - len(broken))))
    assert corners(read_picture(tmp_path / "b.dng", 100).image) == UPRIGHT[1]


@pytest.mark.parametrize("kept", [300, 5000])
def test_a_raw_file_that_is_cut_short_is_told(tmp_path: Path, kept: int) -> None:
    file = dng(tmp_path / "a.dng", SENSOR)
    data = file.read_bytes()
    (first,) = struct.unpack("<I", data[4:8])
    # The directories first, as cameras write them, and of the pixels only the beginning.
    file.write_bytes(data[:kept])
    with pytest.raises(PictureError):
        read_picture(file, 100)
    assert first > kept


def test_content_decides_and_not_the_name(tmp_path: Path) -> None:
    renamed = dng(tmp_path / "a.jpg", SENSOR)
    assert read_picture(renamed, 100).format == "RAW"
    (tmp_path / "b.dng").write_bytes(encoded(SENSOR, "JPEG"))
    assert read_picture(tmp_path / "b.dng", 100).format == "JPEG"


@pytest.mark.parametrize("format", ["TIFF", "JPEG", "PNG", "HEIF", "WEBP"])
def test_other_pictures_are_no_raw_files(format: str) -> None:
    assert not is_raw(io.BytesIO(encoded(SENSOR, format)))


@pytest.mark.parametrize(
    "start",
    [
        b"FUJIFILMCCD-RAW 0201",
        b"IIU\0\x18\0\0\0" + bytes(8),
        b"IIRO\x08\0\0\0" + bytes(8),
        b"\0\0\0\x18ftypcrx \0\0\0\1",
        b"II\x1a\0\0\0HEAPCCDR\2\0",
        b"FOVb" + bytes(12),
        b"\0MRM" + bytes(12),
        b"II*\0\x10\0\0\0CR\2\0" + bytes(4),
    ],
)
def test_makers_marks(start: bytes) -> None:
    assert is_raw(io.BytesIO(start)) and may_be_raw(start[:16]) and begins_like("RAW", start[:16])


@pytest.mark.parametrize("order", ["<", ">"])
def test_directories_that_lead_nowhere_or_in_circles_are_left(order: str) -> None:
    magic = b"II*\0" if order == "<" else b"MM\0*"
    circle = (
        magic
        + struct.pack(f"{order}IH", 8, 1)
        + struct.pack(f"{order}HHII", 330, 4, 1, 8)
        + struct.pack(f"{order}I", 8)
    )
    far = magic + struct.pack(f"{order}I", 1 << 31)
    many = magic + struct.pack(f"{order}IH", 8, 65535) + bytes(12 * 65535)
    for data in (circle, far, many, magic, magic + b"\0"):
        assert not is_raw(io.BytesIO(data))


def test_rubbish_with_a_makers_mark_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.raf").write_bytes(b"FUJIFILMCCD-RAW " + bytes(500))
    with pytest.raises(PictureError, match="it is a raw file that cannot be read: Unsupported file format"):
        read_picture(tmp_path / "a.raf", 100)


def test_names_are_taken_for_pictures() -> None:
    assert RAW_SUFFIXES <= SUFFIXES


def test_without_the_extra_it_is_told_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = dng(tmp_path / "a.dng", SENSOR)
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(PictureError, match=r'its extra "raw": pip install .imsearch-engine\[raw\]'):
        read_picture(file, 100)


def test_the_size_is_known_before_anything_is_decoded(tmp_path: Path) -> None:
    with dng(tmp_path / "a.dng", SENSOR).open("rb") as file, open_picture(file) as opened:
        assert (opened.size, opened.format, opened.mode) == ((640, 480), "RAW", "RGB")
        opened.draft(None, (100, 100))
        assert opened.size == (150, 113), "a quarter of the preview"
        opened.load()
        assert opened.size == (150, 113)
