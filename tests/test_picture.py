"""Decoding: every odd kind of picture comes out upright, RGB and small, or is refused with a reason."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.picture import LONGEST, MAX_PIXELS, Picture, read_picture
from tests import make_pictures
from tests.make_pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    animation,
    broken_pictures,
    damaged_exif,
    encoded,
    noise,
    odd_pictures,
    planar_tiff,
    quarters,
    turned,
    wide_profile,
    with_exif,
)

HERE = Path("a picture")


def read(data: bytes, least_side: int = 24) -> Picture:
    return read_picture(HERE, least_side, data)


def corners(picture: Picture) -> list[tuple[int, ...]]:
    return make_pictures.corners(picture.array(4, 4))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_pictures_are_turned_upright(format: str, orientation: int) -> None:
    picture = read(turned(format, orientation))
    assert (picture.width, picture.height, picture.format) == (64, 48, format)
    assert picture.image.size == (32, 24)
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]


def test_a_jpeg_is_decoded_no_larger_than_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[tuple[int, int]] = []
    path = noise(tmp_path / "large.jpg", (2400, 1600))
    resize = Image.Image.resize

    def spy(self: Image.Image, *args: object, **options: object) -> Image.Image:
        decoded.append(self.size)
        return resize(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", spy)
    picture = read_picture(path, 224)
    assert decoded[0] == (600, 400)  # a quarter; an eighth would be 300 x 200, too small
    assert picture.image.size == (336, 224)
    assert (picture.width, picture.height) == (2400, 1600)


def test_a_small_picture_is_not_enlarged() -> None:
    assert read(encoded(quarters((64, 48)), "PNG"), 500).image.size == (64, 48)


def test_the_reduced_picture_looks_like_the_whole(tmp_path: Path) -> None:
    path = noise(tmp_path / "photo.jpg", (1600, 1200))
    whole = np.asarray(Image.open(path).resize((64, 64), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(read_picture(path, 224).array(64, 64).astype(int) - whole).mean() < 3


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("name", sorted(odd_pictures()))
def test_odd_pictures_are_read(name: str) -> None:
    picture = read(odd_pictures()[name])
    assert picture.image.mode == "RGB"
    assert picture.array(16, 8).shape == (8, 16, 3)
    assert picture.array(16, 8).dtype == np.uint8


def test_colours_survive_cmyk() -> None:
    assert corners(read(odd_pictures()["cmyk.jpg"])) == [RED, GREEN, BLUE, WHITE]


def test_sixteen_bits_and_floats_are_scaled_not_clipped() -> None:
    for name in ("sixteen-bit.png", "float.tif"):
        pixels = read(odd_pictures()[name]).array(8, 8)
        assert pixels[0].mean() < 30
        assert 110 < pixels.mean() < 145
        assert pixels[-1].mean() > 225


def test_transparency_is_laid_on_white() -> None:
    half = read(odd_pictures()["transparent.png"]).array(4, 4)[1, 1]
    assert [round(float(level) / 128) for level in half] == [2, 1, 1]  # red at one half over white
    clear = read(encoded(Image.new("P", (8, 8), 0), "PNG", transparency=0))
    assert tuple(clear.array(2, 2)[0, 0]) == WHITE


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_the_first_frame_of_an_animation_counts(format: str) -> None:
    pixel = read(animation(format)).array(2, 2)[0, 0]
    assert pixel[0] > 240 and pixel[1] < 15 and pixel[2] < 15


def test_several_pictures_in_one_jpeg_are_read_as_the_first() -> None:
    image = Image.new("RGB", (640, 480), RED)
    data = encoded(image, "MPO", save_all=True, append_images=[Image.new("RGB", (640, 480), BLUE)])
    picture = read(data, 60)
    assert (picture.format, picture.width, picture.image.size) == ("JPEG", 640, (80, 60))
    assert picture.array(2, 2)[0, 0, 0] > 240


def test_ribbons_do_not_stay_large() -> None:
    assert read(odd_pictures()["wide.png"], 24).image.size == (24 * LONGEST, 2)
    assert read(odd_pictures()["tall.jpg"], 24).image.size == (3, 24 * LONGEST)


@pytest.mark.parametrize("name", sorted(broken_pictures()))
def test_broken_files_are_refused_with_a_reason(name: str) -> None:
    with pytest.raises(PictureError) as refused:
        read(broken_pictures()[name])
    reason = {
        "bomb.png": "50,000 x 50,000 pixels",
        "empty.jpg": "it is empty",
        "text.jpg": "not a picture",
        "postscript.jpg": "not a picture",
        "header-only.png": "",
        "truncated.jpg": "Truncated",
        "truncated.heic": "it is damaged or cut short",
        "one-byte.jpg": "not a picture",
        "truncated.png": "truncated",
    }[name]
    assert reason in str(refused.value)


def test_planes_of_sixteen_bits_are_read_as_they_are() -> None:
    for order in "<>":
        picture = read(planar_tiff(quarters((64, 48)), order))
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]


def test_colours_are_those_of_the_profile() -> None:
    """A saturated green of a wide gamut is stored with a modest number, and must not stay as modest."""
    stored = Image.new("RGB", (64, 48), (150, 200, 120))
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        options: dict[str, Any] = {"quality": 95} if format in ("JPEG", "WEBP") else {}
        pixels = read(encoded(stored, format, icc_profile=wide_profile(), **options)).array(1, 1)
        assert pixels[0, 0].tolist() == pytest.approx((135, 202, 110), abs=5)


def test_large_panoramas_are_read_and_the_hosts_limit_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(encoded(quarters((640, 480)), "PNG")).width == 640
    assert Image.MAX_IMAGE_PIXELS == 1000
    assert MAX_PIXELS > 200_000_000


def test_a_missing_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file"):
        read_picture(tmp_path / "gone.jpg", 24)


def test_hash_and_shared_arrays(tmp_path: Path) -> None:
    data = encoded(quarters(), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    picture = read_picture(tmp_path / "a.png", 24)
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert picture.array(8, 8) is picture.array(8, 8)
    assert read_picture(HERE, 24, data, "known").sha256 == "known"


def test_exif_facts() -> None:
    facts = read(with_exif()).metadata
    assert facts["taken_at"] == "2024-05-06T07:08:09"
    assert facts["camera"] == "Canon EOS 80D"
    assert facts["gps"] == pytest.approx((-33.856667, 151.215))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_stop_a_picture() -> None:
    picture = read(damaged_exif())
    assert (picture.width, picture.height) == (64, 48)
    assert "taken_at" not in picture.metadata


def test_nonsense_in_exif_is_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x0110], exif[0x0132] = 77, "Cam\x00\x07era\n9", "0000:00:00 00:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (400.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)})
    picture = read(encoded(quarters(), "JPEG", exif=exif))
    assert picture.metadata in ({"camera": "Cam era 9"}, {"camera": "Cam"})
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]
