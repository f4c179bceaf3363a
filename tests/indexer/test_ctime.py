"""An edit that keeps the size and the time of a file is seen by its ctime; a ctime alone is no change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from imsearch.engine.engine import Engine
from imsearch.engine.stores.batch import ctime_of
from imsearch.engine.stores.sql import schema
from imsearch.indexer.options import IndexOptions
from imsearch.indexer.pipeline import index
from tests.engine.support import writer
from tests.fakes import Calls, colour_spec
from tests.make_pictures import BLUE, GREEN, plain

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps no ctime")


def swap(path: Path) -> None:
    """Put another picture of the same size in its place, with the same time, as programs do that tag pictures."""
    before = path.stat()
    new = plain(path.with_name("new.tmp.png"), GREEN)
    data = new.read_bytes()
    assert len(data) <= before.st_size + 64
    size = max(len(data), before.st_size)
    new.write_bytes(data.ljust(size, b"\0"))
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (size, before.st_mtime_ns)


def padded(path: Path, colour: tuple[int, int, int]) -> Path:
    """A picture whose file has a length that fits any plain one."""
    path.write_bytes(plain(path, colour).read_bytes().ljust(2000, b"\0"))
    return path


def test_an_edit_that_keeps_size_and_time_is_seen(engine: Engine, tmp_path: Path) -> None:
    path = padded(tmp_path / "a.png", BLUE)
    index([tmp_path], engine, [colour_spec()])
    swap(path)
    report = index([tmp_path], engine, [colour_spec()])
    assert (report.updated, report.annotated) == (1, 1)
    assert engine.finder.search("green", min_score=0.5).total == 1
    assert index([tmp_path], engine, [colour_spec()]).unchanged == 1


def test_a_ctime_alone_is_hashed_once_and_told_as_no_change(engine: Engine, photos: Path) -> None:
    calls = Calls()
    index([photos], engine, [colour_spec(calls)])
    (photos / "red.png").chmod(0o600)
    (photos / "green.png").chmod(0o640)
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.unchanged, report.touched, report.updated, report.read) == (3, 0, 0, 2)
    assert calls.annotated == 3
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.unchanged, report.read) == (3, 0)


def test_it_can_be_left_alone(engine: Engine, photos: Path) -> None:
    index([photos], engine, [colour_spec()])
    (photos / "red.png").chmod(0o600)
    report = index([photos], engine, [colour_spec()], IndexOptions(ctimes=False))
    assert (report.unchanged, report.read) == (3, 0)


def test_a_library_of_before_reads_nothing_again_and_sees_edits_from_then_on(engine: Engine, tmp_path: Path) -> None:
    path = padded(tmp_path / "a.png", BLUE)
    path.with_suffix(".xmp").write_text("<x/>")
    index([tmp_path], engine, [colour_spec()])
    with writer(engine).writing() as connection:
        before = _beside_of_before(path)
        connection.execute(update(schema.files).values(ctime_ns=0, beside=before))
    report = index([tmp_path], engine, [colour_spec()])
    assert (report.unchanged, report.read, report.reread) == (1, 0, 0)
    assert engine.catalog.known_files(path)[str(path)].ctime_ns == ctime_of(path.stat())
    swap(path)
    assert index([tmp_path], engine, [colour_spec()]).updated == 1


def _beside_of_before(path: Path) -> int:
    from imsearch.indexer.found import look_at

    found = look_at(str(path))
    assert found is not None and found.beside != found.beside_before
    return found.beside_before


def test_a_sidecar_that_keeps_size_and_time_is_read_again(engine: Engine, tmp_path: Path) -> None:
    plain(tmp_path / "a.png", BLUE)
    sidecar = tmp_path / "a.xmp"
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{}"/></rdf:RDF></x:xmpmeta>'
    )
    for stars in (3, 5):
        sidecar.write_text(text.format(stars))
        os.utime(sidecar, (1714900000, 1714900000))
        report = index([tmp_path], engine, [colour_spec()])
    assert (report.reread, report.read) == (1, 0)
    image = engine.catalog.image(tmp_path / "a.png")
    assert image is not None and image.facts.rating == 5
