"""From coordinates to names and back, with the places of GeoNames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from imsearch.engine.engine import Engine
from imsearch.engine.stores.sql import schema
from imsearch.engine.stores.sql.distinct import distinct
from imsearch.engine.stores.sql.locating import Locator
from imsearch.engine.words.gazetteer import Gazetteer, Located
from imsearch.engine.words.place_names import PlaceNames, folded, holds
from imsearch.errors import QueryError
from imsearch.languages.lexicon import Lexicon
from tests.engine.support import reading, set_facts, spec, tables, writer

ROME, PARIS, NYC = (41.8902, 12.4922), (48.8584, 2.2945), (40.7069, -74.0089)
MUNICH, NICE, SEA = (48.1390, 11.5658), (43.6961, 7.2718), (30.0, -40.0)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer()


@pytest.mark.parametrize(
    ("latitude", "longitude", "city", "country"),
    [
        (*ROME, "Rome", "Italy"),
        (*PARIS, "Paris", "France"),
        (*NYC, "New York City", "United States"),  # "Seaport" is nearer
        (40.7357, -74.1724, "Newark", "United States"),
        (48.8049, 2.1204, "Versailles", "France"),
        (35.6938, 139.7034, "Tokyo", "Japan"),  # Shinjuku
        (35.4437, 139.6380, "Yokohama", "Japan"),
        (22.2819, 114.1580, "Hong Kong", "Hong Kong"),
        (46.2044, 6.1432, "Gen\u00e8ve", "Switzerland"),
        (46.1930, 6.2342, "Annemasse", "France"),  # beside Geneva, across the border
        (43.7384, 7.4246, "Monaco", "Monaco"),
        (66.0, -179.5, "", "Russia"),
        (-77.85, 166.67, "", ""),
        (*SEA, "", ""),
        (90.0, 0.0, "", ""),
    ],
)
def test_coordinates_have_names(
    gazetteer: Gazetteer, latitude: float, longitude: float, city: str, country: str
) -> None:
    (found,) = gazetteer.locate([(latitude, longitude)])
    assert (found.city, found.country) == (city, country)


def test_regions_are_told_and_many_points_at_once(gazetteer: Gazetteer) -> None:
    assert gazetteer.locate([ROME, SEA, MUNICH]) == [
        Located("Rome", "Lazio", "Italy"),
        Located(),
        Located("Munich", "Bavaria", "Germany"),
    ]
    assert gazetteer.locate([]) == []


@pytest.mark.parametrize("name", ["Rome", "rome", "Roma", "Rom", "\u7f57\u9a6c"])
def test_names_have_coordinates_in_several_languages(gazetteer: Gazetteer, name: str) -> None:
    found = gazetteer.find(name)
    assert found == pytest.approx(ROME, abs=0.1)


def test_of_several_places_of_a_name_the_largest_counts(gazetteer: Gazetteer) -> None:
    assert gazetteer.find("paris") == pytest.approx(PARIS, abs=0.1)  # not in Texas
    assert gazetteer.find("new york") == pytest.approx(NYC, abs=0.1)
    assert gazetteer.find("Nowhere at all") is None
    assert gazetteer.find("...") is None


def test_names_are_compared_without_accents_and_signs() -> None:
    assert folded("\u00cele-de-France") == "ile de france"
    assert folded("Gro\u00df-Gerau") == folded("GROSS GERAU") == "gross gerau"
    assert folded("Ko\u0308ln") == folded("K\u00f6ln") == "koln"
    assert holds("new york city", "york city")
    assert not holds("jerome", "rome")


def test_every_other_name_stands_for_a_place_that_exists(gazetteer: Gazetteer) -> None:
    names = PlaceNames()
    regions = {folded(row.region) for row in gazetteer._rows}
    cities = {folded(row.city) for row in gazetteer._rows}
    countries = {folded(gazetteer._country(code)) for code in {row.code for row in gazetteer._rows}}
    known = regions | cities | countries
    assert [name for name in names.originals() if folded(name) not in known] == []
    assert set(names.countries) <= {row.code for row in gazetteer._rows}


WORDS = Lexicon(kinds={"dog": (), "orange": (), "beach": ()})


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """1 a dog in Rome, 2 a dog in Munich, 3 a beach in Nice, 4 New York, 5 at sea, 6 a dog nowhere."""
    folder = tmp_path_factory.mktemp("places") / "library"
    with Engine.open(folder, WORDS, create=True) as engine:
        engine.use_annotators([spec()])
        tags = [{"dog": 0.9}, {"dog": 0.8}, {"beach": 0.9}, {}, {}, {"dog": 0.9}]
        engine.record([reading(number, said) for number, said in enumerate(tags, 1)])
        for image, (latitude, longitude) in enumerate((ROME, MUNICH, NICE, NYC, SEA), 1):
            set_facts(engine, image, latitude=latitude, longitude=longitude)
        assert engine.locate() == 5
        assert engine.locate() == 0
        engine.catch_up()
        yield engine


@pytest.mark.parametrize(
    ("text", "ids", "meanings"),
    [
        ("rome", [1], ["place:rome"]),
        ("Roma", [1], ["place:roma"]),
        ("\u7f57\u9a6c", [1], ["place:\u7f57\u9a6c"]),
        ("dog italy", [1], ["place:italy"]),
        ("dogs in m\u00fcnchen", [2], ["place:m\u00fcnchen"]),
        ("new york", [4], ['place:"new york"']),
        ("photos taken in the usa", [4], ["place:usa"]),
        ("dog not in italy", [6, 2], ["-place:italy"]),
        ("dog -bavaria", [1, 6], ["place:bavaria"]),
        ("rome OR munich", [1, 2], ["place:rome", "place:munich"]),
        ("nice", [3], ["place:nice"]),
        ("beach in nice", [3], ["place:nice"]),
        ("dog near rome", [1], ["near:rome"]),
        ("york", [], []),
        ("paris", [], []),
        ("place:rome", [1], []),
        ("place:ITALIE", [1], []),
        ("place:york", [4], []),
        ("city:italy", [], []),
        ("country:italy", [1], []),
        ("region:bavaria", [2], []),
        ('country:="Italy"', [1], []),
        ("country:=italy", [], []),
        ("near:Rome", [1], []),
        ("near:Rom,3", [1], []),
        ('near:"New York",30', [4], []),
        ("near:41.89,12.49,5", [1], []),
    ],
)
def test_places_find_pictures(library: Engine, text: str, ids: list[int], meanings: list[str]) -> None:
    results = library.finder.search(text)
    assert [hit.image.id for hit in results.hits] == ids
    assert [meaning for _, meaning in results.understood] == meanings


def test_words_of_other_meanings_are_no_places(library: Engine) -> None:
    assert library.finder.search("nice dog").understood == ()
    assert [hit.image.id for hit in library.finder.search("nice dog").hits] == [1, 6, 2]


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("dog near:Xyzzyville", 9, "knows no place called 'Xyzzyville'"),
        ("near:Rome,-3", 10, "A distance lies at 0 or more"),
        ("near:48.1,11.5", 14, "2 of the 3 are given"),
        ('place:"..."', 10, "place: takes a name"),
    ],
)
def test_places_that_cannot_be_found_are_told(library: Engine, text: str, position: int, told: str) -> None:
    with pytest.raises(QueryError, match=told) as raised:
        library.finder.search(text)
    assert raised.value.position == position


def test_places_are_counted_and_completed(library: Engine) -> None:
    facets = library.finder.search("dog", facets=True).facets
    assert facets["country"] == (("Germany", 1), ("Italy", 1))
    assert facets["city"] == (("Munich", 1), ("Rome", 1))
    assert [each.text for each in library.finder.completer.complete("city:m", 6, 8).suggestions] == ["Munich"]
    assert [each.text for each in library.finder.completer.complete("country:u", 9, 8).suggestions] == [
        '"United States"'
    ]


def test_values_of_a_column_are_told_in_order(library: Engine) -> None:
    with tables(library).reading() as connection:
        assert distinct(connection, schema.images.c.city) == ["Munich", "New York City", "Nice", "Rome"]
        assert distinct(connection, schema.images.c.lens) == []


def test_a_picture_that_moves_gets_another_place(folder: Path) -> None:
    with Engine.open(folder, WORDS, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {})])
        set_facts(engine, 1, latitude=ROME[0], longitude=ROME[1])
        engine.locate()
        set_facts(engine, 1, latitude=MUNICH[0], longitude=MUNICH[1])
        with writer(engine).writing() as connection:
            Locator().locate(connection, [1])
            assert connection.execute(select(schema.images.c.city)).scalar() == "Munich"
        engine.record([reading(1, {})])  # its facts are read again: it has no coordinates now
        image = engine.catalog.image(1)
        assert image is not None
        assert (image.facts.latitude, image.facts.city, image.facts.country) == (None, None, None)
