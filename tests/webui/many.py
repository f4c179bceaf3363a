"""Libraries of many small pictures, for pages that do not end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from PIL import Image

from imsearch.library import Library
from imsearch.settings import Settings
from tests.make_pictures import plain
from tests.webui.conftest import fake_plugins

SHAPES = ((64, 48), (48, 64), (60, 60), (96, 54), (150, 50), (30, 90))
DATES = (datetime(2024, 2, 3), datetime(2024, 1, 9), datetime(2024, 1, 8), datetime(2024, 1, 2))


@contextmanager
def many_pictures(folder: Path, settings: Settings, count: int, dated: bool = False) -> Iterator[Library]:
    """A library of so many reddish pictures of several shapes; the first four are dated where that is asked for."""
    photos = folder / "many"
    photos.mkdir()
    for number in range(count):
        colour = (255 - number % 200, number % 50, 40)
        path = photos / f"{number:04}.png"
        plain(path, colour, SHAPES[number % len(SHAPES)], seed=number + 1)
        if dated and number < len(DATES):
            exif = Image.Exif()
            exif.get_ifd(0x8769)[0x9003] = DATES[number].strftime("%Y:%m:%d %H:%M:%S")
            Image.new("RGB", (64, 48), colour).save(path.with_suffix(".jpg"), "JPEG", exif=exif)
            path.unlink()
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as filling:
        if count:
            filling.runs.index([photos])
    with Library.open(settings=settings, plugins=fake_plugins()) as opened:
        yield opened
