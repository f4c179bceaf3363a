"""Words are found however they are written: accents, signs, names of files, words of tags, scripts without spaces."""

# ruff: noqa: RUF001 - signs that look like others are what this is about

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.changes import Verdict
from imsearch.engine.stores.derived import read_state, write_state
from tests.engine.support import LEXICON, correct, reading, spec


def mac(name: str) -> str:
    """As a Mac writes a name: letters and their accents apart."""
    return unicodedata.normalize("NFD", name)


NAMES = (
    *(
        "a",
        "IMG_1234",
        "HolidayInSpain",
        "20190105_131541",
        "Müller ÖBB Straße",
        "東京タワー夜景",
        "cake 🎂",
        "Holiday (2)",
    ),
    *(mac("Crème brûlée"), "Garcia", "García", "DSC00042-edit", "ภาพแมวน่ารัก", "한국여행", "हिन्दी", "RÉSUMÉ_FINAL"),
)
"""Files of pictures 1, 2 and so on."""
OWN = (
    *(
        "birthday party 2019",
        "nana lou",
        "our trip to new york",
        "to be or not to be",
        "place:lake garda",
        "spot:blue lagoon",
        "long_hair",
    ),
    *(
        "why?",
        "smith, john",
        "foo(bar)",
        "c++",
        "50% off",
        "#1",
        'james "bucky" barnes',
        "a%22b",
        ":)",
        "zoë",
        "mom & dad",
    ),
    *("o'neil", '5" nails', "when you see it...", "dr. who", "cat|dog", "sea lion", "海边的家", "✨ magic ✨"),
)
"""Tags of picture 1."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("written") / "library"
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(n, {}, path=f"/p/{name}.jpg") for n, name in enumerate(NAMES, 1)])
        correct(engine, Verdict.ADD, [1], *OWN, exact=True)
        engine.catch_up()
        yield engine


def found(engine: Engine, text: str) -> list[int]:
    return [hit.image.id for hit in engine.finder.search(text, everything=True).hits]


@pytest.mark.parametrize("tag", OWN)
def test_own_tags_are_found_as_they_are_printed(written: Engine, tag: str) -> None:
    assert found(written, tag) == [1]
    assert written.finder.search(tag).hits[0].score == 1
    assert found(written, tag.upper()) == [1]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        *(("birthday", [1]), ("Parties", [1]), ("nana", [1]), ("lou", [1]), ("york", [1])),
        *(("lou nana", [1]), ('"lou nana"', []), ('"birthday party"', [1]), ('"party birthday"', [])),
        *(("garda", [1]), ("spot:lagoon", [1]), ("spot:blue", [1]), ("mood:garda", []), ("+nana", [1])),
        *(("long hair", [1]), ("long-hair", [1]), ("longhair", [1]), ("+long_hair", [1]), ("smith john", [1])),
        *(
            ("why", [1]),
            ("zoe", [1]),
            ("ZOË", [1]),
            ("bucky", [1]),
            ("magic", [1]),
            ("✨", [1]),
            ("家", [1]),
            ("海边", [1]),
        ),
        *(("边海", []), ("lion", [1]), ("foo bar", [1]), ("tag:zoe", []), ("tag:birthday", [])),
    ],
)
def test_tags_are_found_by_their_words(written: Engine, text: str, images: list[int]) -> None:
    assert found(written, text) == images


@pytest.mark.parametrize(
    "text",
    [
        *(
            "tag:why?",
            "(tag:why?)",
            "tag:foo(bar)",
            "(tag:foo(bar))",
            "tag:c++",
            "tag:#1",
            "tag:cat|dog",
            'tag:"smith, john"',
        ),
        *('tag:"james %22bucky%22 barnes"', 'tag:"a%2522b"', 'tag:"a%22b"', "tag:o'neil", 'tag:"dr. who"', "tag：why?"),
    ],
)
def test_exact_tags_may_hold_signs(written: Engine, text: str) -> None:
    assert found(written, text) == [1]


@pytest.mark.parametrize(
    ("text", "image"),
    [
        *(
            ("IMG_1234", 2),
            ("img_1234.jpg", 2),
            ("IMG 1234", 2),
            ("/p/IMG_1234.jpg", 2),
            ("1234", 2),
            ("IMG_1234.HEIC", 2),
        ),
        *(
            ("HolidayInSpain", 3),
            ("holidayinspain", 3),
            ("holiday in spain", 3),
            ("20190105_131541", 4),
            ("20190105", 4),
        ),
        *(("Holiday (2).jpg", 8), ("Holiday (2)", 8), ("DSC00042", 12), ("dsc00042-edit.JPG", 12), ('"IMG_1234"', 2)),
        *(("RÉSUMÉ_FINAL", 16), ("resume", 16), ("resume_final.jpg", 16), ("ＩＭＧ＿１２３４", 2)),
    ],
)
def test_names_of_files(written: Engine, text: str, image: int) -> None:
    assert found(written, text)[0] == image


def test_names_of_other_files(written: Engine) -> None:
    results = written.finder.search("IMG_9999", everything=True)
    assert (results.total, results.unknown) == (0, ("IMG_9999",))
    assert found(written, "a.jpg") == [1]
    (hit,) = written.finder.search("IMG_1234.jpg").hits
    assert [(tag.name, tag.source) for tag in hit.why.values()] == [("img 1234", "name")]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        *(("müller", [5]), ("MÜLLER", [5]), ("muller", [5]), ("mueller", [5]), ("öbb", [5]), ("strasse", [5])),
        *(("straße", [5]), ("STRASSE", [5]), (mac("müller"), [5]), ("ller", []), ("creme brulee", [9]), ("crème", [9])),
        *(
            ("タワー", [6]),
            ("東京", [6]),
            ("東京*", [6]),
            ("東", [6]),
            ("京東", []),
            ("東京タワー夜景", [6]),
            ("夜景 東京", [6]),
        ),
        *(
            ("「東京」", [6]),
            ("แมว", [13]),
            ("한국", [14]),
            (mac("한국"), [14]),
            ("여행", [14]),
            ("हिन्दी", [15]),
            ("🎂", [7]),
        ),
        *(
            ("name:muller", [5]),
            ("name:müller", [5]),
            ("name:MÜLLER", [5]),
            ("name:garcia", [10, 11]),
            ("name:garcía", [11]),
        ),
    ],
)
def test_letters(written: Engine, text: str, images: list[int]) -> None:
    assert found(written, text) == images


def test_the_exact_spelling_comes_first(written: Engine) -> None:
    assert found(written, "garcia") == [10, 11]
    assert found(written, "García") == [11, 10]
    assert written.finder.search("zoë").hits[0].score > written.finder.search("zoe").hits[0].score > 0.5
    assert written.finder.search("東京").hits[0].score < written.finder.search("東京タワー夜景").hits[0].score


def test_an_index_of_before_is_made_anew(folder: Path) -> None:
    with Engine.open(folder, LEXICON, create=True) as engine:
        engine.use_annotators([spec()])
        engine.record([reading(1, {"cat": 0.9}, path="/p/Müller.jpg")])
        engine.catch_up()
    state = folder / "text" / "state.json"
    noted = read_state(state)
    assert noted is not None
    write_state(state, {**noted, "format": 3})
    with Engine.open(folder, LEXICON) as engine:
        assert found(engine, "muller") == [1]
    again = read_state(state)
    assert again is not None and again["format"] == noted["format"]
