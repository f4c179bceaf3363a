"""Original files that are no longer the pictures that were indexed are not served."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from tests.make_pictures import encoded, noise, plain, quarters
from tests.webui.conftest import address, fake_plugins

posix = pytest.mark.skipif(sys.platform == "win32", reason="names and links of POSIX")
HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def etag(path: Path) -> str:
    return f'"{hashlib.sha256(path.read_bytes()).hexdigest()}"'


def padded(path: Path, data: bytes) -> None:
    """The bytes in place of the file's, of the same size and with the same time of change."""
    status = path.stat()
    path.write_bytes(data.ljust(status.st_size, b" "))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def retouched(path: Path) -> None:
    """One other byte, in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))


def rewritten(path: Path, begin: int = 16) -> None:
    """Other bytes after the first, with the size and the time of modification as they were."""
    padded(path, path.read_bytes()[:begin] + b"S" * 100)


def replaced(path: Path) -> None:
    """Another file, moved to its place, as programs do that save safely."""
    other = path.with_name("other.jpg")
    shutil.copy2(path, other)
    rewritten(other)
    other.replace(path)


def piped(path: Path) -> None:
    """A pipe that nobody writes into: reading it would wait forever."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("swap", "status", "word"),
    [
        (lambda path: path.unlink(), 404, "no longer where it was"),
        (lambda path: noise(path, (64, 48)), 409, "Index it again"),
        (lambda path: padded(path, HTML), 409, "Index it again"),
        (lambda path: padded(path, SVG), 409, "Index it again"),
        (lambda path: padded(path, encoded(quarters(), "PNG")), 409, "Index it again"),
        (retouched, 409, "Index it again"),
        (rewritten, 409, "Index it again"),
        (lambda path: rewritten(path, begin=2000), 409, "Index it again"),
        (replaced, 409, "Index it again"),
        (lambda path: (path.unlink(), path.mkdir()), 409, "Index it again"),
        pytest.param(piped, 409, "Index it again", marks=posix),
        pytest.param(lambda path: (path.unlink(), path.symlink_to(path)), 409, "Index it again", marks=posix),
    ],
)
def test_another_file_in_its_place_is_refused(
    client: TestClient, noisy: str, photos: Path, swap: Callable[[Path], object], status: int, word: str
) -> None:
    asked: list[dict[str, str]] = [{}, {"Range": "bytes=0-9"}, {"If-None-Match": etag(photos / "noise.jpg")}]
    swap(photos / "noise.jpg")
    for answer in (client.get(noisy, headers=headers) for headers in asked):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert word in answer.json()["detail"] and "noise.jpg" in answer.json()["detail"]


def test_other_bytes_never_become_its_thumbnail(client: TestClient, library: Library, noisy: str, photos: Path) -> None:
    rewritten(photos / "noise.jpg", begin=2000)
    for size in ("small", "medium", "large"):
        answer = client.get(noisy.replace("original", f"thumbnail?size={size}"))
        assert answer.headers["x-imsearch-placeholder"] == "changed"
        assert "etag" not in answer.headers


def test_a_polyglot_is_a_picture_to_the_browser_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    """What is both a GIF and HTML was indexed as the GIF that it is."""
    path = tmp_path / "both.html.gif"
    path.write_bytes(encoded(quarters(), "GIF") + HTML)
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as library:
        library.runs.index([path])
        answer = TestClient(create_app(library), base_url="http://localhost").get(address(library, path))
    assert answer.content.endswith(HTML)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_a_file_that_was_only_touched_is_still_the_picture(client: TestClient, noisy: str, photos: Path) -> None:
    os.utime(photos / "noise.jpg", ns=(5, 5))
    assert client.get(noisy).status_code == 200


@posix
def test_a_link_is_followed_only_to_the_same_bytes(
    client: TestClient, noisy: str, photos: Path, tmp_path: Path
) -> None:
    path, elsewhere = photos / "noise.jpg", tmp_path / "elsewhere.jpg"
    status, data = path.stat(), path.read_bytes()
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert client.get(noisy).content == data
    # Another picture of the same kind, size and time behind the link: all that can be seen is equal, but the bytes.
    elsewhere.write_bytes(data[:-100] + bytes(98) + data[-2:])
    os.utime(elsewhere, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert client.get(noisy).status_code == 409


def test_the_next_copy_is_taken(client: TestClient, library: Library, photos: Path, settings: Settings) -> None:
    data = (photos / "noise.jpg").read_bytes()
    (photos / "copy.jpg").write_bytes(data)
    with Library.open(settings=settings, write=True, plugins=fake_plugins()) as writing:
        writing.runs.index([photos])
    whole = address(library, photos / "copy.jpg")
    for spoilt in ("copy.jpg", "noise.jpg"):
        assert client.get(whole).content == data
        plain(photos / spoilt)
    assert client.get(whole).status_code == 409
