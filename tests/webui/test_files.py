"""Original files: by id only, whole or in ranges, under their names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.api.files import disposition
from imsearch.webui.app import create_app
from tests.make_pictures import odd_pictures, plain
from tests.webui.conftest import address, fake_plugins

posix = pytest.mark.skipif(sys.platform == "win32", reason="names and links of POSIX")


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
