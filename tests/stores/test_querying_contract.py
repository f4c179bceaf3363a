"""What every catalog does with what queries, their facets and their order ask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imsearch.engine.query.keys import KEYS
from imsearch.engine.stores.batch import FileSeen
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.home import Recorder
from imsearch.engine.stores.journal import Edit
from imsearch.keys import (
    And,
    Around,
    BadValue,
    Circle,
    Compare,
    FileFits,
    HasDuplicate,
    HasKind,
    HasTag,
    HasText,
    Holds,
    InMonths,
    InPlace,
    Known,
    Not,
    OneOf,
    Or,
    Predicate,
    SaidBy,
    Span,
    Under,
    Within,
)
from imsearch.records import Facts, Text
from tests.engine.support import FACTS, reading, spec

MUNICH = Facts(camera="Café Cam 5", iso=100, city="Munich", country="Germany")
NEW_YORK = Facts(camera="canon eos", lens="50mm", iso=1600)


@pytest.fixture
def catalog(catalog: CatalogReading, recorder: Recorder) -> CatalogReading:
    """1 in Munich, 2 in New York with two files, 3 of which little is known, 4 whose file is gone."""
    recorder.use_annotators([spec(), spec("other")])
    texts = (Text("title", "Puss"),)
    one = replace(FACTS, taken_at=datetime(2022, 5, 1, 12, 30), facts=MUNICH, texts=texts)
    two = replace(FACTS, width=1280, taken_at=datetime(2023, 12, 24), facts=NEW_YORK)
    readings = [
        replace(reading(1, {"cat": 0.9}, path="/photos/1.jpg"), facts=one),
        replace(reading(2, {"dog": 0.8, "cat": 0.2}, path="/photos/sub/Straße.png"), facts=two),
        reading(3, {}, path="/other/3.jpg"),
        reading(4, {"cat": 0.9}, path="/photos/4.jpg"),
    ]
    recorder.record(readings, [])
    recorder.record([replace(readings[1], file=FileSeen(Path("/other/copy.png"), 102, 5), facts=None)], [])
    said = reading(1, {"dog": 0.75}, path="/photos/1.jpg", annotator="other")
    recorder.record([replace(said, facts=None)], [])
    recorder.forget([b"/photos/4.jpg"])
    return catalog


@pytest.mark.parametrize(
    ("predicate", "found"),
    [
        (And(()), [1, 2, 3, 4]),
        (Or(()), []),
        (Not(And(())), []),
        (Compare("iso", Span(low=100)), [1, 2]),
        (Compare("iso", Span(low=100, above=True)), [2]),
        (Compare("iso", Span(high=1600, below=True)), [1]),
        (Compare("width", Span(low=2), times="height"), [2]),
        (Compare("width", Span(low=0), times="rating"), []),
        (Compare("bytes", Span(low=102, high=103)), [2, 3]),
        (Compare("taken_at", Span(low=datetime(2023, 1, 1), high=datetime(2024, 1, 1))), [2]),
        (Not(Compare("iso", Span(low=1000))), [1, 3, 4]),
        (InMonths((5, 6)), [1]),
        (OneOf("format", ("JPEG",)), [1, 2, 3, 4]),
        (OneOf("camera", ("canon eos", "\udc80")), [2]),
        (Known("lens"), [2]),
        (Not(Known("lens")), [1, 3, 4]),
        (Holds("camera", "CAFE"), [1]),
        (Holds("camera", "c*5"), [1]),
        (Holds("name", "strasse"), [2]),
        (Holds("name", "sub"), []),
        (Holds("path", "photos*s"), [2]),
        (FileFits(lambda path: path.endswith("copy.png")), [2]),
        (Under("/photos"), [1, 2]),
        (Under("/photos", directly=True), [1]),
        (Under("/pho"), []),
        (Under("/photos/\udc80\ud800"), []),
        (Within(Circle(48.0, 11.5, 50)), []),
        (InPlace(("city", "region", "country"), "münchen"), [1]),
        (InPlace(("region", "country"), "Munich"), []),
        (InPlace(("city",), "!"), []),
        (HasText(), [1]),
        (HasText("title"), [1]),
        (HasText("keyword"), []),
        (SaidBy(), [1, 2, 4]),
        (SaidBy("other"), [1]),
        (SaidBy("user"), []),
        (SaidBy("nobody"), []),
        (And((Known("iso"), Under("/other"))), [2]),
        (Or((Known("lens"), Under("/other"), HasText())), [1, 2, 3]),
        (Not(Under("/other")), [1, 4]),
        (And((SaidBy("fake"), Not(Or((HasText(), Holds("name", "copy")))))), [4]),
    ],
)
def test_a_predicate_selects_images(catalog: CatalogReading, predicate: Predicate, found: list[int]) -> None:
    ids = catalog.select(predicate)
    assert ids.dtype == np.int64 and ids.tolist() == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("50%", [5]),
        ("_50", [5]),
        ("CAF", [5]),
        ("elvi", [6]),
        ("KELVIN", [6]),
        ("A\\B", [7]),
        ("strass", [2]),
        ("*", []),
    ],
)
def test_a_name_is_found_whatever_its_letters(
    catalog: CatalogReading, recorder: Recorder, text: str, found: list[int]
) -> None:
    names = (b"caf\xe9_50%.jpg", "\N{KELVIN SIGN}elvin 50x.jpg".encode(), b"a\\b.jpg")
    recorder.record([reading(n, {}, path=f"/odd/{os.fsdecode(name)}") for n, name in enumerate(names, 5)], [])
    everything = found or [1, 2, 3, 5, 6, 7]
    assert catalog.select(Holds("name", text)).tolist() == everything


def test_a_circle_selects_the_images_with_coordinates_in_it(catalog: CatalogReading, recorder: Recorder) -> None:
    where = [(48.14, 11.58), (40.71, -74.0), (-16.5, 179.9)]
    facts = [replace(FACTS, facts=Facts(latitude=latitude, longitude=longitude)) for latitude, longitude in where]
    recorder.record([replace(reading(number, {}), facts=each) for number, each in enumerate(facts, 5)], [])
    circles = [Circle(48.0, 11.5, 50), Circle(-16.5, -179.9, 50), Circle(0, 0, 1), Circle(0, 0, 20_100)]
    assert [catalog.select(Within(circle)).tolist() for circle in circles] == [[5], [7], [], [5, 6, 7]]


@pytest.mark.parametrize(
    "predicate", [HasTag("cat"), HasKind("animal"), HasDuplicate(), Within(Around("Rome", 5)), Not(HasTag("cat"))]
)
def test_what_indexes_know_is_not_asked_of_a_catalog(catalog: CatalogReading, predicate: Predicate) -> None:
    with pytest.raises(TypeError, match="nothing that a catalog knows by itself"):
        catalog.select(predicate)


def test_a_fact_that_is_not_held_is_a_bad_value(catalog: CatalogReading) -> None:
    odd: Any = "shoe_size"
    with pytest.raises(BadValue, match="asks for a fact 'shoe_size'"):
        catalog.select(Compare(odd, Span(low=1)))


def test_the_values_of_a_fact_come_once_and_in_order(catalog: CatalogReading) -> None:
    assert catalog.distinct("camera") == ["Café Cam 5", "canon eos"]
    assert catalog.distinct("format") == ["JPEG"]
    assert catalog.distinct("lens") == ["50mm"]
    assert catalog.distinct("region") == []


def test_numbers_and_names_can_be_compared(catalog: CatalogReading) -> None:
    ids = np.array([1, 2, 3], np.int64)
    assert {image: catalog.numbers("iso", ids)[image] for image in (1, 2)} == {1: 100, 2: 1600}
    moments = catalog.numbers("taken_at", ids)
    assert 3 not in moments and moments[1] < moments[2]
    names = catalog.file_names(ids)
    assert (names[1], names[2], names[3]) == ("1.jpg", "copy.png", "3.jpg")


def _facets(catalog: CatalogReading, ids: Sequence[int] | None) -> dict[str, list[tuple[int, str]]]:
    wanted = [facet for _, facet in KEYS.facets.values()]
    found = catalog.facet_values(wanted, ids)
    assert found.keys() == {facet.name for facet in wanted}
    assert all(images.dtype == np.int64 for images, _ in found.values())
    return {name: sorted(set(zip(images.tolist(), values, strict=True))) for name, (images, values) in found.items()}


def test_facets_are_those_of_images_with_files(catalog: CatalogReading, recorder: Recorder) -> None:
    with recorder.revising() as revision:
        tag = revision.tag_ids(["beach", "cat"])
        revision.set_verdicts([Edit(2, tag["beach"], None, 1), Edit(1, tag["cat"], None, -1)])
        revision.mark_changed([1, 2])
    found = _facets(catalog, None)
    assert found["tag"] == [(1, "dog"), (2, "beach"), (2, "dog")]
    assert found["annotator"] == [(1, "other"), (2, "fake"), (2, "user")]
    assert found["year"] == [(1, "2022"), (2, "2023")] and found["month"] == [(1, "2022-05"), (2, "2023-12")]
    assert found["folder"] == [(1, "/photos"), (2, "/other"), (2, "/photos/sub"), (3, "/other")]
    assert {image for image, _ in found["type"]} == {1, 2, 3}
    some = _facets(catalog, [2, 4])
    assert some == {name: [pair for pair in pairs if pair[0] == 2] for name, pairs in found.items()}


def test_what_a_source_says_leaves_out_what_was_rejected(catalog: CatalogReading, recorder: Recorder) -> None:
    images = np.array([1, 2, 3, 4], np.int64)

    def said(source: str, *tags: str) -> dict[str, dict[int, tuple[float, bool]]]:
        found = catalog.said_by(source, tags, images)
        return {tag: {image: found[tag][image] for image in sorted(found[tag])} for tag in found if found[tag]}

    assert said("fake", "cat", "unknown") == {"cat": {1: (0.9, True), 2: (0.2, False), 4: (0.9, True)}}
    assert said("other", "cat", "dog") == {"dog": {1: (0.75, True)}}
    assert said("user", "cat") == {}
    with recorder.revising() as revision:
        tag = revision.tag_ids(["cat", "dog"])
        revision.set_verdicts([Edit(1, tag["cat"], None, -1), Edit(3, tag["cat"], None, 1)])
        revision.set_names([Edit(None, tag["dog"], None, tag["cat"])])
        revision.mark_changed([1, 3])
    assert said("user", "cat") == {"cat": {3: (1.0, True)}}
    assert said("fake", "cat") == {"cat": {2: (0.8, True), 4: (0.9, True)}}
    assert said("other", "cat", "dog") == {}
