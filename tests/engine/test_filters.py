"""Conditions, sources and orders, over pictures whose facts are written down here.

docs/query.md has an example of every condition, which tests/test_docs.py runs; here are the corners.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert, select

from imsearch.engine.engine import Engine
from imsearch.engine.query.grammar import parse
from imsearch.engine.search.filters import Filters
from imsearch.engine.stores.sql import schema
from imsearch.engine.words.places import box, inside
from imsearch.engine.words.resolved import Filter, Like
from imsearch.engine.words.resolving import resolve
from imsearch.engine.words.words import Words
from imsearch.errors import ImsearchError, QueryError
from imsearch.keys import Circle
from tests.engine.support import LEXICON, reading, set_facts, spec, tables

SPRING, SUMMER = datetime(2023, 5, 17, 23, 59, 59), datetime(2023, 7, 1)


@pytest.fixture
def library(engine: Engine) -> Engine:
    """1 a cat in spring, 2 a dog in summer, 3 a car without a date, 4 nothing, at the same moment as 2.

    A second annotator sees a cat on 2 and, surely, on 1.
    """
    engine.use_annotators([spec(), spec("other", vector_length=None)])
    engine.record(
        [
            reading(1, {"cat": 0.9, "dog": 0.2}),
            reading(2, {"dog": 0.8}),
            reading(3, {"car": 0.7, "cat": 0.3}),
            reading(4, {}),
        ]
    )
    engine.record([reading(1, {"cat": 0.95}, annotator="other"), reading(2, {"cat": 0.6}, annotator="other")])
    for image, taken in ((1, SPRING), (2, SUMMER), (4, SUMMER)):
        set_facts(engine, image, taken_at=taken)
    engine.catch_up()
    return engine


def found(engine: Engine, text: str) -> list[int]:
    """The ids of the results, in order."""
    results = engine.finder.search(text, min_score=0)
    assert results.total == len(results.hits)
    return [hit.image.id for hit in results.hits]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # The last second of a day belongs to it, the first one of the next does not.
        ("date:2023-05-17", [1]),
        ("date:..2023-06", [1]),
        ("date:2023-07-01", [2, 4]),
        ("after:2023-06-30", [2, 4]),
        ("before:2023-07-01", [1]),
        # Without a date no condition on dates holds, and so its opposite does.
        ("-date:2023", [3]),
        ("NOT (date:2023-05 OR date:2023-07)", [3]),
        # Conditions among words: they let through and do not rank.
        ("cat date:2023", [1, 2]),
        ("cat -date:2023", [3]),
        ("cat OR date:2023-07", [2, 4, 1, 3]),
        ("(car OR dog) (date:2023-07 OR -has:date)", [2, 3]),
        ("+dog date:2023", [2]),
        ("-cat has:date", [4]),
        ("cat +date:2023-05", [1]),
        ("pictures date:2023-05", [1]),
        # The newest first, then those without a date; equal ones by id.
        ("type:jpeg", [2, 4, 1, 3]),
        ("type:png", []),
        ("sort:-date", [2, 4, 1, 3]),
        ("sort:date", [1, 2, 4, 3]),
        ("cat sort:-date", [2, 1, 3]),
        ("cat sort:-score", [3, 2, 1]),
        ("sort:-name", [4, 3, 2, 1]),
        ("is:untagged", [4]),
        ("-is:untagged", [2, 1, 3]),
        ("tag:cat>0.6", [1]),
        ("tag:cat>=0.6", [2, 1]),
        ("tag:CAT<0.9", [2, 3]),
        ("tag:nonsense>0.1", []),
    ],
)
def test_conditions(library: Engine, text: str, ids: list[int]) -> None:
    assert found(library, text) == ids


def test_conditions_alone_score_1_and_do_not_change_the_score_of_words(library: Engine) -> None:
    assert [hit.score for hit in library.finder.search("date:2023-05").hits] == [1.0]
    (plain,) = library.finder.search("dog", min_score=0.5).hits
    (with_condition,) = library.finder.search("dog date:2023-07 type:jpeg", min_score=0.5).hits
    assert [plain.score, with_condition.score] == pytest.approx([0.8, 0.8], abs=1e-6)
    assert list(with_condition.why) == ["dog"]


def test_pages_of_an_order_fit_together(library: Engine) -> None:
    pages = [library.finder.search("sort:-date", limit=1, offset=start).hits[0].image.id for start in range(4)]
    assert pages == [2, 4, 1, 3]


def test_sources_are_asked_apart(library: Engine) -> None:
    assert found(library, "cat by:fake") == [1, 3]
    assert found(library, "cat by:other") == [1, 2]
    scores = [round(hit.score, 2) for hit in library.finder.search("cat by:other").hits]
    assert scores == [0.95, 0.6]
    assert library.finder.search("dog -cat", relax=False).hits == ()
    assert found(library, "dog -cat by:fake") == [2]
    assert found(library, "by:other") == [2, 1]
    assert found(library, "by:other date:2023-05") == [1]
    assert found(library, "-by:other") == [4, 3]
    # Two sources: both must have said it, one of them softly.
    assert found(library, "cat by:fake by:other")[0] == 1


def test_what_the_user_said_is_a_source(library: Engine) -> None:
    library.correct(3, "dog", 1)
    library.correct(1, "cat", -1)
    assert found(library, "dog by:user") == [3]
    assert found(library, "animal by:user") == [3]
    assert found(library, "by:user") == [3]
    assert found(library, "cat by:fake") == [3]  # a rejected tag counts for nobody
    assert found(library, "by:other") == [2]
    assert found(library, "tag:cat>0.1") == [2, 3]
    library.correct(2, "dog", -1)
    library.correct(2, "cat", -1)
    assert found(library, "is:untagged") == [2, 4, 1]  # of 1, only the unlikely dog is left


def test_renamed_tags_are_known_to_their_sources(library: Engine) -> None:
    with tables(library).engine.begin() as connection:
        ids = dict(connection.execute(select(schema.tags.c.name, schema.tags.c.id)).all())
        connection.execute(insert(schema.aliases).values(tag_id=ids["dog"], name_id=ids["cat"]))
    filters = Filters(
        library.catalog, lambda tag: library.indexes.with_text(lambda index: index.postings(tag)), Words(LEXICON, [])
    )
    said = filters._sources.postings("fake", ["cat", "dog"])
    assert sorted(said("cat").images.tolist()) == [1, 2, 3]
    assert said("dog").images.tolist() == []


def test_an_unknown_source_is_a_mistake_in_the_query(library: Engine) -> None:
    with pytest.raises(QueryError, match=r"knows user, fake, other in this library.*Did you mean other\?") as raised:
        library.finder.search("cat by:othr")
    assert raised.value.position == 7


def test_paths_are_bytes_and_names_come_in_several_forms(library: Engine) -> None:
    library.record(
        [
            reading(5, {}, path=os.fsdecode(b"/photos/\xff/caf\xe9.jpg")),  # no UTF-8
            reading(6, {}, path="/photos/Cafe\u0301/STRASSE 100%.jpg"),  # as macOS writes an accent
        ]
    )
    library.catch_up()
    assert found(library, "path:/photos/ type:jpeg") == [2, 4, 1, 3, 5, 6]
    assert found(library, "path:caf\u00e9") == [6]
    assert found(library, 'name:"stra\u00dfe 100%"') == [6]
    assert found(library, "name:photos") == []
    assert found(library, "name:caf*.jpg") == [5]
    assert found(library, "path:p*s/*.jpg -path:1*j") == [2, 4, 3, 5]
    assert found(library, "path:" + "*a" * 400) == []  # quick, however many stars


def test_images_whose_files_are_gone_are_not_found(library: Engine) -> None:
    library.forget([Path("/photos/1.jpg")])
    assert found(library, "type:jpeg") == [2, 4, 3]
    assert found(library, "sort:name") == [2, 3, 4]
    assert found(library, "path:1.jpg") == []


def test_duplicates_are_asked_of_whoever_knows_them(library: Engine) -> None:
    words = Words(LEXICON, [])
    filters = Filters(
        library.catalog,
        lambda tag: library.indexes.with_text(lambda index: index.postings(tag)),
        words,
        lambda catalog: iter([3, 1, 3]),
    )
    resolved, _ = resolve(words, parse("is:duplicate").tree, filters)
    assert isinstance(resolved, Filter)
    assert resolved.ids.tolist() == [1, 3]


def test_a_likeness_that_cannot_be_had_is_a_mistake_in_the_query(library: Engine) -> None:
    def refuse(target: str) -> Like:
        raise ImsearchError(f"{target} is no picture.")

    words = Words(LEXICON, [])
    with pytest.raises(QueryError, match="is no picture") as raised:
        resolve(
            words,
            parse("cat like:x.txt").tree,
            Filters(
                library.catalog,
                lambda tag: library.indexes.with_text(lambda index: index.postings(tag)),
                words,
                like=refuse,
            ),
        )
    assert raised.value.position == 9


def test_no_query_breaks_the_search(library: Engine) -> None:
    """Pieces of the language thrown together, what no store can hold among them, find something or are refused."""
    chance = random.Random(5)
    pieces = [
        *(" cat ", "dgo ", "pictures ", " OR ", "NOT ", "(", ")", '"', "-", "+", "*", "~", ",", "tag:", "like:3 "),
        *("by:user ", " by:fake ", "sort:-name ", "sort:size ", "date:2023 ", "iso:>800 ", "camera:% ", "name:\0 "),
        *("near:0,0," + "9" * 400 + " ", "rating:" + "9" * 400 + " ", "tag:cat>=30% ", "has:people ", "is:untagged "),
        *("\udce9 ", "tag:\udce9 ", "by:\udce9 ", "path:\udce9 ", "lens:\udce9 ", "type:\udce9 ", "camra:\udce9 "),
    ]
    for _ in range(500):
        text = "".join(chance.choices(pieces, k=chance.randrange(1, 8)))
        with contextlib.suppress(QueryError):
            library.finder.search(text)
    assert library.notes == []  # no index was taken for damaged


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("near:0,180,150", [1, 2]),  # one degree on the equator is 111 km, on either side of the date line
        ("near:0,-179.5,60", [2]),
        ("near:0,179,1", [1]),
        ("near:90,0,120", [3, 4]),  # every meridian meets at the pole
        ("near:89,-90,115", [4]),
        ("near:89.5,80,70", [3]),
        ("near:0,0,30000", [1, 2, 3, 4]),
        ("near:0,0,0", []),
        ("-near:90,0,120", [1, 2]),
    ],
)
def test_places(engine: Engine, text: str, ids: list[int]) -> None:
    engine.record([reading(number, {}) for number in (1, 2, 3, 4)])
    for image, (latitude, longitude) in enumerate([(0, 179), (0, -179), (89, 80), (89, -100)], start=1):
        set_facts(engine, image, latitude=latitude, longitude=longitude)
    engine.catch_up()
    assert found(engine, text) == ids


def test_the_box_holds_all_of_the_circle() -> None:
    draw = np.random.default_rng(0)
    for _ in range(200):
        circle = Circle(draw.uniform(-90, 90), draw.uniform(-180, 180), 10 ** draw.uniform(0, 4.3))
        # Places all over, and near the circle's rim.
        angles, reach = draw.uniform(0, 2 * math.pi, 500), circle.kilometres / 111 * draw.uniform(0, 1.5, 500)
        latitudes = np.clip(circle.latitude + reach * np.cos(angles), -90, 90)
        longitudes = (circle.longitude + reach * np.sin(angles) * draw.uniform(1, 9) + 540) % 360 - 180
        (south, north), sides = box(circle)
        boxed = (latitudes >= south) & (latitudes <= north)
        boxed &= np.any([(longitudes >= west) & (longitudes <= east) for west, east in sides], axis=0)
        assert boxed[inside(circle, latitudes, longitudes)].all()


def test_a_known_distance() -> None:
    """Paris to London is 344 km."""
    london = np.array([51.5074]), np.array([-0.1278])
    assert inside(Circle(48.8566, 2.3522, 345), *london)
    assert not inside(Circle(48.8566, 2.3522, 343), *london)


def test_a_panorama_is_known_by_its_shape_and_by_its_name(library: Engine) -> None:
    for image, (width, height) in enumerate(((4000, 2000), (3999, 2000), (1080, 2400), (1000, 2500)), 1):
        set_facts(library, image, width=width, height=height)
    assert found(library, "is:panorama") == [4, 1]
    assert found(library, "-is:panorama") == [2, 3]
    assert found(library, "panorama") == [4, 1]
    assert found(library, "panoramic pictures of a cat") == [1]
    assert found(library, "dog -panorama") == [2]
    assert found(library, "tag:panorama") == []
    assert library.finder.search("panorama").unknown == ()
    library.record([reading(5, {"panorama": 0.9, "cat": 0.1})])
    library.catch_up()
    assert sorted(found(library, "panorama")) == [1, 4, 5]
