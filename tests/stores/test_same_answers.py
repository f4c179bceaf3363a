"""A made-up library of 300 pictures answers alike in every home, to the same digits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.search.duplicates import find_groups
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.changes import Verdict
from imsearch.errors import QueryError
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Annotation, Facts, Failure, Tag, Text
from tests.engine.support import sha256, spec

WORDS = ("beach", "boat", "bridge", "car", "cat", "child", "cloud", "dog", "fire", "forest", "house", "lake", "night")
KINDS = {"animal": ("cat", "dog"), "vehicle": ("car", "boat")}
CAMERAS = ("Canon EOS 5D", "canon PowerShot", "Nikon D90", "Ä-Cam", None)
PLACES = ((48.14, 11.58, "Munich", "Germany"), (40.71, -74.01, "New York", "United States"), (None, None, None, None))
PICTURES, QUERIES = 300, 200
FIRST = datetime(2019, 1, 1, 12)
LEXICON = Lexicon(kinds={tag: tuple(kind for kind, tags in KINDS.items() if tag in tags) for tag in WORDS})


def _picture(chance: random.Random, number: int) -> Reading:
    latitude, longitude, city, country = chance.choice(PLACES)
    facts = Facts(
        camera=chance.choice(CAMERAS),
        lens=chance.choice(("50mm", "Zoom", None)),
        iso=chance.choice((100, 400, 1600, 4_000_000_000, None)),
        aperture=chance.choice((1.8, 5.6, None)),
        rating=chance.choice((None, -1, 0, 3, 5)),
        latitude=latitude,
        longitude=longitude,
        city=city,
        country=country,
    )
    said = ImageFacts(
        chance.choice((640, 1280)),
        chance.choice((480, 960)),
        chance.choice(("JPEG", "PNG")),
        taken_at=FIRST + timedelta(days=chance.randrange(2000), seconds=chance.randrange(9)) if number % 7 else None,
        metadata={"camera": "Box", "note": "Grüße"},
        facts=facts,
        texts=(Text("title", chance.choice(("Old Harbour", "harbour at dusk", "Straße"))),) if number % 3 else (),
        version=1,
        phash=chance.getrandbits(63) if number % 5 else 7,
    )
    annotations = {
        name: Annotation(
            tuple(Tag(word, round(chance.random(), 2)) for word in chance.sample(WORDS, 7)),
            np.array([chance.gauss(0, 1) for _ in range(8)], np.float32) if name == "fake" else None,
        )
        for name in ("fake", "other")
    }
    folder = chance.choice(("/photos", "/photos/2020", "/Photos", "/other"))
    file = FileSeen(Path(f"{folder}/{chance.choice('aBcÄ')}{number}.jpg"), 100 + number, number)
    return Reading(file, sha256(number), said, annotations)


def fill(engine: Engine) -> None:
    """Two annotators that often agree, copies, failures, files that are gone, and what a user says of it all."""
    chance = random.Random(15)
    engine.use_annotators([spec(vector_length=8), spec("other", vector_length=None)])
    pictures = [_picture(chance, number) for number in range(1, PICTURES + 1)]
    for start in range(0, PICTURES, 60):
        engine.record(pictures[start : start + 60], [Failure(Path(f"/broken/{start}"), "empty")])
    copies = []
    for each in pictures[::9]:
        copy = replace(each.file, path=Path(f"/copy/{each.file.size}.jpg"))
        copies.append(Reading(copy, each.sha256))
    engine.record(copies)
    engine.forget([each.file.path for each in pictures[5::40]])
    for _ in range(40):
        verdict = chance.choice((Verdict.ADD, Verdict.REJECT, Verdict.ACCEPT))
        engine.corrections.correct(chance.sample(range(1, 200), 3), [chance.choice((*WORDS, "sunset"))], verdict)
    engine.corrections.rename("night", "darkness")
    engine.corrections.merge(["forest", "lake"], "outdoors")
    engine.corrections.rename("fire", "flames")
    engine.corrections.undo()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The library in a folder."""
    with Engine.open(tmp_path_factory.mktemp("same") / "library", LEXICON, create=True) as engine:
        fill(engine)
        yield engine


@pytest.fixture(scope="module")
def database(postgres_library_of_module: str) -> Iterator[Engine]:
    """The same in a database."""
    with Engine.open(postgres_library_of_module, LEXICON, create=True) as engine:
        fill(engine)
        yield engine


