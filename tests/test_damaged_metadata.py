"""Whatever stands where metadata should be, the picture is read, and what is kept of it can be stored."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imsearch.pictures.metadata.gather import LONGEST, LONGEST_PROBLEM, MOST_TAGS, Gathered
from imsearch.pictures.metadata.plain_xml import XmlError
from imsearch.pictures.metadata.sidecars import read_takeout, read_text
from imsearch.pictures.metadata.xmp import LARGEST, read_xmp
from imsearch.pictures.picture import TEXTS_LEFT_OUT, read_headers, read_picture
from tests.make_pictures import chunk, damaged_exif, encoded, iptc, jpeg, quarters, xmp
from tests.test_facts import FULL

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore:Corrupt EXIF data|Metadata Warning|Truncated File Read|Invalid APP0"),
]
SHIFTING = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

PICTURES = {
    "JPEG": encoded(quarters(), "JPEG", exif=FULL, xmp=xmp("sea")),
    "PNG": encoded(quarters(), "PNG", exif=FULL),
    "WEBP": encoded(quarters(), "WEBP", exif=FULL, xmp=xmp("sea")),
}


def jpeg_with_exif(block: bytes) -> bytes:
    """A JPEG with any bytes for its EXIF block."""
    data = encoded(quarters(), "JPEG")
    segment = b"Exif\0\0" + block[:65000]
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def tiff(*entries: tuple[int, int, int, bytes]) -> bytes:
    """A little-endian EXIF block: entries of number, type, count and the four bytes of value or offset."""
    rows = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + rows + bytes(4)


def check(said: Gathered) -> None:
    """What is kept fits the catalog: text that is UTF-8 without zero bytes, finite numbers, short lists."""
    texts = json.dumps([said.metadata(), [text.text + text.origin for text in said.texts]], allow_nan=False)
    assert "\\u0000" not in texts and "\\ud8" not in texts
    assert all(0 < len(text.text) <= LONGEST[text.source] for text in said.texts)
    assert len(said.texts) <= MOST_TAGS + 2 and len(said.social_tags) <= MOST_TAGS
    assert len(said.exif_problem) <= LONGEST_PROBLEM and len(said.social_tags_problem) <= LONGEST_PROBLEM
    facts = said.facts
    assert facts.latitude is None or (-90 <= facts.latitude <= 90 and -180 <= (facts.longitude or 0) <= 180)
    assert facts.iso is None or 0 < facts.iso < 2**31
    assert facts.rating is None or -1 <= facts.rating <= 5


def read(data: bytes, path: Path = Path("a.jpg")) -> Gathered:
    """Read a picture whole and by its headers; both must do."""
    picture = read_picture(path, 24, data, social_tags=True)
    assert (picture.width, picture.height) == (64, 48)
    check(picture.gathered)
    check(read_headers(path, io.BytesIO(data)))
    return picture.gathered


@SHIFTING
@given(st.integers(0, 600), st.binary(min_size=1, max_size=12))
def test_any_bytes_over_a_good_exif_block(at: int, noise: bytes) -> None:
    block = bytearray(FULL.tobytes()[6:])
    at %= len(block)
    block[at : at + len(noise)] = noise[: len(block) - at]
    data = jpeg_with_exif(bytes(block))
    said = read_picture(Path("a.jpg"), 24, data, social_tags=True)  # its orientation may be any
    assert {said.width, said.height} == {64, 48}
    check(said.gathered)


@SHIFTING
@given(st.integers(0, 600))
def test_an_exif_block_cut_anywhere(length: int) -> None:
    read(jpeg_with_exif(FULL.tobytes()[6:][:length]))


@SHIFTING
@given(st.binary(max_size=300))
def test_any_bytes_for_exif(block: bytes) -> None:
    check(read_picture(Path("a.jpg"), 24, jpeg_with_exif(b"II*\0\x08\0\0\0" + block), social_tags=True).gathered)


RATIONAL, LONG, ASCII, SHORT, FLOAT = 5, 4, 2, 3, 12


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"MM\0*\0\0\0\x08\xff\xff",
        tiff((0x0110, ASCII, 0xFFFFFFFF, b"\xff\xff\xff\xff")),  # four gigabytes of name
        tiff((0x8769, LONG, 1, b"\x08\0\0\0")),  # a directory that is its own
        tiff((0x8769, ASCII, 4, b"abcd"), (0x8825, FLOAT, 1, b"\0\0\0\0")),  # directories of the wrong type
        tiff((0x0112, ASCII, 4, b"up\0\0")),
        tiff((0x0112, SHORT, 1, b"\x4d\0")),
        tiff((0x4746, SHORT, 1, b"\xff\xff")),  # 65535 stars
        tiff((0x0110, ASCII, 4, b"\0\0\0\0"), (0x010F, ASCII, 4, b"\xff\xfe\xfd\0")),
    ],
)
def test_nonsense_in_exif(block: bytes) -> None:
    said = read(jpeg_with_exif(block))
    assert (said.facts.rating, said.taken_at) == (None, None)


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [(28, 10, 2.8), (1, 0, None), (0, 0, None), (0xFFFFFFFF, 1, None), (1, 0xFFFFFFFF, None), (0, 5, None)],
)
def test_absurd_rationals(above: int, below: int, expected: float | None) -> None:
    to_details = tiff((0x8769, LONG, 1, struct.pack("<I", 26)))  # 8 + 2 + 12 + 4 bytes: right behind itself
    value_at = struct.pack("<I", 26 + 2 + 3 * 12 + 4)
    details = tiff(*((tag, RATIONAL, 1, value_at) for tag in (0x829A, 0x829D, 0x920A)))[8:]
    facts = read(jpeg_with_exif(to_details + details + struct.pack("<II", above, below))).facts
    assert (facts.exposure, facts.aperture, facts.focal_length) == (expected, expected, expected)


def test_damage_is_told() -> None:
    said = read(damaged_exif())
    assert said.taken_at is None
    said = read(jpeg(b"<x:xmpmeta"))
    assert said.social_tags_problem.startswith("XMP: it is not well-formed XML")


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "packet",
    [
        LAUGHS,
        b"<a>" * 20_000,
        b"\xff\xfe\x00",
        xmp("sea")[:-40],
        b"\0" * 1000 + b"x",
    ],
)
def test_broken_xmp(packet: bytes, tmp_path: Path) -> None:
    said = read(jpeg(packet[:60000]))
    assert said.texts == () and said.social_tags_problem
    path = tmp_path / "a.jpg"
    path.with_suffix(".xmp").write_bytes(packet)
    assert read(jpeg(xmp("sea")), path).social_tags == ("sea",)


@pytest.mark.parametrize(
    ("packet", "tag"),
    [
        (xmp("sea").replace(b"sea", b"caf\xe9"), "café"),
        (xmp("sea").replace(b"sea", b"a\0b"), "a b"),
        (xmp("a&#0;b&#x1f;c"), "a b c"),
        (xmp("Ann & Bob"), "ann & bob"),
        (xmp("Ann &nbsp; Bob"), "ann &nbsp; bob"),
        (b"junk " + xmp("sea") + b"\0 more <junk", "sea"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?>" + xmp("sea"), "sea"),
        (xmp("sea", attributes='photoshop:Credit="me" strange:Thing="1"'), "sea"),
        (xmp("sea").replace(b' xmlns:dc="http://purl.org/dc/elements/1.1/"', b""), "sea"),
        (b"\xff\xfe" + xmp("s\u00e9\u5929").decode().encode("utf-16-le"), "sé天"),
        (xmp("s\u00e9\u5929").decode().encode("utf-16-le"), "sé天"),
        (xmp("s\u00e9\u5929").decode().encode("utf-16-be"), "sé天"),
        (b"\xfe\xff" + xmp("s\u00e9\u5929").decode().encode("utf-16-be"), "sé天"),
        (xmp("sea").decode().encode("utf-32"), "sea"),
    ],
)
def test_careless_xmp_is_read(packet: bytes, tag: str, tmp_path: Path) -> None:
    for said in (read_xmp(packet), read_xmp(packet + b"\0" * 7)):
        assert [each.lower().replace("  ", " ") for each in said.tags] == [tag]
    path = tmp_path / "a.jpg"
    path.with_suffix(".xmp").write_bytes(packet)
    gathered = read(jpeg(), path)
    assert (gathered.social_tags, gathered.social_tags_problem) == ((tag,), "")


def test_the_cost_of_xmp_grows_with_its_size_only() -> None:
    """Each of these would take minutes if something in it were looked at for each other thing."""
    many = "".join(f'<rdf:Description xmlns:n{i}="urn:{i}"><n{i}:a/></rdf:Description>' for i in range(15_000))
    assert read_xmp(xmp("sea", inside=many)).tags == ["sea"]
    declared = " ".join(f'xmlns:n{i}="urn:{i}"' for i in range(20_000))
    inner = '<b xmlns:c="urn:c"/>' * 20_000
    assert read_xmp(xmp("sea", inside=f"<a {declared}>{inner}</a>")).tags == ["sea"]
    assert len(read_xmp(xmp(*(f"k{i}" for i in range(100_000)))).tags) == 100_000
    assert len(read_xmp(xmp(levels=("a|" * 500_000,))).tags) == 500_001
    assert read_xmp(xmp("sea") + b"<RDF " * 200_000).tags == ["sea"]
    with pytest.raises(XmlError):
        read_xmp(b"<RDF " * 800_000)


def test_deep_xmp_is_walked_without_recursion() -> None:
    deep = b"<a>" * 50_000 + b"</a>" * 50_000
    assert read_xmp(xmp("sea", inside=deep.decode())).tags == ["sea"]


def test_keywords_of_ten_megabytes() -> None:
    long = "x" * 10_000_000
    with pytest.raises(XmlError, match="left unread"):
        read_xmp(xmp(long))
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + xmp("x" * (LARGEST - 5000), "sea")
    data = encoded(quarters(), "PNG")
    said = read_headers(Path("a.png"), io.BytesIO(data[:33] + chunk(b"iTXt", text) + data[33:]))
    check(said)
    assert said.social_tags in (("sea",), ())  # Pillow itself leaves such texts out
    assert read(jpeg(own_iptc=iptc(b"x" * 30_000, b"sea"))).social_tags == ("sea",)
    assert len(read_text(b"," * 1_000_000).tags) == 1_000_001


@pytest.mark.parametrize("behind", [False, True])
def test_texts_too_long_for_pillow_do_not_stop_a_png(behind: bool, tmp_path: Path) -> None:
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp("x" * 10_000_000)))
    data = encoded(quarters(), "PNG", exif=FULL)
    at = len(data) - 12 if behind else 33  # before the last chunk, or behind the first
    path = tmp_path / "a.png"
    path.with_suffix(".txt").write_text("sea")
    said = read(data[:at] + text + data[at:], path)
    assert said.social_tags_problem == TEXTS_LEFT_OUT
    assert (said.facts.camera, said.social_tags) == ("NIKON Z 6", ("sea",))
    assert read_headers(path, io.BytesIO(data[:at] + text + data[at:])) == said


@SHIFTING
@given(st.binary(max_size=200), st.sampled_from([b"\x1c\x02\x19", b"\x1c\x02\x78", b"\x1c\x02\x37", b""]))
def test_any_bytes_for_iptc(block: bytes, start: bytes) -> None:
    read(jpeg(own_iptc=start + block or b"x"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("title", "description", "people", "tags", "photoTakenTime", "geoData")
PLACES = st.fixed_dictionaries({}, optional={"latitude": VALUES, "longitude": VALUES, "timestamp": VALUES})


@SHIFTING
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES | PLACES)))
def test_any_json_for_takeout(told: dict[str, object]) -> None:
    try:
        said = read_takeout(json.dumps(told).encode())
    except (ValueError, TypeError):
        return
    assert all(isinstance(text, str) for _, text in said.texts)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"title": "\\ud800\\u0000"}', '{"title": 1e999}', "\xff", "null"])
def test_broken_json(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.with_name("a.jpg.json").write_bytes(text.encode("latin-1"))
    read(jpeg(xmp("sea")), path)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_headers_say_what_the_whole_picture_says(format: str) -> None:
    data = PICTURES[format]
    assert read_headers(Path("a"), io.BytesIO(data)) == read_picture(Path("a"), 24, data, social_tags=True).gathered


def test_exif_behind_the_pixels_of_a_png() -> None:
    data = encoded(quarters(), "PNG")
    behind = data[:-12] + chunk(b"eXIf", FULL.tobytes()[6:]) + data[-12:]
    assert read_headers(Path("a"), io.BytesIO(behind)).facts.camera == "NIKON Z 6"
    assert read(behind).facts.camera == "NIKON Z 6"
