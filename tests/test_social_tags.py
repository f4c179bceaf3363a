"""What people wrote is found in the file and beside it, and no damage of it stops a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import PngImagePlugin, TiffImagePlugin

from imsearch.pictures.metadata import gather as facts
from imsearch.pictures.metadata.fields import Said
from imsearch.pictures.metadata.gather import LONGEST_TAG, MOST_TAGS
from imsearch.pictures.metadata.readers import BESIDE
from imsearch.pictures.metadata.sidecars import LARGEST, read_takeout, read_text
from imsearch.pictures.metadata.xmp import read_xmp
from imsearch.pictures.picture import Picture, read_picture
from tests.make_pictures import encoded, iptc, jpeg, quarters, xmp


def read(path: Path, data: bytes | None = None) -> Picture:
    return read_picture(path, 24, data, social_tags=True)


def photo(folder: Path, **beside: bytes | str) -> Path:
    """A photo without keywords, and files whose names begin like its own: ``_jpg_xmp`` stands for ``.jpg.xmp``."""
    path = folder / "IMG 1.jpg"
    path.write_bytes(jpeg())
    for ending, content in beside.items():
        file = folder / ("IMG 1" + ending.replace("__", "-").replace("_", "."))
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_xmp_inside_the_file(tmp_path: Path, format: str) -> None:
    packet = xmp("Beach", "Big  Dog", "beach", levels=("Places|Crete|Beach",))
    if format == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        data = encoded(quarters(), "PNG", pnginfo=info)
    else:
        data = encoded(quarters(), format, **({"tiffinfo": {700: packet}} if format == "TIFF" else {"xmp": packet}))
    assert read(tmp_path / "a", data).social_tags == ("beach", "big dog", "places", "crete")


@pytest.mark.parametrize(("keyword", "utf_8"), [(b"Caf\xc3\xa9", True), (b"Caf\xc3\xa9", False), (b"Caf\xe9", False)])
def test_iptc_keywords_of_a_jpeg(tmp_path: Path, keyword: bytes, utf_8: bool) -> None:
    assert read(tmp_path / "a.jpg", jpeg(own_iptc=iptc(keyword, b"Sea", utf_8=utf_8))).social_tags == ("café", "sea")
    assert read(tmp_path / "a.jpg", jpeg(own_iptc=iptc(keyword, utf_8=utf_8))).social_tags == ("café",)


def test_iptc_keywords_of_a_tiff(tmp_path: Path) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[33723], info.tagtype[33723] = iptc(b"Sea"), 7
    assert read(tmp_path / "a.tif", encoded(quarters(), "TIFF", tiffinfo=info)).social_tags == ("sea",)


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({"_xmp": xmp("Sea", bag="Seq")}, ("sea",)),
        ({"_jpg_xmp": xmp(levels=("Animals|Dog",))}, ("animals", "dog")),
        ({"_txt": "Sea\r\n Big Dog ,beach,\n\nsea"}, ("sea", "big dog", "beach")),
        ({"_jpg_txt": b"\xef\xbb\xbfCaf\xc3\xa9"}, ("café",)),
        ({"_jpg_json": json.dumps({"title": "IMG 1.jpg", "people": [{"name": "Ann B"}]})}, ("ann b",)),
        ({"_jpg_supplemental__metadata_json": json.dumps({"description": "A dog on the beach!"})},
         ("dog", "the", "beach")),
        ({"_JSON": json.dumps({"tags": ["Sea"]}), "_md": "nothing"}, ("sea",)),
        ({}, ()),
    ],
)  # fmt: skip
def test_files_beside_the_picture(tmp_path: Path, beside: dict[str, bytes | str], expected: tuple[str, ...]) -> None:
    picture = read(photo(tmp_path, **beside))
    assert picture.social_tags == expected
    assert "social_tags_problem" not in picture.metadata


def test_takeout_cuts_long_names(tmp_path: Path) -> None:
    path = tmp_path / "PXL_20240506_070809123.PORTRAIT.jpg"
    path.write_bytes(jpeg())
    cut = "PXL_20240506_070809123.PORTRAIT.jpg.supplemental-metadata"[:46]
    (tmp_path / f"{cut}.json").write_text('{"tags": ["Sea"]}')
    assert read(path).social_tags == ("sea",)


def test_takeout_by_hand() -> None:
    said = {
        "title": "Dogs of Crete",
        "description": "it was 30 degrees",
        "people": [{"name": "Ann"}, {}, "Bob"],
        "tags": None,
    }
    assert read_takeout(json.dumps(said).encode()).tags == ["Ann", "Bob", "Dogs", "Crete", "was", "degrees"]


def test_all_sources_come_in_order_and_each_tag_once(tmp_path: Path) -> None:
    path = photo(tmp_path, _xmp=xmp("c", "a"), _txt="d\nB", _jpg_json='{"tags": [{"name": "e"}, "a"]}')
    path.write_bytes(jpeg(xmp("A"), iptc(b"b", b"a")))
    assert read(path).social_tags == ("a", "b", "c", "d", "e")


def test_without_being_asked_nothing_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photo(tmp_path, _txt="sea")
    path.write_bytes(jpeg(xmp("dog")))
    monkeypatch.setattr(facts, "_sources", None)
    assert read_picture(path, 24).social_tags == ()


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ({"_xmp": xmp("dog")[:200]}, "IMG 1.xmp: it is not well-formed XML"),
        ({"_xmp": BOMB}, "IMG 1.xmp: it declares a document type"),
        ({"_jpg_json": "{"}, "IMG 1.jpg.json: "),
        ({"_jpg_json": "[]"}, "IMG 1.jpg.json: it is not a JSON object"),
        ({"_jpg_json": '{"people": 7}'}, "IMG 1.jpg.json: "),
    ],
)
def test_a_damaged_file_beside_it_is_told_and_the_others_serve(
    tmp_path: Path, beside: dict[str, bytes | str], told: str
) -> None:
    picture = read(photo(tmp_path, _txt="sea", **beside))
    assert picture.social_tags == ("sea",)
    assert picture.metadata["social_tags_problem"].startswith(told)


@pytest.mark.parametrize(
    "data",
    [
        jpeg(own_xmp=b"<x:xmpmeta"),
        jpeg(own_xmp=BOMB),
        jpeg(own_iptc=b"\x1c\x02\x19\xff\xff"),
        jpeg(own_iptc=b"nonsense"),
    ],
)
def test_damage_inside_the_file_does_not_stop_it(tmp_path: Path, data: bytes) -> None:
    path = photo(tmp_path, _txt="sea")
    path.write_bytes(data)
    picture = read(path)
    assert (picture.width, picture.social_tags) == (64, ("sea",))
    assert "social_tags_problem" in picture.metadata


def test_what_is_no_sidecar_is_left_alone(tmp_path: Path) -> None:
    path = photo(tmp_path, _txt=b"sea\n" * LARGEST, _xmp=b"")
    (tmp_path / "IMG 1.jpg.txt").mkdir()
    assert read(path).social_tags == ()
    long = tmp_path / ("x" * 250 + ".jpg")
    long.write_bytes(jpeg())
    assert "social_tags_problem" not in read(long).metadata


def test_a_sidecar_that_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = photo(tmp_path, _txt="sea")

    def denied(data: bytes) -> Said:
        raise PermissionError(13, "Permission denied", "IMG\udce9.txt")

    monkeypatch.setattr(facts, "BESIDE", {**BESIDE, ".txt": denied})
    problem = read(path).metadata["social_tags_problem"]
    assert problem.startswith("IMG 1.txt: [Errno 13]") and problem.encode()


def test_prose_and_control_characters_are_no_tags() -> None:
    tags = [*read_text(b"a\x00b\tc\n" + b"x" * (LONGEST_TAG + 1) + b"\n , \n").tags, "Ärger\u200b"]
    assert facts._lowered(tags) == ("a b c", "ärger")
    assert len(facts._lowered(str(number) for number in range(1000))) == MOST_TAGS


def test_xmp_without_keywords_or_at_all() -> None:
    assert read_xmp(b"\0\0 ").tags == [] == read_xmp(xmp()).tags
    assert read_xmp(xmp("a") + b"\0" * 9).tags == ["a"]
