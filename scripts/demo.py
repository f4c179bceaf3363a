"""The demo: a dozen photos that ship inside installed packages, indexed and searched with the real commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from PIL import Image

PHOTOS = Path("photos")
LIBRARY = Path("build") / "demo-library"
"""For the demo alone: `make clean` removes it.  A person's own pictures go into the default library."""

SOURCES = {
    "cat.jpg": ("skimage.data", "chelsea.png"),
    "astronaut.jpg": ("skimage.data", "astronaut.png"),
    "espresso.jpg": ("skimage.data", "coffee.png"),
    "rocket.jpg": ("skimage.data", "rocket.jpg"),
    "garage/motorcycle.jpg": ("skimage.data", "motorcycle_left.png"),
    "garage/motorcycle-2.jpg": ("skimage.data", "motorcycle_right.png"),
    "garage/brick-wall.jpg": ("skimage.data", "brick.png"),
    "garage/gravel.jpg": ("skimage.data", "gravel.png"),
    "garden/grass.jpg": ("skimage.data", "grass.png"),
    "garden/flower.jpg": ("sklearn.datasets.images", "flower.jpg"),
    "travel/temple.jpg": ("sklearn.datasets.images", "china.jpg"),
    "night/moon.jpg": ("skimage.data", "moon.png"),
    "night/galaxies.jpg": ("skimage.data", "hubble_deep_field.jpg"),
    "old/coins.jpg": ("skimage.data", "coins.png"),
    "old/cameraman.jpg": ("skimage.data", "camera.png"),
    "old/officer.jpg": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}
"""Files of the demo and where they lie; scikit-image, scikit-learn and Matplotlib ship them under free licences."""


def main() -> int:
    say(f"1. {len(SOURCES)} photos from installed packages go into ./{PHOTOS}")
    gather(PHOTOS)
    steps = (
        ("2. Tagging and indexing them", ["index", str(PHOTOS)]),
        ("3. Searching: a word finds what is in the picture, and kinds of it", ["query", "person", "-n", "5"]),
        ("   Two words: surely no building", ["query", "vehicle", "-building", "-n", "5"]),
        ("4. Pictures that look alike", ["similar", str(PHOTOS / "garage/motorcycle.jpg"), "-n", "3"]),
    )
    for title, arguments in steps:
        say(title)
        if (code := imsearch(arguments)) not in (0, 1):
            return code
    command = f"{Path(sys.executable).parent.relative_to(Path.cwd())}/imsearch"
    say("That is all. To go on:")
    demo = f"--library {shlex.quote(str(LIBRARY))}"
    print(f"  {command} serve {demo} --open          the demo in the browser")
    print(f"  {command} query {demo} flower          your own words")
    print(f"  {command} show {demo} photos/cat.jpg   all tags of a picture")
    print("\nYour own pictures go into a library of their own, in your user data folder:")
    print(f"  {command} index ~/Pictures")
    print(f"  {command} --help                                       everything else")
    return 0


def gather(folder: Path) -> None:
    """Write the photos as a user's folder would hold them; those that are there already stay untouched."""
    for name, (package, source) in SOURCES.items():
        target = folder / name
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with files(package).joinpath(source).open("rb") as stream, Image.open(stream) as image:
            image.convert("RGB").save(target, quality=92)


def imsearch(arguments: list[str]) -> int:
    """Run a command as a user would, and show it first."""
    shown = shlex.join(["imsearch", *arguments])
    print(f"\033[1m$ {shown}\033[0m" if sys.stdout.isatty() else f"$ {shown}", flush=True)
    environment = os.environ | {"IMSEARCH_LIBRARY": str(LIBRARY)}
    return subprocess.run([sys.executable, "-m", "imsearch", *arguments], env=environment, check=False).returncode


def say(text: str) -> None:
    print(f"\n\033[36m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
