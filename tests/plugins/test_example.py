"""The example plugin, really installed into a fresh environment, indexes and finds pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.make_pictures import BLUE, RED, plain

EXAMPLE = Path(__file__).parents[2] / "examples" / "imsearch-colors"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a new environment with the example in it.

    imsearch and what it needs are borrowed from the environment of the tests instead of downloading gigabytes; the
    example itself is built and installed by pip.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    names = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", names))
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in ours))
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    install: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
    ]
    subprocess.run([*install, "--no-build-isolation", source], check=True)
    return folder / "bin"


def imsearch(environment: Path, library: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [environment / "python", "-m", "imsearch", *arguments]
    variables = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="environments lie otherwise there")
def test_the_example_is_found_indexes_and_answers(environment: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    listed = json.loads(imsearch(environment, library, "plugins", "--json").stdout)
    assert {"name": "colors", "version": "1.0.0", "error": None, "package": "imsearch-colors"} in listed["plugins"]

    (tmp_path / "photos").mkdir()
    red = plain(tmp_path / "photos" / "a.png", RED)
    blue = plain(tmp_path / "photos" / "b.png", BLUE, (24, 32))
    imsearch(environment, library, "index", tmp_path / "photos", "--annotator", "colors")
    assert imsearch(environment, library, "query", "red", "--format", "paths").stdout == f"{red}\n"
    assert imsearch(environment, library, "query", "ratio:3:4", "--format", "paths").stdout == f"{blue}\n"
    assert "ratio:3:2" in imsearch(environment, library, "plugins").stdout
    similar = imsearch(environment, library, "similar", plain(tmp_path / "c.png", (200, 10, 20)), "-n", "1", "-0")
    assert similar.stdout == f"{red}\0"


@pytest.mark.skipif(sys.platform == "win32", reason="environments lie otherwise there")
def test_the_example_passes_its_own_tests(environment: Path) -> None:
    source = environment.parent / "source"
    command: list[str | Path] = [environment / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", source]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
