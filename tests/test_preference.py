"""Which date and which place count when several sources tell one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.make_pictures import encoded, jpeg, quarters
from tests.test_facts import CLOCK, FACTS, FULL, described, exif, read


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "IMG 1.jpg"
    path.write_bytes(jpeg())
    return path


def test_a_sidecar_corrects_date_and_place(photo: Path) -> None:
    data = encoded(quarters(), "JPEG", exif=FULL)
    photo.with_suffix(".xmp").write_bytes(
        described(exif__DateTimeOriginal="1985-07-01T12:00:00", exif__GPSLatitude="48,8N", exif__GPSLongitude="11,30E")
    )
    said = read(data, photo)
    assert (said.taken_at, said.facts.utc_offset) == (datetime(1985, 7, 1, 12), None)
    assert (said.facts.latitude, said.facts.longitude) == (48.133333, 11.5)
    assert said.facts.camera == "NIKON Z 6"


@pytest.mark.parametrize(
    "written",
    ["2024-05-06", "2024-05-06T05:08:09Z", "2024-05-06T07:08:09", "2024-05-06T14:08:09+09:00", "1546682400", ""],
)
def test_a_sidecar_that_means_the_same_moment_changes_nothing(photo: Path, written: str) -> None:
    photo.with_suffix(".xmp").write_bytes(described(exif__DateTimeOriginal=written))
    said = read(encoded(quarters(), "JPEG", exif=FULL), photo)
    assert (said.taken_at, said.facts.utc_offset) == (CLOCK, 120)


def takeout(seconds: int, **places: tuple[float, float]) -> str:
    """A description with a time and places."""
    told = {name: {"latitude": place[0], "longitude": place[1]} for name, place in places.items()}
    return json.dumps({"photoTakenTime": {"timestamp": str(seconds)}, **told})


def test_takeout_counts_where_it_was_corrected_and_not_where_it_repeats(photo: Path) -> None:
    beside = photo.with_name(f"{photo.name}.json")
    data = encoded(quarters(), "JPEG", exif=FULL)
    beside.write_text(takeout(1714972089, geoData=(46.5001, -7.26)))  # 05:08:09 UTC
    said = read(data, photo)
    assert (said.taken_at, said.facts) == (CLOCK, FACTS)
    beside.write_text(takeout(489067200, geoData=(48.0, 11.0), geoDataExif=(46.5, -7.26)))
    said = read(data, photo)
    assert (said.taken_at, said.facts.utc_offset) == (datetime(1985, 7, 1, 12), 0)
    assert (said.facts.latitude, said.facts.longitude) == (48.0, 11.0)


def test_the_name_is_the_last_resort_for_a_date(tmp_path: Path) -> None:
    path = tmp_path / "IMG-20190105-WA0003.jpg"
    said = read(encoded(quarters(), "JPEG"), path)
    assert (said.taken_at, said.taken_from) == (datetime(2019, 1, 5), "name")
    assert said.metadata()["taken_from"] == "name"
    said = read(encoded(quarters(), "JPEG", exif=exif({0x0132: "2031:01:01 00:00:00"})), path)
    assert (said.taken_at, said.taken_from) == (datetime(2031, 1, 1), "")
    assert "taken_from" not in said.metadata()
