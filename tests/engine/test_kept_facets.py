"""The values that facets count, replaced in part, and kept in a file for other processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search import facets
from imsearch.engine.search.facets import FILE_NAME, Facets, Values
from tests.engine.support import LEXICON, reading, spec, tables

TAGS = ("beach", "car", "cat", "dog", "traffic light")


def pairs_of(values: Values) -> set[tuple[int, str]]:
    """Image and name of each pair."""
    images = np.repeat(np.arange(len(values.starts) - 1), np.diff(values.starts))
    return {(int(image), values.names[number]) for image, number in zip(images, values.values, strict=True)}


def test_values_are_replaced_as_a_dictionary_would_be() -> None:
    random = np.random.default_rng(0)
    values, expected = Values.empty(), dict[int, set[str]]()
    for _ in range(60):
        changed = np.unique(random.integers(0, 400, random.integers(1, 30)))
        given = {int(image): set(random.choice(TAGS, random.integers(0, 4)).tolist()) for image in changed}
        expected |= given
        marked = np.zeros(int(changed.max()) + 1, np.bool_)
        marked[changed] = True
        new = [(image, name) for image, names in given.items() for name in names for _ in range(2)]
        random.shuffle(new)
        values = values.replaced(marked, np.array([int(i) for i, _ in new], np.int64), [str(name) for _, name in new])
    assert pairs_of(values) == {(image, name) for image, names in expected.items() for name in names}
    for share in (0.02, 0.5, 1.0):
        inside = random.random(500) < share
        counted = dict(zip(values.names, values.counts(inside).tolist(), strict=False))
        held = [name for image, names in expected.items() if inside[image] for name in names]
        assert {name: count for name, count in counted.items() if count} == {n: held.count(n) for n in set(held)}


@pytest.fixture
def many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A closed library with 40 pictures that counts as a large one."""
    monkeypatch.setattr(facets, "MANY", 30)
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(n, {TAGS[n % 5]: 0.9, "dog": 0.8}) for n in range(1, 41)])
    return folder


def test_a_run_keeps_them_for_others_who_read_only_what_has_changed(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (many / FILE_NAME).exists()
    with Engine.open(many, LEXICON) as engine:
        asked: list[object] = []
        monkeypatch.setattr(tables(engine), "facet_values", lambda *_: asked.append(1))
        assert engine.finder.facets.table().counted("tag") == {"beach": 8, "car": 8, "cat": 8, "dog": 40, TAGS[4]: 8}
        assert asked == []
        assert engine.status().tags == len(TAGS) == len(tables(engine).tag_counts())
        monkeypatch.undo()
        engine.correct(1, "dog", -1)
        assert engine.finder.facets.table().counted("tag")["dog"] == 39
        fresh = Facets(engine.catalog).table()
        kept = engine.finder.facets.table()
        assert {name: kept.counted(name) for name in kept.kinds} == {name: fresh.counted(name) for name in fresh.kinds}


@pytest.mark.parametrize("damage", ["cut", "garbled", "empty", "older"])
def test_a_file_that_is_damaged_or_of_another_version_is_made_anew(
    many: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = many / FILE_NAME
    content = path.read_bytes()
    if damage == "older":
        monkeypatch.setattr(facets, "__version__", "another")
    else:
        garbled = bytes(255 - byte for byte in content)
        path.write_bytes({"cut": content[:-50], "garbled": garbled, "empty": b""}[damage])
    with Engine.open(many, LEXICON) as engine:
        assert engine.finder.facets.table().counted("tag")["dog"] == 40
    assert path.read_bytes() != b"" and len(path.read_bytes()) == len(content) + 2 * (damage == "older")


def test_a_library_that_cannot_be_written_is_counted_all_the_same(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (many / FILE_NAME).unlink()

    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(facets, "write_columns", refuse)
    with Engine.open(many, LEXICON) as engine:
        assert engine.finder.facets.table().counted("tag")["dog"] == 40
    assert not (many / FILE_NAME).exists()


def test_a_small_library_keeps_none(folder: Path) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9})])
        assert engine.finder.facets.table().counted("tag") == {"cat": 1}
    assert not (folder / FILE_NAME).exists()
