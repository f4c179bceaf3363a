"""Screenshots of every page in both themes, over photos in the public domain: ``python -m scripts.screenshots``.

The photos, and details cut from them, come from installed packages: scikit-image (NASA; museums; photographers who gave
theirs as CC0) and Matplotlib (the United States Navy).  Dates, cameras and places are made up, so that there is
something to see.  Needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, TypeAlias

import uvicorn
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from imsearch.webui.guard.access import Access

TARGET = Path("docs") / "screenshots"
Shots: TypeAlias = dict[str, tuple[str, Callable[[Page], object] | None]]
SCALE = 3
"""Details are enlarged by this, so that they look like photos of their own."""


class Photo(NamedTuple):
    """A picture to write: where it comes from, which part of it, and what it says of itself."""

    name: str
    source: str
    box: tuple[int, int, int, int] | None = None
    taken: str = ""
    camera: str = ""
    place: tuple[float, float] | None = None


_SPACE, _HOME, _GARAGE = (28.572, -80.648), (37.872, -122.259), (44.013, -73.181)
PHOTOS = (
    Photo("home/chelsea.jpg", "chelsea.png", None, "2024:03:02 09:14:00", "Pocket One", _HOME),
    Photo("home/chelsea-nose.jpg", "chelsea.png", (100, 60, 300, 260), "2024:03:02 09:15:00", "Pocket One", _HOME),
    Photo("home/chelsea-eye.jpg", "chelsea.png", (60, 40, 330, 160), "2024:03:02 09:15:30", "Pocket One", _HOME),
    Photo("home/espresso.jpg", "coffee.png", None, "2024:05:18 07:42:00", "Pocket One", _HOME),
    Photo("home/espresso-cup.jpg", "coffee.png", (120, 20, 420, 380), "2024:05:18 07:43:00", "Pocket One", _HOME),
    Photo("home/clock.jpg", "clock_motion.png", None, "2023:11:05 23:59:00", "Pocket One", _HOME),
    Photo("space/astronaut.jpg", "astronaut.png", None, "2023:07:20 11:00:00", "Reflex 5", _SPACE),
    Photo("space/astronaut-portrait.jpg", "astronaut.png", (120, 0, 330, 300), "2023:07:20 11:02:00", "Reflex 5"),
    Photo("space/shuttle.jpg", "astronaut.png", (330, 60, 512, 330), "2023:07:20 11:04:00", "Reflex 5"),
    Photo("space/rocket.jpg", "rocket.jpg", None, "2023:07:21 06:30:00", "Reflex 5", _SPACE),
    Photo("space/launch-pad.jpg", "rocket.jpg", (210, 0, 450, 427), "2023:07:21 06:31:00", "Reflex 5", _SPACE),
    Photo("space/moon.jpg", "moon.png", None, "2023:08:30 22:10:00", "Reflex 5"),
    Photo("space/craters.jpg", "moon.png", (60, 190, 460, 400), "2023:08:30 22:12:00", "Reflex 5"),
    Photo("space/deep-field.jpg", "hubble_deep_field.jpg", None, "2022:12:18 01:00:00"),
    Photo("space/galaxies.jpg", "hubble_deep_field.jpg", (0, 0, 620, 360), "2022:12:18 01:10:00"),
    Photo("space/spiral.jpg", "hubble_deep_field.jpg", (560, 380, 1000, 872), "2022:12:18 01:20:00"),
    Photo("garage/motorcycle.jpg", "motorcycle_left.png", None, "2024:06:09 15:20:00", "Reflex 5", _GARAGE),
    Photo("garage/motorcycle-right.jpg", "motorcycle_right.png", None, "2024:06:09 15:20:02", "Reflex 5", _GARAGE),
    Photo("garage/front-wheel.jpg", "motorcycle_left.png", (30, 170, 330, 500), "2024:06:09 15:25:00", "Reflex 5"),
    Photo("garage/brick-wall.jpg", "brick.png", None, "2024:06:09 16:00:00", "Pocket One", _GARAGE),
    Photo("garden/grass.jpg", "grass.png", None, "2024:04:11 10:00:00", "Pocket One", _HOME),
    Photo("garden/gravel.jpg", "gravel.png", (0, 100, 512, 400), "2024:04:11 10:03:00", "Pocket One", _HOME),
    Photo("old/cameraman.jpg", "camera.png", None, "1964:05:01 12:00:00"),
    Photo("old/cameraman-close.jpg", "camera.png", (90, 30, 370, 420), "1964:05:01 12:01:00"),
    Photo("old/officer.jpg", "grace_hopper.jpg", None, "1984:01:20 10:00:00"),
    Photo("old/officer-portrait.jpg", "grace_hopper.jpg", (90, 40, 420, 420), "1984:01:20 10:00:30"),
    Photo("old/coins.jpg", "coins.png", None, "2021:02:14 14:00:00", "Pocket One"),
    Photo("old/coins-row.jpg", "coins.png", (0, 0, 384, 150), "2021:02:14 14:02:00", "Pocket One"),
)


def write_photos(folder: Path) -> None:
    """Write them as a user's folder would hold them."""
    for photo in PHOTOS:
        root = files("matplotlib") / "mpl-data/sample_data" if "hopper" in photo.source else files("skimage.data")
        with root.joinpath(photo.source).open("rb") as stream, Image.open(stream) as opened:
            image = opened.convert("RGB")
        if photo.box:
            image = image.crop(photo.box)
        image = image.resize((image.width * SCALE, image.height * SCALE), Image.Resampling.LANCZOS)
        target = folder / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target, quality=92, exif=_exif(photo))


