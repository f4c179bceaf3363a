"""Annotators that the user forgets: not heard from then on, back until the next run, gone after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.sql import schema
from imsearch.errors import ImsearchError
from tests.engine.support import LEXICON, correct, ids, reading, spec, tables, tags

OLD = spec("old", vector_length=3)


@pytest.fixture
def two(engine: Engine) -> Engine:
    """Two annotators: "fake" sees a cat on 1 and a dog on 2, "old" a horse on 1 and 2 and a cat on 3."""
    engine.use_annotators([spec(), OLD])
    engine.record([reading(1, {"cat": 0.9}, vector=(1, 0)), reading(2, {"dog": 0.9}, vector=(0, 1))])
    engine.record(
        [
            reading(1, {"horse": 0.9}, annotator="old", vector=(1, 0, 0)),
            reading(2, {"horse": 0.8, "cat": 0.2}, annotator="old", vector=(0, 1, 0)),
            reading(3, {"cat": 0.8}, annotator="old", vector=(0, 0, 1)),
        ]
    )
    engine.save()
    return engine


def seen(engine: Engine) -> list[object]:
    """All that an annotator can be noticed by."""
    return [
        [tags(engine, image) for image in (1, 2, 3)],
        ids(engine, "horse"),
        ids(engine, "tag:cat"),
        ids(engine, "has:tags"),
        engine.catalog.tag_counts(),
        engine.catalog.sources(),
        engine.catalog.vector_spaces(),
        engine.finder.search("is:untagged OR has:tags", facets=True, everything=True).facets,
        engine.status().tags,
        [doubt.tag for doubt in engine.reviewing.doubts()],
        engine.verify(),
    ]


def rows(engine: Engine, table: str) -> int:
    with tables(engine).reading() as connection:
        column = schema.metadata.tables[table].c.annotator_id
        old = select(schema.annotators.c.id).where(schema.annotators.c.name == "old")
        return connection.execute(select(func.count()).where(column.in_(old))).scalar_one()


def test_what_is_held_is_listed(two: Engine) -> None:
    found = {each.name: each for each in two.catalog.annotators()}
    assert (found["fake"].images, found["fake"].tags, found["fake"].vector_length) == (2, 2, 2)
    assert (found["old"].images, found["old"].tags, found["old"].vector_length) == (3, 2, 3)
    assert not any(each.forgotten for each in found.values())


def test_a_forgotten_annotator_is_not_heard_at_once(two: Engine) -> None:
    assert ids(two, "horse") == [1, 2]
    assert two.forget_annotator("old") == 3
    assert [tags(two, image) for image in (1, 2, 3)] == [{"cat": "fake"}, {"dog": "fake"}, {}]
    assert (ids(two, "horse"), ids(two, "tag:cat"), ids(two, "is:untagged")) == ([], [1], [3])
    assert two.catalog.tag_counts() == [("cat", 1), ("dog", 1)]
    assert two.catalog.sources() == ["fake"]
    assert list(two.catalog.vector_spaces()) == ["fake"]
    assert dict(two.finder.search("is:untagged OR has:tags", facets=True, everything=True).facets["tag"]) == {
        "cat": 1,
        "dog": 1,
    }
    assert two.status().tags == 2
    with pytest.raises(ImsearchError, match="by: knows user, fake"):
        two.finder.search("by:old")
    assert two.verify() == []


def test_it_can_be_taken_back_until_the_next_run(two: Engine) -> None:
    before = seen(two)
    two.forget_annotator("old")
    assert seen(two) != before
    assert two.restore_annotator("old") == 3
    assert seen(two) == before
    with pytest.raises(ImsearchError, match="not forgotten"):
        two.restore_annotator("old")


def test_the_next_run_removes_it_for_good(two: Engine, folder: Path) -> None:
    two.forget_annotator("old")
    assert rows(two, "annotation_tags") == 4  # all is there still
    before = seen(two)
    two.use_annotators([spec()])
    assert [rows(two, name) for name in ("annotations", "annotation_tags", "vectors")] == [0, 0, 0]
    assert [each.name for each in two.catalog.annotators()] == ["fake"]
    assert seen(two) == before
    assert not (folder / "vectors" / "old.faiss").exists()
    with pytest.raises(ImsearchError, match="no annotator 'old', but: fake"):
        two.restore_annotator("old")
    two.use_annotators([spec(), OLD])  # installed again, it starts anew
    assert two.catalog.lacking(["old"]).keys() == {1, 2, 3}


def test_a_run_that_uses_it_restores_it(two: Engine) -> None:
    before = seen(two)
    two.forget_annotator("old")
    two.use_annotators([spec(), OLD])
    two.catch_up()
    assert two.catalog.lacking(["old"]) == {}  # no picture is annotated again
    assert seen(two) == before


def test_corrections_of_the_user_stay(two: Engine) -> None:
    correct(two, Verdict.ACCEPT, [1], "horse")
    correct(two, Verdict.REJECT, [2], "horse")
    two.forget_annotator("old")
    assert tags(two, 1) == {"cat": "fake", "horse": "user"}
    two.use_annotators([spec()])
    assert tags(two, 1) == {"cat": "fake", "horse": "user"}
    assert two.catalog.verdicts_of([2]) == {2: {"horse": -1}}
    assert ids(two, "horse") == [1]


def test_nobody_accepts_what_only_a_forgotten_annotator_said(two: Engine) -> None:
    two.forget_annotator("old")
    assert correct(two, Verdict.ACCEPT, [2], "horse").refused == ((2, "horse"),)


def test_the_index_of_another_process_follows(two: Engine, folder: Path) -> None:
    with Engine.open(folder, LEXICON) as reader:
        assert ids(reader, "horse") == [1, 2]
        reader.forget_annotator("old")  # while a run holds the library
        assert tags(reader, 3) == {}
    two.catch_up()
    assert ids(two, "horse") == []


def test_all_versions_are_forgotten(two: Engine) -> None:
    two.use_annotators([spec("old", "2", vector_length=3)])
    two.record([reading(1, {"pony": 0.9}, annotator="old")])
    assert two.forget_annotator("old") == 3
    assert {each.version: each.forgotten for each in two.catalog.annotators() if each.name == "old"} == {
        "1": True,
        "2": True,
    }


def test_failures_of_a_forgotten_annotator_are_not_told(two: Engine) -> None:
    failed = reading(4, {"cat": 0.9})
    failed.failures["old"] = "out of memory"  # type: ignore[index]
    two.record([failed])
    assert (len(two.catalog.failures()), two.status().failures) == (1, 1)
    two.forget_annotator("old")
    assert (len(two.catalog.failures()), two.status().failures) == (0, 0)


def test_unknown_names_are_refused(two: Engine) -> None:
    with pytest.raises(ImsearchError, match="no annotator 'new', but: fake, old"):
        two.forget_annotator("new")
    with pytest.raises(ImsearchError, match="own tags"):
        two.forget_annotator("user")
