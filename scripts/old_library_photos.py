"""The pictures of the library that scripts/make_old_library.py makes: photos of the demo with facts of a camera.

Free photos from installed packages, made small; dates, places, cameras and texts are made up.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from PIL import Image

_LONGEST_SIDE = 320
_MAKE, _MODEL, _RATING, _XP_TITLE, _XP_KEYWORDS = 0x010F, 0x0110, 0x4746, 0x9C9B, 0x9C9E
_EXIF, _ISO, _TAKEN_AT, _LENS = 0x8769, 0x8827, 0x9003, 0xA434
_GPS = 0x8825


@dataclass(frozen=True)
class Photo:
    """Where a picture comes from, the part of it that is taken, and the EXIF it gets; place: degrees."""

    package: str
    source: str
    crop: tuple[float, float, float, float] = (0, 0, 1, 1)
    taken: str = ""
    camera: tuple[str, str] = ("", "")
    lens: str = ""
    iso: int = 0
    rating: int = 0
    place: tuple[float, float] | None = None
    title: str = ""
    keywords: str = ""


_SKIMAGE, _SKLEARN = "skimage.data", "sklearn.datasets.images"
_CANON, _PIXEL, _PHONE = ("Canon", "Canon EOS 80D"), ("Google", "Pixel 7"), ("Apple", "iPhone 14")
_MUNICH, _PEKING, _PARIS, _ANTIBES = (48.15, 11.58), (39.91, 116.39), (48.857, 2.352), (43.58, 7.12)

CAMERA = {
    "home/cat.jpg": Photo(
        _SKIMAGE,
        "chelsea.png",
        taken="2023:07:14 16:20:00",
        camera=_CANON,
        lens="EF-S 24mm",
        iso=100,
        rating=5,
        place=_ANTIBES,
        title="Mimi on the sofa",
        keywords="pet;holiday",
    ),
    "home/espresso.jpg": Photo(
        _SKIMAGE, "coffee.png", taken="2023:05:17 09:05:00", camera=_PIXEL, iso=50, rating=3, place=_MUNICH
    ),
    "home/flower.jpg": Photo(
        _SKLEARN, "flower.jpg", taken="2024:04:20 11:00:00", camera=_PHONE, place=_PARIS, keywords="garden"
    ),
    "home/grass.png": Photo(_SKIMAGE, "grass.png"),
    "town/motorcycle.jpg": Photo(
        _SKIMAGE,
        "motorcycle_left.png",
        taken="2024:02:03 21:40:00",
        camera=_CANON,
        lens="RF 50mm",
        iso=3200,
        rating=4,
        place=_MUNICH,
    ),
    "town/motorcycle-2.jpg": Photo(
        _SKIMAGE,
        "motorcycle_right.png",
        taken="2024:02:03 21:41:00",
        camera=_CANON,
        lens="RF 50mm",
        iso=3200,
        place=_MUNICH,
    ),
    "town/temple.jpg": Photo(
        _SKLEARN, "china.jpg", taken="2022:10:02 12:30:00", camera=_PHONE, iso=64, place=_PEKING, rating=4
    ),
    "town/temple wide.jpg": Photo(
        _SKLEARN, "china.jpg", crop=(0, 0.3, 1, 0.7), taken="2022:10:02 12:31:00", camera=_PHONE, place=_PEKING
    ),
    "town/rocket.jpg": Photo(_SKIMAGE, "rocket.jpg", taken="2023:12:25 18:00:00", title="Launch on TV"),
    "Screenshot 2024-01-05 at 10.00.00.png": Photo(_SKIMAGE, "page.png"),
}
"""The folder that is indexed first."""

ARCHIVE = {
    "astronaut.jpg": Photo(_SKIMAGE, "astronaut.png", taken="1999:06:01 10:00:00", title="Eileen"),
    "cameraman.jpg": Photo(_SKIMAGE, "camera.png"),
    "officer.jpg": Photo("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    "coins.webp": Photo(_SKIMAGE, "coins.png"),
    "moon.jpg": Photo(_SKIMAGE, "moon.png", taken="2021:08:22 23:10:00", iso=800),
    "galaxies.jpg": Photo(_SKIMAGE, "hubble_deep_field.jpg"),
    "IMG_1234.jpg": Photo(_SKIMAGE, "brick.png", taken="2020:01:31 08:00:00"),
    "gravel.jpg": Photo(_SKIMAGE, "gravel.png"),
}
"""The folder that is indexed second, where an exact copy of the cat and a smaller espresso lie, too."""

_SIDECAR = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmp:Rating="2" xmp:CreateDate="1984-01-01T12:00:00">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Rear Admiral Hopper</rdf:li></rdf:Alt></dc:title>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">In uniform, before a flag</rdf:li></rdf:Alt></dc:description>
<dc:subject><rdf:Bag><rdf:li>navy</rdf:li><rdf:li>portrait of a lady</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta>
"""


def write_photos(folder: Path) -> None:
    """Write both folders into `folder`; the times of all files are the same at every run."""
    for part, photos in (("camera", CAMERA), ("archive", ARCHIVE)):
        for name, photo in photos.items():
            _write(folder / part / name, photo, _LONGEST_SIDE)
    _write(folder / "archive" / "espresso small.jpg", Photo(_SKIMAGE, "coffee.png"), _LONGEST_SIDE // 2)
    shutil.copyfile(folder / "camera" / "home" / "cat.jpg", folder / "archive" / "cat (copy).jpg")
    (folder / "archive" / "officer.jpg.xmp").write_text(_SIDECAR, "utf-8")
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
        moment = datetime(2025, 1, 1, 12, number, tzinfo=UTC).timestamp()
        os.utime(path, (moment, moment))


def _write(target: Path, photo: Photo, longest_side: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with files(photo.package).joinpath(photo.source).open("rb") as stream, Image.open(stream) as opened:
        image = opened.convert("RGB")
    left, top, right, bottom = photo.crop
    width, height = image.size
    image = image.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))
    image.thumbnail((longest_side, longest_side))
    image.save(target, exif=_exif(photo), quality=90)


def _exif(photo: Photo) -> Image.Exif:
    exif, details = Image.Exif(), {_TAKEN_AT: photo.taken, _ISO: photo.iso, _LENS: photo.lens}
    windows = {_XP_TITLE: photo.title, _XP_KEYWORDS: photo.keywords}
    facts = {_MAKE: photo.camera[0], _MODEL: photo.camera[1], _RATING: photo.rating}
    exif.update({tag: value for tag, value in facts.items() if value})
    exif.update({tag: text.encode("utf-16-le") + b"\0\0" for tag, text in windows.items() if text})
    exif.get_ifd(_EXIF).update({tag: value for tag, value in details.items() if value})
    if photo.place:
        north, east = photo.place
        exif.get_ifd(_GPS).update({1: "N", 2: _degrees(north), 3: "E", 4: _degrees(east)})
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds; the places above lie north and east."""
    minutes, seconds = divmod(round(value * 3600), 60)
    return float(minutes // 60), float(minutes % 60), float(seconds)