def queries() -> list[str]:
    """Queries with every kind of key, alone and together, some of them without any answer or any sense."""
    chance = random.Random(200)
    words = (*WORDS, "outdoors", "darkness", "sunset", "animal", "vehicle", "harbour", "kat", "munich", "canon")
    keys = (
        lambda: f"tag:{chance.choice(WORDS)}>{chance.choice(('.2', '.5', '.9'))}",
        lambda: chance.choice(("iso:>=400", "iso:100..1600", "iso:>99999999999", "rating:>2", "rating:-1")),
        lambda: chance.choice(("date:2021", "before:2020-06", "after:2022", "month:11..2", "date:2019-05..2021-03")),
        lambda: chance.choice(("camera:canon", "camera:ä*", "lens:50mm", "type:png", "width:>1000", "size:<300")),
        lambda: chance.choice(("path:photos", "folder:/photos", "name:b*", "path:*2020*", "folder:/")),
        lambda: chance.choice(("by:user", "by:fake", "by:other", f"{chance.choice(WORDS)} by:other")),
        lambda: chance.choice(("city:munich", "country:germany", "near:48.14,11.58,20", "place:new")),
        lambda: chance.choice(("has:gps", "has:title", "-has:date", "is:portrait", "orientation:landscape")),
        lambda: f"like:{chance.randrange(1, PICTURES)}",
    )
    orders = ("date", "-date", "name", "-name", "iso", "-rating", "size", "-score", "width")
    queries: list[str] = []
    while len(queries) < QUERIES:
        parts = chance.sample(words, chance.randrange(0, 4)) + [
            chance.choice(keys)() for _ in range(chance.randrange(3))
        ]
        if not parts:
            continue
        if len(parts) > 1 and chance.random() < 0.3:
            parts.insert(1, "OR")
        if chance.random() < 0.3:
            parts.append(f"-{chance.choice(words)}")
        if chance.random() < 0.3:
            parts.append(f"sort:{chance.choice(orders)}")
        queries.append(" ".join(parts))
    return queries


def test_two_hundred_queries_find_the_same(folder: Engine, database: Engine) -> None:
    found = 0
    for number, query in enumerate(queries()):
        try:
            expected = folder.finder.search(query, facets=number % 4 == 0, everything=number % 3 == 0)
        except QueryError as error:
            with pytest.raises(QueryError) as caught:
                database.finder.search(query)
            assert str(caught.value) == str(error)
            continue
        results = database.finder.search(query, facets=number % 4 == 0, everything=number % 3 == 0)
        assert results == expected, query  # scores, tags, reasons and counts, to the last digit
        found += bool(results.hits)
    assert found > QUERIES / 2


def test_what_looks_alike_is_the_same(folder: Engine, database: Engine) -> None:
    for image in range(1, 40):
        expected = folder.finder.similar(image)
        assert expected.hits and database.finder.similar(image) == expected


def test_what_could_be_typed_next_is_the_same(folder: Engine, database: Engine) -> None:
    for text in ("b", "ca", "camera:c", "path:/p", "tag:", "CA", "by:", "sort:", "city:", "cat do"):
        expected = folder.finder.completer.complete(text, len(text), 8)
        assert database.finder.completer.complete(text, len(text), 8) == expected, text


def test_everything_else_is_told_alike(folder: Engine, database: Engine) -> None:
    ours, theirs = database.catalog, folder.catalog
    for source in ("", "user", "fake", "other"):
        for prefix in ("", "c", "CA", "%"):
            assert ours.tag_counts(prefix, source) == theirs.tag_counts(prefix, source)
    images = range(1, PICTURES + 2)
    assert ours.images(images) == theirs.images(images) and ours.tags_of(images) == theirs.tags_of(images)
    assert (ours.annotators(), ours.renamed(), ours.failures()) == (
        theirs.annotators(),
        theirs.renamed(),
        theirs.failures(),
    )
    assert [replace(each, made_at=FIRST) for each in ours.history()] == [
        replace(each, made_at=FIRST) for each in theirs.history()
    ]
    assert ours.known_files(Path("/photos")) == theirs.known_files(Path("/photos"))
    assert find_groups(ours, 0.9, []) == find_groups(theirs, 0.9, [])
    doubts = database.reviewing.doubts(), folder.reviewing.doubts()
    assert doubts[0] == doubts[1] and doubts[0]
    status = [asdict(each.status()) for each in (database, folder)]
    for each in status:
        del each["place"], each["bytes"]
    assert status[0] == status[1]
    assert database.verify() == folder.verify() == []
