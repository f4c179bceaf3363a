"""Original files: by id only, whole or in ranges, and only as long as they are the pictures that were indexed."""

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
from imsearch.webui.api.files import disposition
from imsearch.webui.app import create_app
from tests.make_pictures import encoded, noise, odd_pictures, plain, quarters
from tests.webui.conftest import fake_plugins

posix = pytest.mark.skipif(sys.platform == "win32", reason="names and links of POSIX")


@pytest.fixture
def noisy(library: Library, photos: Path) -> str:
    """The address of the file noise.jpg."""
    return address(library, photos / "noise.jpg")


def address(library: Library, path: Path) -> str:
    image = library.facts.image(path)
    assert image is not None
    return f"/api/images/{image.id}/original"


def test_a_file_is_served_as_it_is(client: TestClient, noisy: str, photos: Path) -> None:
    data = (photos / "noise.jpg").read_bytes()
    answer = client.get(noisy)
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(data))
    assert answer.headers["content-disposition"] == "inline; filename=\"noise.jpg\"; filename*=UTF-8''noise.jpg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    download = client.get(noisy, params={"download": 1})
    assert download.headers["content-type"] == "application/octet-stream"
    assert download.headers["content-disposition"].startswith("attachment; ")


def test_it_is_known_by_its_hash(client: TestClient, library: Library, noisy: str, photos: Path) -> None:
    image = library.facts.image(photos / "noise.jpg")
    assert image is not None
    etag = f'"{image.sha256}"'
    assert client.get(noisy).headers["etag"] == etag
    same = client.get(noisy, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    assert "content-disposition" not in same.headers
    assert client.get(noisy, headers={"If-None-Match": '"other"'}).status_code == 200
    kept = client.get(noisy, params={"v": image.sha256[:12]})
    assert kept.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert client.get(noisy, params={"v": "0" * 12}).headers["cache-control"] == "private, no-cache"


def test_head_tells_the_same_without_the_file(client: TestClient, noisy: str) -> None:
    whole, head = client.get(noisy), client.head(noisy)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    part = client.head(noisy, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content, part.headers["content-length"]) == (206, b"", "5")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("Bytes = 3 - 999999999", 3, None),
        ("bytes=-999999999", 0, None),
    ],
)
def test_ranges(client: TestClient, noisy: str, photos: Path, asked: str, start: int, end: int | None) -> None:
    data = (photos / "noise.jpg").read_bytes()
    answer = client.get(noisy, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, data[start:end])
    first, last, _ = slice(start, end).indices(len(data))
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(data)}"
    assert answer.headers["content-length"] == str(last - first)


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=-", "bytes=a-b", "pixels=0-5", "bytes=0-1,5-6", "bytes=" + "9" * 40]
)
def test_ranges_that_are_not_understood_are_not_heeded(
    client: TestClient, noisy: str, photos: Path, asked: str
) -> None:
    answer = client.get(noisy, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, (photos / "noise.jpg").read_bytes())


def test_a_range_behind_the_end_is_a_problem(client: TestClient, noisy: str, photos: Path) -> None:
    size = (photos / "noise.jpg").stat().st_size
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = client.get(noisy, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_range_is_only_sent_of_the_same_state(client: TestClient, noisy: str) -> None:
    etag = client.get(noisy).headers["etag"]
    for state, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200), ("Sat, 01 Jan 2000 00:00:00 GMT", 200)):
        assert client.get(noisy, headers={"Range": "bytes=0-4", "If-Range": state}).status_code == status


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("animated.gif", "image/gif"),
        ("animated.webp", "image/webp"),
        ("bitmap.bmp", "image/bmp"),
        ("really-a-png.jpg", "image/png"),
        ("float.tif", "application/octet-stream"),
    ],
)
def test_the_type_is_what_the_bytes_are(settings: Settings, tmp_path: Path, name: str, type: str) -> None:
    path = tmp_path / name
    path.write_bytes(odd_pictures()[name])
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as library:
        library.runs.index([path])
        answer = TestClient(create_app(library), base_url="http://localhost").get(address(library, path))
    assert (answer.status_code, answer.headers["content-type"]) == (200, type)
    kind = "attachment" if type == "application/octet-stream" else "inline"
    assert answer.headers["content-disposition"].startswith(kind)


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


def test_unknown_pictures_are_problems(client: TestClient) -> None:
    for where, status in (("999", 404), ("0", 422), ("-1", 422), ("1e3", 422), ("%2e%2e/secret", 404)):
        answer = client.get(f"/api/images/{where}/original")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert client.post("/api/images/1/original").status_code == 405


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"beach.jpg", "filename=\"beach.jpg\"; filename*=UTF-8''beach.jpg"),
        (b'a "b"\\.jpg', "filename=\"a _b__.jpg\"; filename*=UTF-8''a%20%22b%22%5C.jpg"),
        (b"a\r\nSet-Cookie: x.jpg", "filename=\"a__Set-Cookie: x.jpg\"; filename*=UTF-8''a__Set-Cookie%3A%20x.jpg"),
        ("Grüße 🏖.jpg".encode(), "filename=\"Gr__e _.jpg\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%F0%9F%8F%96.jpg"),
        (b"\xff\xfe.jpg", "filename=\"__.jpg\"; filename*=UTF-8''%EF%BF%BD%EF%BF%BD.jpg"),
        (b"100%.jpg", "filename=\"100_.jpg\"; filename*=UTF-8''100%25.jpg"),
    ],
)
def test_names_in_headers(name: bytes, told: str) -> None:
    assert disposition("inline", name) == f"inline; {told}"


@posix
@pytest.mark.parametrize("name", [b'"quoted".png', b"two\nlines.png", b"\xff\xfe.png", "Grüße.png".encode()])
def test_files_of_odd_names(settings: Settings, tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    plain(path)
    with Library.open(settings=settings, create=True, plugins=fake_plugins()) as library:
        library.runs.index([path])
        client = TestClient(create_app(library), base_url="http://localhost")
        where = address(library, path)
        answer = client.get(where)
        assert answer.content == path.read_bytes()
        assert "\n" not in answer.headers["content-disposition"]
        assert "x-imsearch-placeholder" not in client.get(where.replace("original", "thumbnail")).headers
        path.unlink()
        gone = client.get(where)
        assert (gone.status_code, gone.json()["reason"]) == (404, "missing")
