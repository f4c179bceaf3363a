"""Facts come with new pictures, and are read again, without a model, when the reader or a file beside changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from imsearch.engine.engine import Engine
from imsearch.engine.stores.sql import schema as s
from imsearch.indexer.pipeline import index
from imsearch.records import Facts, Text
from tests.engine.support import tables
from tests.fakes import Calls, colour_spec
from tests.make_pictures import encoded, jpeg, plain, quarters, xmp
from tests.test_facts import CLOCK, FACTS, FULL


@pytest.fixture
def camera(photos: Path) -> Path:
    """A photo with facts, beside the plain ones."""
    path = photos / "camera.jpg"
    path.write_bytes(encoded(quarters(), "JPEG", exif=FULL, xmp=xmp("Sea", title="Lake")))
    return path


@pytest.fixture
def calls() -> Calls:
    return Calls()


Known = Callable[[Path], tuple[datetime | None, Facts, list[Text]]]


@pytest.fixture
def known(engine: Engine) -> Known:
    """What the catalog knows of a file: when it was taken, its facts, and its texts."""

    def of(path: Path) -> tuple[datetime | None, Facts, list[Text]]:
        image = engine.catalog.image(path)
        assert image is not None
        return image.taken_at, image.facts, engine.catalog.written([image.id]).get(image.id, [])

    return of


def make_older(engine: Engine) -> None:
    """As a library of an older version is after its migration: no facts in the new columns, and no texts."""
    with tables(engine).engine.begin() as connection:
        connection.execute(s.texts.delete())
        connection.execute(update(s.images).values(facts_version=0, utc_offset=None, **dict.fromkeys(NAMES)))
        connection.execute(update(s.files).values(beside=0))


NAMES = ("camera", "lens", "iso", "aperture", "exposure", "focal_length", "latitude", "longitude", "rating")
TEXTS = [Text("title", "Lake", "XMP"), Text("keyword", "Sea", "XMP")]


def test_facts_are_recorded(engine: Engine, camera: Path, known: Known, calls: Calls) -> None:
    assert index([camera.parent], engine, [colour_spec(calls)]).new == 4
    assert known(camera) == (CLOCK, FACTS, TEXTS)
    assert known(camera.parent / "red.png") == (None, Facts(), [])
    image = engine.catalog.image(camera)
    assert image is not None
    assert image.metadata == {"camera": "NIKON Z 6", "gps": [46.5, -7.26]}
    assert engine.catalog.texts_of([image.id]) == {image.id: [("title", "Lake"), ("keyword", "Sea")]}


def test_pictures_of_an_older_version_are_read_again_without_decoding(
    engine: Engine, camera: Path, known: Known, calls: Calls, decoded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index([camera.parent], engine, [colour_spec(calls)])
    make_older(engine)
    assert known(camera) == (CLOCK, Facts(), [])
    decoded.clear()
    monkeypatch.setattr("imsearch.indexer.read._read_once", None)  # not even the whole file
    report = index([camera.parent], engine, [colour_spec(calls)])
    assert (report.unchanged, report.reread, report.read, report.annotated) == (4, 4, 0, 0)
    assert known(camera) == (CLOCK, FACTS, TEXTS)
    assert decoded == [] and calls.annotated == 4 and calls.built == ["cpu"]
    report = index([camera.parent], engine, [colour_spec(calls)])
    assert (report.unchanged, report.reread) == (4, 0)


def test_size_and_tags_stay_when_facts_are_read_again(engine: Engine, camera: Path, calls: Calls) -> None:
    index([camera.parent], engine, [colour_spec(calls)])
    before = engine.catalog.image(camera)
    assert before is not None
    tags = engine.catalog.tags_of([before.id])
    make_older(engine)
    index([camera.parent], engine, [colour_spec(calls)])
    assert engine.catalog.image(camera) == before
    assert engine.catalog.tags_of([before.id]) == tags


def test_copies_are_read_once(engine: Engine, camera: Path, known: Known, calls: Calls) -> None:
    for number in range(40):
        shutil.copy(camera, camera.with_name(f"copy{number:02}.jpg"))
    index([camera.parent], engine, [colour_spec(calls)])
    make_older(engine)
    report = index([camera.parent], engine, [colour_spec(calls)])
    assert (report.unchanged, report.reread) == (44, 4)
    assert known(camera.with_name("copy39.jpg")) == (CLOCK, FACTS, TEXTS)


def test_a_new_or_changed_sidecar_is_noticed(
    engine: Engine, photos: Path, known: Known, calls: Calls, decoded: list[Path]
) -> None:
    index([photos], engine, [colour_spec(calls)])
    decoded.clear()
    sidecar = photos / "red.xmp"
    for title in ("Poppy", "A field of poppies"):
        sidecar.write_bytes(xmp(title=title))
        report = index([photos], engine, [colour_spec(calls)])
        assert (report.touched, report.unchanged, report.reread) == (1, 2, 1)
        assert known(photos / "red.png")[2] == [Text("title", title, "red.xmp")]
    sidecar.unlink()
    assert index([photos], engine, [colour_spec(calls)]).reread == 1
    assert known(photos / "red.png")[2] == []
    assert index([photos], engine, [colour_spec(calls)]).unchanged == 3
    assert decoded == [] and calls.annotated == 3


def test_a_sidecar_of_a_single_file_is_noticed(engine: Engine, photos: Path, known: Known, calls: Calls) -> None:
    red = photos / "red.png"
    index([red], engine, [colour_spec(calls)])
    (photos / "red.txt").write_text("poppy")
    assert index([red], engine, [colour_spec(calls)]).reread == 1
    assert known(red)[2] == [Text("keyword", "poppy", "red.txt")]
    assert index([photos], engine, [colour_spec(calls)]).reread == 0  # the same from the folder


def test_a_copy_with_nothing_beside_it_takes_nothing_away(
    engine: Engine, photos: Path, known: Known, calls: Calls
) -> None:
    (photos / "red.txt").write_text("poppy")
    shutil.copy(photos / "red.png", photos / "a copy.png")  # comes before it
    poppy = [Text("keyword", "poppy", "red.txt")]
    index([photos], engine, [colour_spec(calls)])
    assert known(photos / "a copy.png")[2] == poppy
    os.utime(photos / "a copy.png", ns=(1, 1))
    index([photos], engine, [colour_spec(calls), colour_spec(calls, name="more")])
    assert known(photos / "red.png")[2] == poppy
    make_older(engine)
    index([photos], engine, [colour_spec(calls)])
    assert known(photos / "red.png")[2] == poppy


def test_a_moved_picture_keeps_its_words(engine: Engine, photos: Path, known: Known, calls: Calls) -> None:
    (photos / "red.txt").write_text("poppy")
    index([photos], engine, [colour_spec(calls)])
    (photos / "red.png").rename(photos / "sub" / "rouge.png")
    assert index([photos], engine, [colour_spec(calls)]).moved == 1
    assert known(photos / "sub" / "rouge.png")[2] == [Text("keyword", "poppy", "red.txt")]


def test_a_copy_brings_its_words(engine: Engine, photos: Path, known: Known, calls: Calls) -> None:
    index([photos], engine, [colour_spec(calls)])
    shutil.copy(photos / "red.png", photos / "rouge.png")
    (photos / "rouge.txt").write_text("coquelicot")
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.copied, report.reread, calls.annotated) == (1, 1, 3)
    assert known(photos / "red.png")[2] == [Text("keyword", "coquelicot", "rouge.txt")]


def test_a_file_that_cannot_be_read_now_keeps_what_is_known(
    engine: Engine, camera: Path, known: Known, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    index([camera.parent], engine, [colour_spec(calls)])
    make_older(engine)
    with monkeypatch.context() as denied:
        denied.setattr("imsearch.pictures.tasks.read_headers", None)
        report = index([camera.parent], engine, [colour_spec(calls)])
        assert (report.unchanged, report.reread, report.failed) == (4, 0, 0)
    assert index([camera.parent], engine, [colour_spec(calls)]).reread == 4
    assert known(camera) == (CLOCK, FACTS, TEXTS)


@pytest.mark.parametrize("name", ["a.heic", "a.HIF", "a.avif", "a.webp", "a.tiff", "a.MPO"])
def test_pictures_of_phones_and_cameras_are_found(engine: Engine, photos: Path, calls: Calls, name: str) -> None:
    formats = {"heic": "HEIF", "hif": "HEIF", "tiff": "TIFF", "mpo": "JPEG"}
    ending = name[2:].lower()
    (photos / name).write_bytes(encoded(quarters(), formats.get(ending, ending.upper())))
    assert index([photos], engine, [colour_spec(calls)]).new == 4


def test_heic_without_its_library_says_what_to_install(
    engine: Engine, photos: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "a.heic").write_bytes(encoded(quarters(), "HEIF"))
    monkeypatch.setitem(__import__("sys").modules, "pi_heif", None)
    report = index([photos], engine, [colour_spec(calls)])
    assert [failure.reason for failure in report.failures] == [
        "it is a HEIF picture; install the package pi-heif to read it"
    ]


def test_damage_is_kept_beside_the_picture(engine: Engine, photos: Path, calls: Calls) -> None:
    (photos / "a.jpg").write_bytes(jpeg(b"<x:xmpmeta"))
    plain(photos / "b.png", seed=5)
    (photos / "b.xmp").write_bytes(b"<x")
    assert index([photos], engine, [colour_spec(calls)]).failed == 0
    for name, told in (("a.jpg", "XMP: "), ("b.png", "b.xmp: ")):
        image = engine.catalog.image(photos / name)
        assert image is not None and image.metadata["social_tags_problem"].startswith(told)


@pytest.mark.parametrize("ending", [".XMP", ".PNG.xmp"])
def test_a_sidecar_in_capitals_is_noticed(
    engine: Engine, photos: Path, known: Known, calls: Calls, ending: str
) -> None:
    index([photos], engine, [colour_spec(calls)])
    sidecar = photos / f"red{ending}"
    sidecar.write_bytes(xmp("Poppy", title=""))
    assert index([photos / "red.png"], engine, [colour_spec(calls)]).reread == 1
    assert known(photos / "red.png")[2] == [Text("keyword", "Poppy", sidecar.name)]
    assert index([photos], engine, [colour_spec(calls)]).reread == 0
    sidecar.unlink()
    assert index([photos], engine, [colour_spec(calls)]).reread == 1
    assert known(photos / "red.png")[2] == []


def test_the_date_of_a_name_follows_the_names(engine: Engine, photos: Path, known: Known, calls: Calls) -> None:
    def run() -> None:
        index([photos], engine, [colour_spec(calls)])

    def source(path: Path) -> object:
        image = engine.catalog.image(path)
        assert image is not None
        return image.metadata.get("taken_from")

    run()
    red, copy = photos / "red.png", photos / "IMG-20190105-WA0003.png"
    assert (known(red)[0], source(red)) == (None, None)
    shutil.copy(red, copy)
    run()
    assert (known(red)[0], source(red)) == (datetime(2019, 1, 5), "name")
    make_older(engine)
    run()
    assert known(red)[0] == datetime(2019, 1, 5)
    copy.rename(photos / "2020-02-02.png")
    run()
    assert known(red)[0] == datetime(2020, 2, 2)
    (photos / "2020-02-02.png").unlink()
    run()
    assert known(red)[0] == datetime(2020, 2, 2)  # as a moved picture keeps what was read
    assert calls.annotated == 3


def test_a_name_dates_nothing_that_is_dated(engine: Engine, camera: Path, known: Known, calls: Calls) -> None:
    index([camera.parent], engine, [colour_spec(calls)])
    shutil.copy(camera, camera.with_name("IMG-20190105-WA0003.jpg"))
    index([camera.parent], engine, [colour_spec(calls)])
    assert known(camera) == (CLOCK, FACTS, TEXTS)
