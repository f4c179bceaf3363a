"""``imsearch show`` prints what a picture says as a person would write it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from imsearch.cli.facts import fact_lines
from imsearch.records import Facts, Image, Text
from imsearch.views.wording import exposure, moment, place, stars
from tests.cli.conftest import Run
from tests.make_pictures import encoded, quarters, with_exif, xmp
from tests.test_facts import FULL


@pytest.mark.parametrize(
    ("facts", "printed"),
    [
        (Facts(exposure=0.004, aperture=2.8, iso=400, focal_length=35.0), "1/250 s, f/2.8, ISO 400, 35 mm"),
        (Facts(exposure=0.25, aperture=11.0), "1/4 s, f/11"),
        (Facts(exposure=0.5), "0.5 s"),
        (Facts(exposure=30.0, focal_length=4.25), "30 s, 4.25 mm"),
        (Facts(), ""),
    ],
)
def test_exposure(facts: Facts, printed: str) -> None:
    assert ", ".join(exposure(facts)) == printed


def test_moments_places_and_stars() -> None:
    clock = datetime(2024, 5, 6, 7, 8, 9)
    assert moment(clock, None) == "2024-05-06 07:08:09"
    assert moment(clock, 345) == "2024-05-06 07:08:09 +05:45"
    assert moment(clock, -210) == "2024-05-06 07:08:09 -03:30"
    assert place(-33.856667, 151.215) == "33.85667° S, 151.21500° E"
    assert place(46.5, -7.26) == "46.50000° N, 7.26000° W"
    assert [stars(rating) for rating in (-1, 1, 5)] == ["rejected", "★☆☆☆☆", "★★★★★"]


def test_lines() -> None:
    image = Image(
        1, "", 1, 1, "JPEG", 1, (Path("a"),), None, {"camera": "Box", "gps": [1, 2], "exif_problem": "x\ny"},
        Facts(camera="Box", rating=0),
    )  # fmt: skip
    texts = [Text("title", "Sea\x1b", "XMP"), Text("keyword", "a", "XMP"), Text("keyword", "b", "a.txt")]
    assert list(fact_lines(image, [*texts, Text("keyword", "c", "XMP")])) == [
        "Box",
        "title: Sea\\u001b [XMP]",
        "keywords: a, c [XMP]",
        "keywords: b [a.txt]",
        "exif_problem: x\\ny",
        "gps: [1, 2]",
    ]


def test_show(run: Run, plugins: object, photos: Path) -> None:
    path = photos / "lake.jpg"
    path.write_bytes(encoded(quarters(), "JPEG", exif=FULL, xmp=xmp("Sea", title="Lake")))
    (photos / "lake.txt").write_text("summer")
    assert run("index", photos).code == 0
    assert run("show", path).out.splitlines()[2:9] == [
        "taken 2024-05-06 07:08:09 +02:00",
        "NIKON Z 6, Zeiss Distagon 2/35",
        "1/250 s, f/2.8, ISO 400, 35 mm",
        "46.50000° N, 7.26000° W",
        "★★★★☆",
        "title: Lake [XMP]",
        "keywords: Sea [XMP]",
    ]
    record = run("show", path, "--format", "json").json
    assert record["taken_at"] == "2024-05-06T07:08:09"
    assert (record["facts"]["utc_offset"], record["facts"]["latitude"]) == (120, 46.5)
    assert record["texts"][-1] == {"source": "keyword", "text": "summer", "origin": "lake.txt"}


def test_index_tells_of_what_was_read_again(run: Run, plugins: object, photos: Path) -> None:
    run("index", photos)
    (photos / "red.txt").write_text("poppy")
    ran = run("index", photos, "--json")
    assert (ran.json["touched"], ran.json["unchanged"], ran.json["reread"]) == (1, 2, 1)
    assert "2 unchanged; date, camera, place and texts of 1 read again." in ran.err


def test_a_date_of_the_name_is_told(run: Run, plugins: object, photos: Path) -> None:
    for name, told in (("IMG-20190105-WA0003.jpg", "2019-01-05"), ("20190105_101112.jpg", "2019-01-05 10:11:12")):
        (photos / name).write_bytes(encoded(quarters((64, 48 + len(name))), "JPEG"))
        assert run("index", photos).code == 0
        assert f"taken {told} (from the file's name)" in run("show", photos / name).out.splitlines()
        assert run("show", photos / name, "--format", "json").json["metadata"] == {"taken_from": "name"}


def test_where_a_picture_was_taken_is_told_and_found(run: Run, plugins: object, photos: Path) -> None:
    path = photos / "opera.jpg"
    path.write_bytes(with_exif())
    assert run("index", photos).code == 0
    assert "33.85667° S, 151.21500° E (Sydney, New South Wales, Australia)" in run("show", path).out
    facts = run("show", path, "--format", "json").json["facts"]
    assert (facts["city"], facts["region"], facts["country"]) == ("Sydney", "New South Wales", "Australia")
    ran = run("query", "sydney", "may", "2024", "--format", "paths")
    assert ran.out == f"{path}\n"
    assert "Understood: sydney (place:sydney), may 2024 (date:2024-05)." in ran.err
    facets = run("query", "near:Sydney,5", "--facets").out
    assert "country: Australia 1" in facets and "city: Sydney 1" in facets
    ran = run("query", "near:Nowhereville")
    assert (ran.code, ran.out) == (2, "")
    assert "no place called 'Nowhereville'" in ran.err
