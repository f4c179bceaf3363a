"""A second run costs only what is new: no decoding and no forward pass for known bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.indexer.pipeline import index
from tests.fakes import Calls, colour_spec
from tests.make_pictures import BLUE, RED, WHITE, plain


def found(engine: Engine, word: str) -> list[str]:
    """The names of the files a word finds, best first."""
    return [hit.image.path.name for hit in engine.finder.search(word, min_score=0.5).hits]


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_new_pictures_are_annotated_and_found(engine: Engine, photos: Path, calls: Calls) -> None:
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.new, report.annotated, report.read, report.failed) == (3, 3, 3, 0)
    assert report.complete
    assert report.bytes_read == sum(path.stat().st_size for path in photos.rglob("*.png"))
    assert calls.annotated == 3 and calls.closed == 1
    assert found(engine, "blue") == ["blue.png"]
    image = engine.catalog.image(photos / "sub" / "blue.png")
    assert image is not None
    assert (image.width, image.height, image.format) == (32, 24, "PNG")
    tags = engine.catalog.tags_of([image.id])[image.id]
    assert {tag.name: tag.probability for tag in tags if tag.shown} == {"blue": 1.0}


def test_unchanged_files_are_not_even_opened(
    engine: Engine, photos: Path, calls: Calls, decoded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index([photos], engine, [colour_spec(calls)])
    decoded.clear()
    monkeypatch.setattr("imsearch.indexer.read._read_once", None)
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.unchanged, report.new, report.read) == (3, 0, 0)
    assert decoded == [] and calls.annotated == 3
    assert calls.built == ["cpu"]  # the second run had no use for the model


def test_touched_files_are_only_hashed(engine: Engine, photos: Path, calls: Calls, decoded: list[Path]) -> None:
    index([photos], engine, [colour_spec(calls)])
    decoded.clear()
    os.utime(photos / "red.png", ns=(1, 1))
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.touched, report.unchanged, report.read) == (1, 2, 1)
    assert decoded == [] and calls.annotated == 3
    assert index([photos], engine, [colour_spec(calls)]).unchanged == 3


def test_moved_and_copied_files_cost_no_decoding(
    engine: Engine, photos: Path, calls: Calls, decoded: list[Path]
) -> None:
    index([photos], engine, [colour_spec(calls)])
    decoded.clear()
    (photos / "red.png").rename(photos / "sub" / "rouge.png")
    shutil.copy(photos / "green.png", photos / "vert.png")
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.moved, report.copied, report.removed, report.unchanged) == (1, 1, 0, 2)  # a move is one thing
    assert decoded == [] and calls.annotated == 3
    assert found(engine, "red") == ["rouge.png"]
    image = engine.catalog.image(photos / "green.png")
    assert image is not None
    assert {path.name for path in image.files} == {"green.png", "vert.png"}


def test_equal_new_files_are_decoded_once(engine: Engine, photos: Path, calls: Calls, decoded: list[Path]) -> None:
    for number in range(40):  # more than one look-up of hashes
        shutil.copy(photos / "red.png", photos / f"red{number:02}.png")
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.new, report.copied, report.annotated) == (3, 40, 3)
    assert len(decoded) == 3 and calls.annotated == 3
    image = engine.catalog.image(photos / "red.png")
    assert image is not None and len(image.files) == 41


def test_changed_files_are_annotated_again(engine: Engine, photos: Path, calls: Calls) -> None:
    index([photos], engine, [colour_spec(calls)])
    plain(photos / "red.png", WHITE)
    os.utime(photos / "red.png", ns=(1, 1))
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.updated, report.annotated, report.unchanged) == (1, 1, 2)
    assert found(engine, "red") == ["red.png"]
    assert set(found(engine, "blue")) == {"red.png", "blue.png"}  # white holds every colour
    image = engine.catalog.image(photos / "red.png")
    assert image is not None
    assert len(engine.catalog.tags_of([image.id])[image.id]) == 3


def test_deleted_files_disappear(engine: Engine, photos: Path, calls: Calls) -> None:
    index([photos], engine, [colour_spec(calls)])
    (photos / "red.png").unlink()
    report = index([photos], engine, [colour_spec(calls)])
    assert (report.removed, report.unchanged) == (1, 2)
    assert found(engine, "red") == []
    plain(photos / "back.png", RED)  # the same bytes again
    assert index([photos], engine, [colour_spec(calls)]).copied == 1
    assert calls.annotated == 3
    assert found(engine, "red") == ["back.png"]


def test_only_the_folder_of_the_run_is_looked_at(engine: Engine, photos: Path, calls: Calls) -> None:
    index([photos], engine, [colour_spec(calls)])
    (photos / "red.png").unlink()
    report = index([photos / "sub"], engine, [colour_spec(calls)])
    assert (report.removed, report.unchanged) == (0, 1)
    assert found(engine, "red") == ["red.png"]


def test_a_deleted_subfolder_disappears(engine: Engine, photos: Path, calls: Calls) -> None:
    index([photos], engine, [colour_spec(calls)])
    shutil.rmtree(photos / "sub")
    assert index([photos], engine, [colour_spec(calls)]).removed == 1
    assert found(engine, "blue") == []


def test_single_files_can_be_indexed_whatever_their_name(engine: Engine, photos: Path, calls: Calls) -> None:
    odd = plain(photos / "picture.data", BLUE, seed=1)
    report = index([odd, photos / "red.png"], engine, [colour_spec(calls)])
    assert report.new == 2
    report = index([photos], engine, [colour_spec(calls)])  # does not look like a picture, but is known and still there
    assert (report.new, report.unchanged, report.removed) == (2, 2, 0)
    odd.unlink()
    assert index([odd], engine, [colour_spec(calls)]).removed == 1


def test_overlapping_paths_count_once(engine: Engine, photos: Path, calls: Calls) -> None:
    report = index([photos / "sub", photos, photos / "red.png", photos], engine, [colour_spec(calls)])
    assert report.new == 3


def test_hidden_files_are_left_out(engine: Engine, photos: Path, calls: Calls) -> None:
    (photos / ".thumbnails").mkdir()
    plain(photos / ".thumbnails" / "a.png", WHITE)
    plain(photos / "._red.png", WHITE)
    assert index([photos], engine, [colour_spec(calls)]).new == 3


def test_no_query_a_file_for_unchanged_files(
    engine: Engine, tmp_path: Path, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(120):
        plain(folder / f"{number}.png", seed=number + 1)
    index([folder], engine, [colour_spec(calls)])
    statements: list[str] = []
    connect = Catalog.reading

    def spy(catalog: Catalog) -> object:
        statements.append("a connection")
        return connect(catalog)

    monkeypatch.setattr(Catalog, "reading", spy)
    assert index([folder], engine, [colour_spec(calls)]).unchanged == 120
    assert len(statements) < 20
