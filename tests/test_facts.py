"""When, where, how and with what: every fact from every place it may be written in, and which place counts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin
from PIL.TiffImagePlugin import IFDRational

from imsearch.pictures.metadata.fields import number, place, plain
from imsearch.pictures.metadata.gather import Gathered
from imsearch.pictures.metadata.moments import is_zone, offset, offset_from_utc
from imsearch.pictures.metadata.xmp import read_xmp
from imsearch.pictures.picture import read_picture
from imsearch.records import Facts, Text
from tests.make_pictures import LOSSLESS, encoded, iptc, jpeg, quarters, xmp

CLOCK = datetime(2024, 5, 6, 7, 8, 9)


Directory = dict[int, Any]


def exif(base: Directory | None = None, more: Directory | None = None, gps: Directory | None = None) -> Image.Exif:
    """EXIF with these entries in its first directory and in the two that it points to."""
    made = Image.Exif()
    made.update(base or {})
    made.get_ifd(0x8769).update(more or {})
    made.get_ifd(0x8825).update(gps or {})
    return made


def read(data: bytes, path: Path = Path("a picture")) -> Gathered:
    return read_picture(path, 24, data, social_tags=True).gathered


def read_exif(**directories: dict[int, Any]) -> Gathered:
    return read(encoded(quarters(), "JPEG", exif=exif(**directories)))


def described(**properties: str) -> bytes:
    """An XMP packet with properties written as attributes: ``exif__FNumber`` stands for ``exif:FNumber``."""
    written = " ".join(f'{name.replace("__", ":")}="{value}"' for name, value in properties.items())
    return xmp(attributes=written)


FULL = exif(
    {0x010F: "NIKON", 0x0110: "Z 6", 0x4746: 4},
    {
        0x9003: "2024:05:06 07:08:09",
        0x9011: "+02:00",
        0x8827: 400,
        0x829D: IFDRational(28, 10),
        0x829A: IFDRational(1, 250),
        0x920A: IFDRational(35, 1),
        0xA433: "Zeiss",
        0xA434: "Distagon 2/35",
    },
    {1: "N", 2: (46.0, 30.0, 0.0), 3: "W", 4: (7.0, 15.0, 36.0)},
)
FACTS = Facts(120, "NIKON Z 6", "Zeiss Distagon 2/35", 400, 2.8, 0.004, 35.0, 46.5, -7.26, 4)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_of_every_format(format: str) -> None:
    said = read(encoded(quarters(), format, exif=FULL.tobytes(), **LOSSLESS[format]))
    assert (said.taken_at, said.facts, said.exif_problem) == (CLOCK, FACTS, "")


def test_numbers_in_other_fields_of_exif() -> None:
    apex = {0x9201: IFDRational(8, 1), 0x9202: IFDRational(4, 1)}  # 2^-8 s, 2^(4/2)
    facts = read_exif(more={**apex, 0x8827: 65535, 0x8832: 102400}).facts
    assert (facts.exposure, facts.aperture, facts.iso) == (0.00390625, 4.0, 102400)


@pytest.mark.parametrize(
    ("more", "gps", "expected"),
    [
        ({0x9003: "2024:05:06 07:08:09", 0x9011: "-03:30"}, {}, -210),
        ({0x9003: "2024:05:06 07:08:09", 0x9011: "   :  "}, {}, None),
        ({0x9003: "2024:05:06 07:08:09", 0x9012: "+01:00"}, {}, None),  # of another date
        ({0x9004: "2024:05:06 07:08:09", 0x9012: "+01:00"}, {}, 60),
        # By satellite 05:10:30 UTC, two minutes beside two hours earlier
        ({0x9003: "2024:05:06 07:08:09"}, {7: (5.0, 10.0, 30.0), 29: "2024:05:06"}, 120),
        # The day before at 20:08:09 UTC: eleven hours
        ({0x9003: "2024:05:06 07:08:09"}, {7: (20.0, 8.0, 9.0), 29: "2024:05:05"}, 660),
        # 6:59 apart: the clock or the fix is too far off to tell a zone
        ({0x9003: "2024:05:06 07:08:09"}, {7: (0.0, 0.0, 9.0), 29: "2024:05:06"}, None),
        ({0x9003: "2024:05:06 07:08:09"}, {7: (5.0, 8.0, 9.0)}, None),
    ],
)  # fmt: skip
def test_time_zones(more: dict[int, Any], gps: dict[int, Any], expected: int | None) -> None:
    said = read_exif(more=more, gps=gps)
    assert (said.taken_at, said.facts.utc_offset) == (CLOCK, expected)


def test_which_minutes_are_zones() -> None:
    assert all(map(is_zone, (0, 60, -210, 330, 345, 765, 840, -720)))
    assert not any(map(is_zone, (15, 855, -735, 900, 75)))
    assert offset_from_utc(CLOCK, CLOCK.replace(hour=1, minute=23)) == 345  # Nepal
    assert [offset(text) for text in ("Z", "+05:30", "-0800", "+1:00", "", "+99:00", None, 7)] == [
        0, 330, -480, 60, None, None, None, None
    ]  # fmt: skip


def test_plausible_values() -> None:
    assert [number(each, (0, 10)) for each in ("28/10", (5, 7), "x", "1/0", (), float("nan"), b"5", True, 11)] == [
        2.8, 5, None, None, None, None, None, None, None
    ]  # fmt: skip
    assert place(0.0, 0.0) is None and place(91, 0) is None and place(0.0, 9.5) == (0.0, 9.5)
    assert plain(" a\0b\n\ud800 c ") == "a b c"
    assert plain("word " * 2_000_000, 9) == "word word"


XMP_FACTS = {
    "exif__DateTimeOriginal": "2024-05-06T07:08:09+02:00", "tiff__Make": "Canon", "tiff__Model": "Canon EOS 80D",
    "aux__Lens": "EF50mm", "exif__FNumber": "28/10", "exif__ExposureTime": "1/250", "exif__FocalLength": "50/1",
    "exifEX__PhotographicSensitivity": "200", "exif__GPSLatitude": "46,30N", "exif__GPSLongitude": "7,15,36W",
    "xmp__Rating": "-1",
}  # fmt: skip


def test_xmp_serves_where_there_is_no_exif() -> None:
    said = read(jpeg(described(**XMP_FACTS)))
    assert said.taken_at == CLOCK
    assert said.facts == Facts(120, "Canon EOS 80D", "EF50mm", 200, 2.8, 0.004, 50.0, 46.5, -7.26, -1)


def test_exif_counts_before_xmp_except_for_the_rating() -> None:
    said = read(encoded(quarters(), "JPEG", exif=FULL, xmp=described(**{**XMP_FACTS, "xmp__CreateDate": "1999"})))
    assert said.facts == Facts(120, "NIKON Z 6", "Zeiss Distagon 2/35", 400, 2.8, 0.004, 35.0, 46.5, -7.26, -1)


def test_an_offset_is_taken_only_from_beside_the_same_time() -> None:
    dated = exif(more={0x9003: "2024:05:06 07:08:09"})
    for written, expected in (("2024-05-06T07:08:09+02:00", 120), ("2024-05-06T09:08:09+04:00", None)):
        packet = described(exif__DateTimeOriginal=written)
        assert read(encoded(quarters(), "JPEG", exif=dated, xmp=packet)).facts.utc_offset == expected


def test_when_a_picture_was_saved_is_the_last_resort() -> None:
    saved = exif({0x0132: "2031:01:01 00:00:00"})
    assert read(encoded(quarters(), "JPEG", exif=saved)).taken_at == datetime(2031, 1, 1)
    assert read(encoded(quarters(), "JPEG", exif=saved, xmp=described(xmp__CreateDate="1999"))).taken_at == datetime(
        1999, 1, 1
    )


def test_iptc_of_a_jpeg() -> None:
    block = iptc(b"Sea", title=b"Caf\xc3\xa9", date=b"20240506", time=b"070809+0200")
    said = read(jpeg(own_iptc=block))
    assert (said.taken_at, said.facts.utc_offset) == (CLOCK, 120)
    assert said.texts == (
        Text("title", "Café", "IPTC"), Text("description", "a caption", "IPTC"), Text("keyword", "Sea", "IPTC")
    )  # fmt: skip


def test_what_windows_writes() -> None:
    def utf_16(text: str) -> bytes:
        return f"{text}\0".encode("utf-16-le")

    said = read_exif(base={0x9C9B: utf_16("Übung"), 0x9C9E: utf_16("Sea;Big Dog; "), 0x9C9C: utf_16("A day out")})
    assert [(text.source, text.text) for text in said.texts] == [
        ("title", "Übung"), ("description", "A day out"), ("keyword", "Sea"), ("keyword", "Big Dog")
    ]  # fmt: skip
    assert said.social_tags == ("sea", "big dog")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Anna at the lake", "Anna at the lake"),
        ("Anna am See, schön", "Anna am See, schön"),
        ("OLYMPUS DIGITAL CAMERA         ", None),
        ("SONY DSC", None),
        ("default", None),
        ("   ", None),
    ],
)
def test_descriptions_of_cameras_are_left_out(written: str, read_as: str | None) -> None:
    texts = read_exif(base={0x010E: written.encode()}).texts
    assert [text.text for text in texts] == ([read_as] if read_as else [])


def test_people_in_xmp() -> None:
    faces = (
        '<mwg-rs:Regions rdf:parseType="Resource" xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/">'
        '<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ann" mwg-rs:Type="Face"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><mwg-rs:Name>Bob</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>'
        '<rdf:li><rdf:Description mwg-rs:Name="A bar code" mwg-rs:Type="BarCode"/></rdf:li>'
        "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )
    assert read_xmp(xmp("sea", inside=faces)).tags == ["sea", "Ann", "Bob"]


def test_other_pictures_inside_an_xmp_packet_do_not_count() -> None:
    other = (
        '<xmpMM:Pantry xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"><rdf:Bag><rdf:li><rdf:Description>'
        "<dc:subject><rdf:Bag><rdf:li>cat</rdf:li></rdf:Bag></dc:subject>"
        "</rdf:Description></rdf:li></rdf:Bag></xmpMM:Pantry>"
    )
    assert read_xmp(xmp("dog", inside=other)).tags == ["dog"]


def test_titles_in_several_languages() -> None:
    titles = '<rdf:li xml:lang="de">Meer</rdf:li><rdf:li xml:lang="x-default">Sea</rdf:li>'
    packet = xmp(inside=f"<dc:title><rdf:Alt>{titles}</rdf:Alt></dc:title>", title="")
    assert read_xmp(packet).texts[0] == ("title", "Sea")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "IMG 1.jpg"
    path.write_bytes(jpeg(xmp("Sea", attributes='xmp:Rating="2"'), iptc(b"sea", b"Boat")))
    return path


def test_a_sidecar_counts_first_for_what_people_write(photo: Path) -> None:
    photo.with_suffix(".xmp").write_bytes(xmp("Beach", title="Newer", attributes='xmp:Rating="5"'))
    photo.with_suffix(".txt").write_text("boat, sun")
    said = read(photo.read_bytes(), photo)
    assert said.facts.rating == 5
    assert said.texts == (
        Text("title", "Newer", "IMG 1.xmp"),
        Text("description", "a caption", "IPTC"),
        Text("keyword", "Beach", "IMG 1.xmp"),
        Text("keyword", "Sea", "XMP"),
        Text("keyword", "Boat", "IPTC"),
        Text("keyword", "sun", "IMG 1.txt"),
    )
    assert said.social_tags == ("sea", "boat", "beach", "sun")


def test_takeout_tells_when_and_where(photo: Path) -> None:
    told = {
        "title": "IMG 1.jpg", "description": "Ann & Bob", "photoTakenTime": {"timestamp": "1714979289"},
        "geoData": {"latitude": 0.0, "longitude": 0.0}, "geoDataExif": {"latitude": 46.5, "longitude": -7.26},
    }  # fmt: skip
    photo.with_name("IMG 1.jpg.supplemental-metadata.json").write_text(json.dumps(told))
    said = read(photo.read_bytes(), photo)
    assert (said.taken_at, said.facts.utc_offset) == (CLOCK, 0)  # 1714979289 is 07:08:09 in UTC
    assert (said.facts.latitude, said.facts.longitude) == (46.5, -7.26)
    assert Text("description", "a caption", "IPTC") in said.texts


def test_long_texts(photo: Path) -> None:
    packet = xmp("x" * 101, *(f"k{number}" for number in range(200)), title="t" * 999)
    said = read(jpeg(packet))
    assert [len(text.text) for text in said.texts[:2]] == [300, 2]
    assert len(said.texts) == 101


def test_iptc_of_a_tiff_has_titles_too() -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[33723], info.tagtype[33723] = iptc(b"Sea", title=b"T"), 7
    assert read(encoded(quarters(), "TIFF", tiffinfo=info)).texts[0] == Text("title", "T", "IPTC")