def _exif(photo: Photo) -> Image.Exif:
    exif = Image.Exif()
    inner = exif.get_ifd(0x8769)
    if photo.taken:
        inner[0x9003] = photo.taken
    if photo.camera:
        exif[0x010F], exif[0x0110] = "Example", photo.camera
        inner[0x829A], inner[0x829D], inner[0x8827], inner[0x920A] = 1 / 250, 2.8, 400, 35.0
    if photo.place:
        north, east = photo.place
        degrees = {1: "N" if north >= 0 else "S", 2: _sexagesimal(north), 3: "E" if east >= 0 else "W"}
        exif.get_ifd(0x8825).update({**degrees, 4: _sexagesimal(east)})
    return exif


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(abs(degrees) * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return whole, minutes, seconds


@contextmanager
def served(library: Library, access: Access | None = None) -> Iterator[str]:
    """The address at which the library's pages can be opened."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(library, access=access), host="127.0.0.1", port=0, log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    options.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        photos, settings = Path(folder) / "Pictures", Settings(library=Path(folder) / "library", semantic="off")
        write_photos(photos)
        with Library.open(settings=settings, create=True) as library:
            library.runs.index([photos], ["everyday", "emotion"])
            cat = library.facts.identify([str(photos / "home/chelsea.jpg")]).popitem()[1] or 1
            library.tags.correct([cat], ["chelsea"], Verdict.ADD)
        with Library.open(settings=settings) as library, served(library) as address, sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            shoot_all(browser, address, cat, photos, options.target)
            access = Access(library.scratch)
            access.ensure_token()
            with served(library, access) as locked:
                shoot(browser, locked, {"login": ("/login", None)}, options.target)
            browser.close()


def shoot_all(browser: Browser, address: str, cat: int, photos: Path, target: Path) -> None:
    """Every page, light and dark; the search and the picture on a phone too."""

    stranger = photos.parent / "from-a-friend.jpg"  # mirrored, so that the library does not know its bytes
    with Image.open(photos / "home/espresso.jpg") as image:
        ImageOps.mirror(image).save(stranger, quality=90)

    def try_picture(page: Page) -> None:
        for name in ("emotion", "multimodal"):
            page.locator(f"input[value={name}]").check(force=True)
        page.set_input_files("input[type=file]", stranger)
        page.wait_for_selector("meter", timeout=120_000)
        page.locator(".trial").first.scroll_into_view_if_needed()

    shots: Shots = {
        "search": ("/", None),
        "results": ("/?q=person", None),
        "picture": (f"/picture/{cat}?q=cat", None),
        "tags": ("/tags", None),
        "try": ("/try", try_picture),
        "review": ("/review", None),
        "status": ("/status", None),
        "api": ("/api/docs", None),
    }
    shoot(browser, address, shots, target)


def shoot(browser: Browser, address: str, shots: Shots, target: Path) -> None:
    """shots: by the name of the file, the page and what to do there before."""
    for theme in ("light", "dark"):
        for device, size in {"": (1280, 860), "-phone": (390, 844)}.items():
            context = browser.new_context(
                base_url=address,
                viewport={"width": size[0], "height": size[1]},
                color_scheme=theme,
                has_touch=bool(device),
                is_mobile=bool(device),
                device_scale_factor=1,
            )
            page = context.new_page()
            for name, (path, prepare) in shots.items():
                if device and name not in ("search", "picture"):
                    continue
                page.goto(path)
                if prepare:
                    prepare(page)
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(400)
                shot = target / f"{name}{device}-{theme}"
                page.screenshot(path=shot.with_suffix(".png"))
                with Image.open(shot.with_suffix(".png")) as image:
                    image.convert("RGB").save(shot.with_suffix(".webp"), quality=88, method=6)
                shot.with_suffix(".png").unlink()
            context.close()


if __name__ == "__main__":
    main()
