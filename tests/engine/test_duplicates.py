"""Groups of copies: who belongs together, who is the best, and that they are found anew when the catalog changes."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.duplicates import Group, duplicate_ids, find_groups
from imsearch.engine.search.neighbours import SPACE
from imsearch.engine.stores.batch import ImageFacts, Reading
from imsearch.errors import ImsearchError
from tests.engine.support import reading, spec

HASH = -(1 << 63) + 0x0123_4567_89AB_CDEF
"""A hash as the catalog holds it: signed, the highest bit set."""
OTHER = -(1 << 63) + 0x7777_0000_FFFF_3333


def picture(
    number: int,
    phash: int | None,
    size: tuple[int, int] = (40, 30),
    *,
    vector: tuple[float, ...] | None = None,
    taken_at: datetime | None = None,
    path: str = "",
) -> Reading:
    """Picture `number` with this hash; with a vector, of the annotator whose vectors are compared."""
    read = reading(number, {} if vector else None, path=path, vector=vector, annotator=SPACE)
    return replace(read, facts=ImageFacts(*size, "JPEG", taken_at, phash=phash))


def put(engine: Engine, folder: Path, *readings: Reading) -> None:
    """Record these pictures, and let their files be there: below `folder` in place of /photos."""
    there = []
    for each in readings:
        path = folder / each.file.path.relative_to("/photos")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(each.file.size)
        os.utime(path, ns=(each.file.mtime_ns, each.file.mtime_ns))
        there.append(replace(each, file=replace(each.file, path=path)))
    engine.record(there)


def ids(groups: tuple[Group, ...]) -> list[list[int]]:
    return [[copy.image.id for copy in group.copies] for group in groups]


@pytest.fixture(autouse=True)
def everyday(engine: Engine) -> None:
    engine.use_annotators([spec(SPACE)])


def test_hashes_alone_group_pictures_and_the_largest_is_the_best(engine: Engine, tmp_path: Path) -> None:
    put(
        engine,
        tmp_path,
        *(picture(1, HASH), picture(2, HASH ^ 0b11, (400, 300)), picture(3, OTHER), picture(4, None)),
    )
    (group,) = find_groups(engine.catalog)
    assert [copy.image.id for copy in group.copies] == [2, 1]
    assert [copy.similarity for copy in group.copies] == pytest.approx([1, 1 - 2 * 0.18])
    assert group.spare_bytes == 101  # picture 1 has 100 + 1 bytes
    assert duplicate_ids(engine.catalog).tolist() == [1, 2]


def test_among_equal_sizes_more_bytes_win_and_then_the_earlier_date(engine: Engine, tmp_path: Path) -> None:
    old, new = datetime(2020, 1, 1), datetime(2021, 1, 1)
    first, second, third = picture(1, HASH, taken_at=new), picture(2, HASH, taken_at=old), picture(3, HASH)
    same_bytes = [replace(each, file=replace(each.file, size=50)) for each in (first, second)]
    put(engine, tmp_path, *same_bytes, third)
    assert ids(find_groups(engine.catalog)) == [[3, 2, 1]]


def test_vectors_confirm_what_hashes_leave_open(engine: Engine, tmp_path: Path) -> None:
    ten_bits = HASH ^ 0b11_1111_1111
    put(
        engine,
        tmp_path,
        picture(1, HASH, vector=(1, 0)),
        picture(2, ten_bits, vector=(0.8, 0.6)),  # .8 - 10 * .04 = .4
        picture(3, ten_bits, vector=(-0.8, 0.6)),  # cosines -.8 to 1 and -.28 to 2: equal hash, another picture
    )
    (group,) = find_groups(engine.catalog)
    assert [copy.image.id for copy in group.copies] == [2, 1]  # 2 has a byte more
    assert group.copies[1].similarity == pytest.approx(0.4, abs=0.001)
    assert find_groups(engine.catalog, 0.45) == ()


def test_near_vectors_suffice_without_hashes(engine: Engine, tmp_path: Path) -> None:
    put(
        engine,
        tmp_path,
        picture(1, 0, vector=(1, 0)),
        picture(2, None, vector=(0.96, 0.28)),
        picture(3, 0, vector=(0, 1)),
    )
    assert ids(find_groups(engine.catalog)) == [[2, 1]]  # .96 - 16 * .04 = .32


def test_files_of_the_same_bytes_are_copies(engine: Engine, tmp_path: Path) -> None:
    put(
        engine,
        tmp_path,
        picture(1, OTHER),
        picture(1, OTHER, path="/photos/again.jpg"),
        picture(2, HASH),
        picture(3, HASH),
    )
    assert ids(find_groups(engine.catalog)) == [[3, 2], [1]]  # 102 and 101 bytes too many
    exact = find_groups(engine.catalog, None)
    assert ids(exact) == [[1]]
    assert {file.path for file in exact[0].copies[0].files} == {tmp_path / "1.jpg", tmp_path / "again.jpg"}
    assert duplicate_ids(engine.catalog).tolist() == [1, 2, 3]
    assert duplicate_ids(engine.catalog).dtype == np.int64


def test_forgotten_files_are_no_copies_any_more(engine: Engine, tmp_path: Path) -> None:
    put(engine, tmp_path, picture(1, HASH), picture(2, HASH))
    assert ids(find_groups(engine.catalog)) == [[2, 1]]
    assert find_groups(engine.catalog) == find_groups(engine.catalog)
    engine.forget([tmp_path / "1.jpg"])
    assert find_groups(engine.catalog) == ()
    assert duplicate_ids(engine.catalog).tolist() == []


def test_two_that_only_a_lost_picture_joins_are_no_group(engine: Engine, tmp_path: Path) -> None:
    put(
        engine,
        tmp_path,
        picture(1, HASH),
        picture(2, HASH ^ 0b1111, (400, 300)),  # 4 bits from each of the others, which are 8 bits apart
        picture(3, HASH ^ 0b1111_1111),
        picture(4, OTHER),
        picture(5, OTHER),
    )
    assert ids(find_groups(engine.catalog)) == [[2, 3, 1], [5, 4]]
    (tmp_path / "2.jpg").unlink()
    assert ids(find_groups(engine.catalog)) == [[5, 4]]


def test_a_picture_whose_only_file_is_gone_is_no_copy(engine: Engine, tmp_path: Path) -> None:
    put(engine, tmp_path, picture(1, HASH), picture(2, HASH), picture(3, HASH))
    (tmp_path / "3.jpg").rename(tmp_path / "elsewhere.jpg")
    assert ids(find_groups(engine.catalog)) == [[2, 1]]
    (tmp_path / "1.jpg").write_bytes(b"another picture")
    assert find_groups(engine.catalog) == ()
    assert duplicate_ids(engine.catalog).tolist() == []


def test_groups_in_a_folder(engine: Engine, tmp_path: Path) -> None:
    put(engine, tmp_path, picture(1, HASH, path="/photos/a/1.jpg"), picture(2, HASH, path="/photos/b/2.jpg"))
    put(engine, tmp_path, picture(3, OTHER, path="/photos/b/3.jpg"), picture(4, OTHER, path="/photos/c/4.jpg"))
    assert ids(find_groups(engine.catalog, folders=[tmp_path / "a"])) == [[2, 1]]
    assert len(find_groups(engine.catalog, folders=[tmp_path / "a", tmp_path / "c/4.jpg"])) == 2
    with pytest.raises(ImsearchError, match="holds no picture in /d"):
        find_groups(engine.catalog, folders=[Path("/d")])


def test_an_empty_library_has_no_copies(engine: Engine, tmp_path: Path) -> None:
    assert find_groups(engine.catalog) == ()
