"""The files beside a picture are found by every spelling that cameras, systems and Google Takeout give them."""

from __future__ import annotations

import os
import time
import unicodedata
from pathlib import Path

import pytest

from imsearch.pictures.metadata.beside import Sidecars, beside

LONG = "123456789 123456789 123456789 12345678_DSCN"


@pytest.mark.parametrize(
    ("picture", "file"),
    [
        ("a.JPG", "a.XMP"),
        ("a.JPG", "a.jpg.Xmp"),
        ("A.jpg", "a.TXT"),
        (unicodedata.normalize("NFC", "Café.jpg"), unicodedata.normalize("NFD", "Café.xmp")),
        (unicodedata.normalize("NFD", "Café.jpg"), unicodedata.normalize("NFC", "Café.jpg.json")),
        ("a.jpg", "a.jpg.JSON"),
        ("a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a.jpg", "a.jpg.suppl.json"),
        ("a.jpg", "a.jpg.s.json"),
        ("a.jpg", "a.supplemental-metadata.json"),
        ("a.jpg", "a.json"),
        ("a(1).jpg", "a.jpg(1).json"),
        ("a(1).jpg", "a.jpg (1).json"),
        ("a(1).jpg", "A.JPG.supplemental-metadata(1).json"),
        ("a(1).jpg", "a.jpg(1).supplemental-metadata.json"),
        ("a(1).jpg", "a(1).jpg.json"),
        ("a(1).jpg", "a(1).json"),
        ("a(1).jpg", "a.supplemental-metadata(1).json"),
        ("a-edited.jpg", "a.jpg.json"),
        ("a-Bearbeitet.jpg", "a.jpg.supplemental-metadata.json"),
        (unicodedata.normalize("NFD", "a-modifié.jpg"), "a.jpg.json"),
        ("a-edited(1).jpg", "a.jpg(1).json"),
        ("a-edited.jpg", "a.heic.json"),
        (f"{LONG}.JPG", f"{LONG}.JP.json"),
        (f"{LONG}.JPG", f"{LONG}.JPG.su.json"),
        (f"{LONG}(1).JPG", f"{LONG}.JPG.su(1).json"),
        (f"{LONG}-ha edit.JPG", f"{LONG}.JPG.su.json"),
        (f"{LONG} and much more.jpg", f"{LONG} an.json"),
    ],
)
def test_spellings(picture: str, file: str) -> None:
    assert Sidecars([file, "other.xmp", "other.jpg.json"]).of(picture) == [file]


@pytest.mark.parametrize(
    ("picture", "file"),
    [
        ("a.jpg", "ab.xmp"),
        ("a.jpg", "a.jpg(1).json"),
        ("a(1).jpg", "a.jpg.json"),
        ("a(1).jpg", "a.jpg(2).json"),
        ("a-sea.jpg", "a.jpg.json"),
        ("a-edited.jpg", "a.xmp"),
        ("a.jpg", "a.jpg.metadata.json"),
        ("a summer day at the sea in the year 2019, again.jpg", "a summer day at the sea in the year 2019.json"),
    ],
)
def test_files_of_other_pictures(picture: str, file: str) -> None:
    assert Sidecars([file]).of(picture) == []


def test_the_order_in_which_they_count() -> None:
    files = ["a.json", "a.jpg.json", "a.txt", "a.jpg.txt", "a.xmp", "a.jpg.xmp"]
    assert Sidecars(files).of("a.jpg") == ["a.jpg.xmp", "a.xmp", "a.jpg.txt", "a.txt", "a.jpg.json"]
    assert Sidecars(["a.jpg(1).json", "a(1).jpg.json"]).of("a(1).jpg") == ["a(1).jpg.json"]
    assert Sidecars(["a.xmp", "A.xmp"]).of("A.jpg") == ["A.xmp"]


def test_a_file_that_comes_later_is_found(tmp_path: Path) -> None:
    for settled in (0, 3600):
        name = f"{settled}.XMP"
        os.utime(tmp_path, (time.time() - settled,) * 2)
        assert beside(str(tmp_path), f"{settled}.jpg") == []
        (tmp_path / name).write_text("")
        assert beside(str(tmp_path), f"{settled}.jpg") == [name]
    assert beside(str(tmp_path / "nowhere"), "a.jpg") == []


def test_a_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"{number}.XMP").write_text("")
    os.utime(tmp_path, (1e9, 1e9))
    assert beside(str(tmp_path), "7.jpg") == ["7.XMP"]
    monkeypatch.setattr(os, "listdir", None)
    assert all(beside(str(tmp_path), f"{number}.jpg") == [f"{number}.XMP"] for number in range(50))
