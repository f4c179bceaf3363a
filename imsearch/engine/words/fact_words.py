"""Words for dates, formats and exclusions, by language.  Data only.

Languages may be incomplete; a missing entry is not understood in that language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

LONGEST_PHRASE = 4
"""Maximum words of a phrase for a day or a holiday."""


@dataclass(frozen=True, slots=True)
class FactWords:
    """The words of one language, or of several together; all in lower case, phrases with single spaces.

    months: unambiguous words for a month -> 1 to 12.  short_months, shared_months: those that only count
    next to a day or a year, the latter also after a word such as "in".  seasons: word -> the first month of the season
    on the northern hemisphere.  weekdays: 0 for Monday.  units: all forms -> "day", "week", "weekend", "month" or
    "year".
    days_back: phrases for a day -> how many days ago.  holidays: phrase -> a name in `calendar_days.HOLIDAYS`.
    numbers: words for small numbers.

    last, last_behind ("dernier", which follows the noun), this, past, ago, since, before, after, until, to, both
    ("between"): the words around dates.  linking: prepositions before a date or a place.  during: words after which a
    season or "may" is a date.  articles: allowed inside a date, too.  near: words before a place that need not be where
    the picture was taken.

    without: words that exclude what follows.  nobody: words for no person at all -> a word of the lexicon for persons.
    taken: verbs for taking a picture.  stars: the unit of ratings.  conditions: words and phrases -> the condition they
    ask for.  shapes: the same for words that count less, since they also name things.  subjects: those of them that
    also describe the content of such a picture: a portrait shows a person.  common:
    everyday words that are not names, though there are places and cameras of that name.  makers: names of cameras that
    have other meanings.
    """

    months: Mapping[str, int] = field(default_factory=dict)
    short_months: Mapping[str, int] = field(default_factory=dict)
    shared_months: Mapping[str, int] = field(default_factory=dict)
    seasons: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    days_back: Mapping[str, int] = field(default_factory=dict)
    holidays: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    last: frozenset[str] = frozenset()
    last_behind: frozenset[str] = frozenset()
    this: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    ago: frozenset[str] = frozenset()
    since: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    until: frozenset[str] = frozenset()
    to: frozenset[str] = frozenset()
    both: frozenset[str] = frozenset()
    linking: frozenset[str] = frozenset()
    during: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    nobody: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    stars: frozenset[str] = frozenset()
    conditions: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    common: frozenset[str] = frozenset()
    makers: frozenset[str] = frozenset()

    def holiday(self, texts: Sequence[str], place: int) -> tuple[str, int]:
        """Return the longest holiday name that begins there, and its number of words."""
        for length in range(min(LONGEST_PHRASE, len(texts) - place), 0, -1):
            name = self.holidays.get(" ".join(texts[place : place + length]))
            if name:
                return name, length
        return "", 0


def together(languages: Iterable[FactWords]) -> FactWords:
    """Return the words of several languages merged; the first one wins."""
    found: dict[str, dict[str, object] | frozenset[str]] = {}
    for words in languages:
        for each in fields(FactWords):
            value, known = getattr(words, each.name), found.get(each.name)
            if isinstance(value, frozenset):
                found[each.name] = value | (known if isinstance(known, frozenset) else frozenset())
            else:
                found[each.name] = {**value, **(known if isinstance(known, dict) else {})}
    return FactWords(**found)  # type: ignore[arg-type]


def _numbered(names: str, first: int) -> dict[str, int]:
    """Parse ``a/b c``: a and b get the first number, c the next."""
    return {name: number for number, several in enumerate(names.split(), first) for name in several.split("/")}


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


_EN = FactWords(
    months={
        **_numbered("january february", 1),
        **_numbered("april", 4),
        **_numbered("june july august september october november december", 6),
    },
    short_months=_numbered("jan feb mar apr may jun jul aug sep/sept oct nov dec", 1),
    shared_months={"march": 3, "may": 5},
    seasons={"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12},
    weekdays=_numbered("monday tuesday wednesday thursday friday saturday sunday", 0),
    units={
        **dict.fromkeys(("day", "days"), "day"),
        **dict.fromkeys(("week", "weeks"), "week"),
        **dict.fromkeys(("weekend", "weekends"), "weekend"),
        **dict.fromkeys(("month", "months"), "month"),
        **dict.fromkeys(("year", "years"), "year"),
    },
    days_back={"today": 0, "tonight": 0, "yesterday": 1, "last night": 1, "day before yesterday": 2},
    holidays={
        **dict.fromkeys(("christmas", "xmas", "christmas holidays"), "christmas"),
        **dict.fromkeys(("christmas eve", "xmas eve"), "christmas eve"),
        **dict.fromkeys(("christmas day", "xmas day"), "christmas day"),
        **dict.fromkeys(("new year's eve", "new years eve", "silvester"), "new year's eve"),
        **dict.fromkeys(("new year", "new year's", "new years", "new year's day"), "new year"),
        **dict.fromkeys(("valentine's day", "valentines day", "valentine's"), "valentine's day"),
        **{"halloween": "halloween", "easter": "easter", "easter sunday": "easter sunday"},
        **{"thanksgiving": "thanksgiving"},
    },
    numbers={**_numbered("one two three four five six seven eight nine ten eleven twelve", 1), "a": 1, "an": 1},
    last=frozenset(("last", "previous")),
    this=frozenset(("this", "current")),
    past=frozenset(("past",)),
    ago=frozenset(("ago",)),
    since=frozenset(("since",)),
    before=frozenset(("before",)),
    after=frozenset(("after",)),
    until=frozenset(("until", "till")),
    to=frozenset(("to",)),
    both=frozenset(("from", "between")),
    linking=frozenset(("in", "on", "from", "during", "at", "with", "by", "around")),
    during=frozenset(("in", "during", "from", "last", "this")),
    articles=frozenset(("the", "of")),
    near=frozenset(("near", "nearby")),
    without=frozenset(("without", "no", "except", "excluding", "not")),
    nobody=dict.fromkeys(("nobody", "no one", "noone"), "people"),
    taken=frozenset(("taken", "shot", "captured", "photographed")),
    stars=frozenset(("star", "stars")),
    conditions={
        **{name: f"type:{name}" for name in ("png", "gif", "bmp", "webp", "heic", "heif", "avif", "tiff", "tif")},
        **dict.fromkeys(("jpeg", "jpg", "jpegs", "jpgs"), "type:jpeg"),
        **{"pngs": "type:png", "gifs": "type:gif"},
        **dict.fromkeys(("raw file", "raw files", "raw photo", "raw photos", "raw image", "raw images"), "type:raw"),
        **dict.fromkeys(("screenshot", "screenshots", "screen shot", "screen shots"), "is:screenshot"),
        **dict.fromkeys(("panorama", "panoramas", "panoramic"), "is:panorama"),
        **dict.fromkeys(("portrait orientation", "portrait format", "portrait mode"), "orientation:portrait"),
        **dict.fromkeys(("landscape orientation", "landscape format", "landscape mode"), "orientation:landscape"),
        **dict.fromkeys(("square format", "square photo", "square photos"), "orientation:square"),
        **{"untagged": "is:untagged"},
    },
    shapes={
        **dict.fromkeys(("portrait", "portraits"), "orientation:portrait"),
        **dict.fromkeys(("landscape", "landscapes"), "orientation:landscape"),
        **{"raw": "type:raw"},
    },
    subjects=dict.fromkeys(("portrait", "portraits"), "person"),
    common=_set(
        "nice mobile split bath best most hope pretty reading battle hell bar man of see sale bad orange turkey "
        "cork buffalo phoenix lens tours nancy sand bergen march may will sun go one box digital camera pro max mini "
        "plus note edge play zoom red blue black white mark new old big small "
        "long high low north south east west central center centre northern southern eastern western island capital "
        "china jordan chad guinea georgia sharp honor nothing essential light apple"
    ),
    makers=_set(
        "canon nikon sony leica olympus fujifilm panasonic pentax kodak ricoh casio samsung huawei xiaomi google nokia "
        "motorola oneplus iphone ipad pixel galaxy gopro dji hasselblad sigma polaroid eos "
        "lumix powershot coolpix finepix cybershot exilim redmi mavic osmo"
    ),
)

FACT_WORDS: Mapping[str, FactWords] = {"en": _EN}
"""The words of each language, by its ISO 639-1 code; English always applies."""
