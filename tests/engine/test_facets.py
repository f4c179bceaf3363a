"""Facets: what they count, how they follow the library, and that each value finds as many as were counted."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import parse
from imsearch.engine.query.keys import KEYS
from imsearch.engine.query.refining import refined, refinement
from imsearch.engine.search.facets import Facets
from tests.engine.support import LEXICON, reading, spec, tables

TAGS = ("cat", "dog", "traffic light", "emotion:happy", '5" gun', "100%25 wool", "“quoted”", "or", "beach")
CAMERAS = ("Canon EOS R", "Canon EOS R6", 'The "Box"', "canon eos r", None)
FOLDERS = ("/photos", "/photos/a", "/photos/a/b", "/photos/(2) 100%", '/photos/"x"', "/photos/\udcff", "/")
YEARS = (2021, 2023, None)
FORMATS = ("JPEG", "PNG", "WEBP")
QUERIES = ("dog cat", "cat OR dog", "-cat +dog", "sort:-date", '"traffic light', "cat by:user")

picture = st.fixed_dictionaries(
    {
        "tags": st.dictionaries(st.sampled_from(TAGS), st.sampled_from([0.1, 0.6, 0.9]), max_size=4),
        "other": st.dictionaries(st.sampled_from(TAGS), st.sampled_from([0.2, 0.8]), max_size=2),
        "camera": st.sampled_from(CAMERAS),
        "year": st.sampled_from(YEARS),
        "format": st.sampled_from(FORMATS),
        "folders": st.lists(st.sampled_from(FOLDERS), min_size=1, max_size=2, unique=True),
        "verdicts": st.dictionaries(st.sampled_from(("cat", "dog", "beach")), st.sampled_from([1, -1]), max_size=2),
    }
)


def record(engine: Engine, number: int, told: dict[str, Any]) -> None:
    readings = []
    for folder in told["folders"]:
        made = reading(number, told["tags"], path=os.path.join(folder, f"{number}.jpg"))  # noqa: PTH118
        other = reading(number, told["other"], annotator="other").annotations
        assert made.facts is not None
        facts = replace(
            made.facts,
            format=told["format"],
            taken_at=datetime(told["year"], 5, 1) if told["year"] else None,
            facts=replace(made.facts.facts, camera=told["camera"]),
        )
        readings.append(replace(made, facts=facts, annotations={**made.annotations, **other}))
    engine.record(readings)
    for tag, verdict in told["verdicts"].items():
        engine.correct(number, tag, verdict)


@settings(
    max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(pictures=st.lists(picture, min_size=1, max_size=6), merged=st.booleans())
def test_every_value_finds_as_many_as_were_counted(
    tmp_path_factory: pytest.TempPathFactory, pictures: list[dict[str, Any]], merged: bool
) -> None:
    with Engine.open(tmp_path_factory.mktemp("facets") / "library", LEXICON, create=True) as engine:
        engine.use_annotators([spec(), spec("other")])
        for number, told in enumerate(pictures, 1):
            record(engine, number, told)
        engine.catch_up()
        known = engine.catalog.tag_names()
        if merged and {"cat", "beach"} <= set(known):
            engine.corrections.merge(["beach"], "cat")
        for text in QUERIES:
            found = engine.finder.search(text, limit=0, everything=True, facets=True)
            for kind, values in found.facets.items():
                for name, count in values:
                    query = refined(text, refinement(kind, name))
                    assert engine.finder.search(query, limit=0, everything=True).total == count, query


def test_facets_that_follow_equal_facets_made_anew(engine: Engine) -> None:
    engine.use_annotators([spec(), spec("other")])
    random = Random(5)
    for step in range(12):
        number = step + 1 if step < 5 else random.randint(1, 5)
        record(engine, number, arbitrary(random))
        if step % 4 == 3:
            engine.forget([random.choice(engine.catalog.paths_of([number])[number])])
        if step == 8:
            engine.corrections.merge(["dog"], "cat")
        following, anew = engine.finder.facets.table(), Facets(engine.catalog).table()
        for kind in anew.kinds:
            assert following.counted(kind) == anew.counted(kind)


def arbitrary(random: Random) -> dict[str, Any]:
    return {
        "tags": {tag: random.choice([0.1, 0.6, 0.9]) for tag in ("cat", "dog", *random.sample(TAGS, 3))},
        "other": {tag: random.choice([0.2, 0.8]) for tag in random.sample(TAGS, 2)},
        "camera": random.choice(CAMERAS),
        "year": random.choice(YEARS),
        "format": random.choice(FORMATS),
        "folders": random.sample(FOLDERS, 2),
        "verdicts": {tag: random.choice([1, -1]) for tag in random.sample(("cat", "dog", "beach"), 1)},
    }


def test_only_what_changed_is_read_again(pets: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    catalog = tables(pets)
    facet_values = catalog.facet_values

    def read(facets: Any, ids: Any) -> Any:
        asked.append(ids)
        return facet_values(facets, ids)

    monkeypatch.setattr(catalog, "facet_values", read)
    assert pets.finder.facets.table().counted("tag") == {"car": 1, "cat": 1, "dog": 1, "traffic light": 1}
    pets.correct(3, "beach", 1)
    assert pets.finder.facets.table().counted("annotator") == {"fake": 3, "user": 1}
    pets.record([reading(4, {"cat": 0.9})])
    assert pets.finder.facets.table().counted("tag") == {"beach": 1, "car": 1, "cat": 2, "dog": 1, "traffic light": 1}
    assert pets.finder.facets.table().counted("type") == {"jpeg": 4}
    assert asked == [[1, 2, 3], [3], [4]]


def test_few_images_are_counted_without_reading_all(pets: Engine) -> None:
    counted = pets.finder.facets.of(np.array([1, 2]))
    assert pets.finder.facets._table is None
    pets.finder.facets.table()
    assert pets.finder.facets.of(np.array([1, 2])) == counted
    assert tuple(counted) == tuple(facet.name for facet in KEYS.told_facets if facet.name in counted)


def test_the_most_frequent_come_first_and_equal_ones_by_name(engine: Engine) -> None:
    tags = [f"tag {number:02}" for number in range(30)]
    engine.record([reading(number, dict.fromkeys(tags[: 31 - number], 0.9)) for number in range(1, 20)])
    engine.catch_up()
    counts = Counter(tag for number in range(1, 20) for tag in tags[: 31 - number])
    told = engine.finder.facets.of(np.arange(1, 20), 7)["tag"]
    assert list(told) == sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:7]


def test_years_come_newest_first(engine: Engine) -> None:
    engine.use_annotators([spec(), spec("other")])
    for number in range(1, 30):
        told: dict[str, Any] = {
            "tags": {},
            "other": {},
            "camera": None,
            "format": "JPEG",
            "folders": ["/photos"],
            "verdicts": {},
        }
        record(engine, number, told | {"year": 2000 + number % 12})
    engine.catch_up()
    few, all_ = (engine.finder.search("sort:date", limit=0, facets=True, facet_values=most).facets for most in (3, 50))
    assert few["year"] == (("2011", 2), ("2010", 2), ("2009", 2))
    counts = Counter(str(2000 + number % 12) for number in range(1, 30))
    assert all_["year"] == tuple(sorted(counts.items(), reverse=True))
    assert len(engine.finder.search("sort:date", limit=0, facets=True).facets["year"]) == 10


REFINED = [
    ("", "date:2023", "date:2023"),
    ("cat", "date:2023", "cat date:2023"),
    ("cat dog", "shows:x", "cat dog shows:x"),
    ("cat OR dog", "date:2023", "(cat OR dog) date:2023"),
    ('"traffic light', "type:png", '"traffic light" type:png'),
    ('cat or "traffic light', "type:png", '(cat or "traffic light") type:png'),
    ("cat sort:-date", "type:png", "cat sort:-date type:png"),
    ("sort:-date", "type:png", "sort:-date type:png"),
    ("(cat OR dog) grass", "type:png", "(cat OR dog) grass type:png"),
]


@pytest.mark.parametrize(("text", "condition", "expected"), REFINED)
def test_a_condition_holds_for_the_whole_query(text: str, condition: str, expected: str) -> None:
    assert refined(text, condition) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("tag", "dog", "shows:dog"),
        ("tag", "traffic light", 'shows:"traffic light"'),
        ("tag", '5" gun', 'shows:"5%22 gun"'),
        ("year", "2023", "date:2023"),
        ("camera", "Canon EOS R", 'camera:="Canon EOS R"'),
        ("type", "jpeg", "type:jpeg"),
        ("annotator", "everyday", "annotator:everyday"),
        ("folder", "/photos/2023", "folder:/photos/2023"),
        ("folder", "/a/100%25", 'folder:"/a/100%2525"'),
        ("folder", "/a/\udcff", 'folder:"/a/%FF"'),
    ],
)
def test_what_a_value_is_as_a_condition(kind: str, value: str, expected: str) -> None:
    assert refinement(kind, value) == expected
    parse(expected).tree  # noqa: B018 - is understood
    expected.encode()
