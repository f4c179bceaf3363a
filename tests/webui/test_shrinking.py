"""From the bytes of a picture to its thumbnail: upright, in the right colours, never enlarged."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.reduce import reduced
from imsearch.webui.thumbs import shrinking
from imsearch.webui.thumbs.shrinking import fitted, shrink
from imsearch.webui.thumbs.thumbnails import BOXES
from tests.make_pictures import (
    BLUE,
    GREEN,
    LOSSLESS,
    RED,
    WHITE,
    animation,
    broken_pictures,
    encoded,
    odd_pictures,
    quarters,
    turned,
    wide_profile,
)


def decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def looks_like(image: Image.Image, corners: list[tuple[int, int, int]]) -> bool:
    """Whether the middles of the quarters have these colours, nearly."""
    width, height = image.size
    at = [(width // 4, height // 4), (3 * width // 4, height // 4), (width // 4, 3 * height // 4)]
    at.append((3 * width // 4, 3 * height // 4))
    found = np.array([image.getpixel(each) for each in at], int)
    return bool(np.abs(found - np.array(corners)).max() < 24)


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((4000, 3000), (1024, 256), (341, 256)),
        ((3000, 4000), (1024, 256), (192, 256)),
        ((9000, 1000), (1024, 256), (1024, 114)),
        ((100, 80), (1024, 256), (100, 80)),
        ((20_000, 2), (1024, 256), (1024, 1)),
    ],
)
def test_sizes_keep_the_shape_and_never_grow(
    size: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(*size, box) == expected


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(format: str, orientation: int) -> None:
    image = decoded(shrink(turned(format, orientation, (640, 480)), (1024, 120)))
    assert image.size == (160, 120)
    assert looks_like(image, [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("name", odd_pictures())
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_odd_pictures_become_thumbnails(name: str) -> None:
    image = Image.open(io.BytesIO(shrink(odd_pictures()[name], BOXES["small"])))
    assert image.format == "JPEG"
    assert image.height <= 256 and image.width <= 1024


@pytest.mark.parametrize("name", broken_pictures())
def test_broken_pictures_are_refused(name: str) -> None:
    with pytest.raises(PictureError):
        shrink(broken_pictures()[name], BOXES["small"])


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_of_an_animation_the_first_frame_is_shown(format: str) -> None:
    assert looks_like(decoded(shrink(animation(format), BOXES["small"])), [RED] * 4)


def test_a_jpeg_is_decoded_at_the_smallest_scale_that_suffices(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[int, int]] = []

    def watched(image: Image.Image, size: tuple[int, int]) -> Image.Image:
        loaded.append(image.size)
        return reduced(image, size)

    monkeypatch.setattr(shrinking, "reduced", watched)
    data = turned("JPEG", 6, (2048, 1024))
    assert decoded(shrink(data, (1024, 256))).size == (512, 256)
    assert loaded == [(256, 512)]


def test_wide_gamuts_are_turned_into_srgb() -> None:
    """A saturated green of a wide gamut is stored with a modest number, and must not stay as modest."""
    stored = Image.new("RGB", (400, 300), (150, 200, 120))
    plain = shrink(encoded(stored, "JPEG", quality=95), BOXES["small"])
    wide = shrink(encoded(stored, "JPEG", quality=95, icc_profile=wide_profile()), BOXES["small"])
    assert decoded(plain).getpixel((9, 9)) == pytest.approx((150, 200, 120), abs=4)
    # By the matrices of the two colour spaces and their common curve.
    assert decoded(wide).getpixel((9, 9)) == pytest.approx((135, 202, 110), abs=4)
    assert "icc_profile" not in Image.open(io.BytesIO(wide)).info


@pytest.mark.parametrize("profile", [b"no profile at all", wide_profile()[:200]])
def test_a_damaged_profile_is_left_unheeded(profile: bytes) -> None:
    data = encoded(quarters((640, 480)), "JPEG", icc_profile=profile)
    assert looks_like(decoded(shrink(data, BOXES["small"])), [RED, GREEN, BLUE, WHITE])


def test_a_profile_of_other_channels_is_left_unheeded() -> None:
    data = encoded(quarters((640, 480)).convert("L"), "JPEG", icc_profile=wide_profile())
    assert Image.open(io.BytesIO(shrink(data, BOXES["small"]))).mode == "L"


@pytest.mark.parametrize(("ink", "ground"), [((20, 20, 20), range(200, 256)), ((250, 250, 250), range(80))])
def test_see_through_drawings_can_be_seen(ink: tuple[int, int, int], ground: range) -> None:
    drawing = Image.new("RGBA", (100, 100), (*ink, 0))
    drawing.paste((*ink, 255), (40, 40, 60, 60))
    image = decoded(shrink(encoded(drawing, "PNG"), BOXES["small"]))
    assert image.getpixel((50, 50)) == pytest.approx(ink, abs=8)
    assert image.getpixel((5, 5))[0] in ground  # type: ignore[index]
