"""Pictures that are cut short or damaged are read as far as they go; large ones within a budget of memory."""

from __future__ import annotations

import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imsearch.errors import PictureError
from imsearch.pictures.budget import Budget
from imsearch.pictures.picture import Picture, read_picture
from imsearch.pictures.reduce import reduced
from tests import make_pictures
from tests.make_pictures import BLUE, GREEN, RED, WHITE, cut_short, encoded, quarters

HERE = Path("a picture")


def read(data: bytes, least_side: int = 24) -> Picture:
    return read_picture(HERE, least_side, data)


def corners(picture: Picture) -> list[tuple[int, ...]]:
    return make_pictures.corners(picture.array(4, 4))


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {"interlace": 0}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("PPM", {}),
    ],
)
def test_of_a_file_that_is_cut_short_what_is_there_is_read(format: str, options: dict[str, Any]) -> None:
    picture = read(cut_short(format, 0.85, **options))
    assert (picture.width, picture.height) == (640, 480)
    assert corners(picture)[:2] == [RED, GREEN]
    assert "cut short" in picture.metadata["pixels_problem"]


def test_a_few_missing_bytes_cost_nothing() -> None:
    whole = encoded(quarters((640, 480)), "JPEG", quality=95)
    for missing in (1, 2, 20):
        assert corners(read(whole[:-missing])) == [RED, GREEN, BLUE, WHITE]
    zeros = whole[:-40] + bytes(40)
    assert corners(read(zeros))[:2] == [RED, GREEN]


def test_a_wrong_checksum_that_nobody_needs_costs_nothing() -> None:
    whole = encoded(quarters((64, 48)), "PNG")
    extra = struct.pack(">I", 4) + b"gAMA" + struct.pack(">I", 45455) + b"nope"
    picture = read(whole[:33] + extra + whole[33:])
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]
    assert "pixels_problem" not in picture.metadata


def test_damaged_pixels_are_told() -> None:
    whole = bytearray(encoded(quarters((640, 480)), "PNG", compress_level=0))
    whole[len(whole) * 3 // 4] ^= 255
    picture = read(bytes(whole))
    assert corners(picture)[:2] == [RED, GREEN]


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "I;16", "F", "I", "1", "CMYK"])
def test_large_pictures_are_reduced_in_bands_to_the_same(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = quarters((640, 480)) if mode in ("RGBA", "P", "CMYK") else quarters((640, 480)).convert("L")
    image = Image.fromarray(np.asarray(image).astype(np.uint16) << 8) if mode == "I;16" else image.convert(mode)
    assert image.mode == mode
    whole = np.asarray(reduced(image, (40, 30)).convert("RGB")).astype(int)
    monkeypatch.setattr("imsearch.pictures.reduce.BAND", 640 * 7)
    banded = np.asarray(reduced(image, (40, 30)).convert("RGB")).astype(int)
    assert np.abs(banded - whole).max() <= 8
    assert np.ptp(banded) > 100


def test_the_memory_of_decoding_is_asked_for_before(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="1 MB of memory; more than 1 MB are refused"):
        read_picture(HERE, 24, encoded(quarters((640, 480)), "PNG"), budget=Budget(1_000_000))
    asked: list[int] = []

    class Watched(Budget):
        def take(self, size: int) -> None:
            asked.append(size)
            super().take(size)

    read_picture(HERE, 24, encoded(quarters((640, 480)), "JPEG"), budget=Watched())
    read_picture(HERE, 24, encoded(quarters((640, 480)), "JPEG", progressive=True), budget=Watched())
    assert asked == [80 * 60 * 4, 80 * 60 * 4 + 640 * 480 * 3]  # at an eighth; and the coefficients of the whole


def test_a_jpeg_with_a_thousand_passes_is_refused() -> None:
    """Its last pass is repeated, which costs a few bytes each and as much time as the others."""
    whole = encoded(Image.new("L", (4096, 4096), 99), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    assert read(whole).width == 4096
    with pytest.raises(PictureError, match="passes over its pixels"):
        read(whole[:-2] + whole[last:-2] * 1000 + whole[-2:])
    small = encoded(quarters((640, 480)), "JPEG", progressive=True)
    last = small.rindex(b"\xff\xda")
    assert corners(read(small[:-2] + small[last:-2] * 100 + small[-2:])) == [RED, GREEN, BLUE, WHITE]


def test_a_budget_serves_one_after_another_and_never_gives_more_than_it_has() -> None:
    budget, held, most = Budget(100), [0], [0]
    turn = threading.Lock()

    def work(size: int) -> None:
        for _ in range(50):
            with budget.hold(size):
                with turn:
                    held[0] += size
                    most[0] = max(most[0], held[0])
                with turn:
                    held[0] -= size

    threads = [threading.Thread(target=work, args=(size,)) for size in (100, 60, 40, 10, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < most[0] <= 100
