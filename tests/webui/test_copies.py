"""Whether a file still holds the indexed bytes is found out by hashing it once, however many ask."""

from __future__ import annotations

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader
from pathlib import Path

import pytest

from imsearch.engine.stores.batch import KnownImage
from imsearch.library import Library
from imsearch.webui.thumbs.copies import Copies, NoCopyError


@pytest.fixture
def known(library: Library, photos: Path) -> KnownImage:
    """A picture whose file has another time than when it was indexed."""
    image = library.facts.image(photos / "noise.jpg")
    found = library.facts.known(image.id) if image else None
    assert found is not None
    os.utime(photos / "noise.jpg", ns=(5, 5))
    return found


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are hashed, which takes a while."""
    names: list[str] = []
    digest = hashlib.file_digest

    def slow(file: BufferedReader, name: str) -> object:
        names.append(file.name)
        time.sleep(0.2)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", slow)
    return names


def test_a_file_is_hashed_once_for_as_long_as_it_stays(known: KnownImage, photos: Path, hashed: list[str]) -> None:
    copies = Copies(settled=0)
    for _ in range(3):
        file, seen = copies.open(known)
        assert (file.tell(), seen.path) == (0, photos / "noise.jpg")
        file.close()
    assert len(hashed) == 1
    (photos / "noise.jpg").unlink()
    with pytest.raises(NoCopyError):
        copies.open(known)


def test_who_asks_while_a_file_is_hashed_waits_for_that(known: KnownImage, hashed: list[str]) -> None:
    """A browser asks for a large file in several parts at once."""
    copies = Copies(settled=0)
    with ThreadPoolExecutor(4) as threads:
        for file, _ in threads.map(copies.open, [known] * 4):
            assert file.read(2) == b"\xff\xd8"
            file.close()
    assert len(hashed) == 1
