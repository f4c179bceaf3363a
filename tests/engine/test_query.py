"""The grammar, by table."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from imsearch.engine.query.grammar import (
    MAX_LENGTH,
    And,
    By,
    Condition,
    Everything,
    Like,
    Node,
    Not,
    Or,
    Required,
    Sort,
    Word,
    parse,
)
from imsearch.engine.query.keys import KEYS
from imsearch.errors import QueryError
from imsearch.keys import Chance, Circle, Part, Span, Value

A, B, C = Word("a"), Word("b"), Word("c")
WIDE = Condition("width", Span(low=2000, above=True))

TABLE: list[tuple[str, Node]] = [
    ("a", A),
    ("a b", And((A, B))),
    ("a AND b", And((A, B))),
    ("a OR b", Or((A, B))),
    ("a or b", Or((A, B))),
    ("a b OR c", Or((And((A, B)), C))),
    ("a (b OR c)", And((A, Or((B, C))))),
    ("(a)", A),
    ("-a", Not(A)),
    ("NOT a", Not(A)),
    ("not a b", And((Not(A), B))),
    ("-(a b)", Not(And((A, B)))),
    ("--a", A),
    ("+a", Required(A)),
    ("++a", Required(A)),
    ("+-a", Not(A)),
    ("-+a", Not(A)),
    ("a -b +c", And((A, Not(B), Required(C)))),
    ('"a  b" c', And((Word("a b", quoted=True), C))),
    ('"not" a', And((Word("not", quoted=True), A))),
    ("tag:a", Word("a", exact=True)),
    ('TAG:"a b" c', And((Word("a b", exact=True), C))),
    ("-tag:a", Not(Word("a", exact=True))),
    ("oregon android nothing", And((Word("oregon"), Word("android"), Word("nothing")))),
    ("t-shirt", Word("t-shirt")),
    ("caf\u00e9 \u72ac", And((Word("caf\u00e9"), Word("\u72ac")))),
    # Prefixes and fuzzy words.
    ("sun*", Word("sun", match="prefix")),
    ("sun~", Word("sun", match="near")),
    ("tag:sun*", Word("sun", exact=True, match="prefix")),
    ("emotion:h*", Word("emotion:h", match="prefix")),
    ('"sun*"', Word("sun*", quoted=True)),
    ('tag:"sun*"', Word("sun*", exact=True)),
    ('tag:"a <b> c"', Word("a <b> c", exact=True)),
    ('tag:"dog>0.8"', Word("dog>0.8", exact=True)),
    ('tag:"dog>=', Word("dog>=", exact=True)),
    ("*", Word("*")),
    ("s*n", Word("s*n")),
    # Sources, likenesses and conditions stand wherever words do.
    ("a by:user", And((A, By("user")))),
    ("a AND b by:User", And((A, B, By("user")))),
    ("(a by:user) OR b", Or((And((A, By("user"))), B))),
    ("like:17 a", And((Like("17"), A))),
    ('like:"my dog.jpg', Like("my dog.jpg")),
    ("a width:>2000", And((A, WIDE))),
    ("-width:>2000 OR a", Or((Not(WIDE), A))),
    ("a (b OR WIDTH:>2000)", And((A, Or((B, WIDE))))),
    ("+width:>2000", WIDE),
    ("width:>2000, a", And((WIDE, A))),
    # A key with nothing behind it is a word, as every word before a colon and a space is.
    ("width: a", And((Word("width"), A))),
    ('width:"" a', And((Word("width"), A))),
    ("widths:>2000", Word("widths:>2000")),
    ("colour:red", Word("colour:red")),
    # Forgiven: stray quotes, typographic quotes, signs in front of nothing, punctuation, empty quotes.
    ('a "b c', And((A, Word("b c", quoted=True)))),
    ('a" b', And((A, Word("b", quoted=True)))),
    ("\u201ca b\u201d", Word("a b", quoted=True)),
    ("a - b", And((A, B))),
    ("a, b!", And((A, B))),
    ('a "" b', And((A, B))),
    ('a "', A),
]


@pytest.mark.parametrize(("text", "tree"), TABLE, ids=[text for text, _ in TABLE])
def test_queries_are_understood(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


def day(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day)


VALUES: list[tuple[str, Value]] = [
    ("date:2023", Span(day(2023), day(2024), below=True)),
    ("date:2023-05", Span(day(2023, 5), day(2023, 6), below=True)),
    ("date:2023-12", Span(day(2023, 12), day(2024), below=True)),
    ("date:2023-5-7", Span(day(2023, 5, 7), day(2023, 5, 8), below=True)),
    ("date:2024-02-29", Span(day(2024, 2, 29), day(2024, 3, 1), below=True)),
    ("date:2023-05..2024", Span(day(2023, 5), day(2025), below=True)),
    ("date:2023..", Span(low=day(2023))),
    ("date:..2023", Span(high=day(2024), below=True)),
    ("date:>2023", Span(low=day(2024))),
    ("date:>=2023", Span(low=day(2023))),
    ("date:<2023", Span(high=day(2023), below=True)),
    ("date:<=2023", Span(high=day(2024), below=True)),
    ("date:9999", Span(day(9999), datetime.max, below=True)),
    ("before:2023-05", Span(high=day(2023, 5), below=True)),
    ("after:2023-05", Span(low=day(2023, 6))),
    ("iso:400", Span(400, 400)),
    ("iso:=400", Span(400, 400)),
    ("iso:>800", Span(low=800, above=True)),
    ("iso:<=800", Span(high=800)),
    ("iso:100..400", Span(100, 400)),
    ("iso:..400", Span(high=400)),
    ("rating:-1", Span(-1, -1)),
    ("height:<1000.5", Span(high=1000.5, below=True)),
    ("size:>2MB", Span(low=2_000_000, above=True)),
    ("size:<1.5GiB", Span(high=1.5 * 2**30, below=True)),
    ("size:500k..2m", Span(500_000, 2_000_000)),
    ("size:2MB", Span(1_500_000, 2_500_000, below=True)),
    ("size:2.4MB", Span(2_350_000, 2_450_000, below=True)),
    ("size:90000", Span(90_000, 90_000)),
    ("near:-33.85,151.2,5", Circle(-33.85, 151.2, 5)),
    ('near:"48.1, 11.5, 0.5"', Circle(48.1, 11.5, 0.5)),
    ("tag:dog>0.8", Chance("dog", Span(low=0.8, above=True))),
    ("tag:dog<=80%", Chance("dog", Span(high=0.8))),
    ('tag:"hot  dog">=.5', Chance("hot dog", Span(low=0.5))),
    ('tag:"a <b> c"<50%', Chance("a <b> c", Span(high=0.5, below=True))),
    ("tag:emotion:happy<1", Chance("emotion:happy", Span(high=1, below=True))),
    ("camera:EOS", Part("EOS")),
    ('camera:"Canon EOS"', Part("Canon EOS")),
    ("path:/2023/*.jpg", Part("/2023/*.jpg")),
    ("type:.JPG", "jpeg"),
    ("type:heic", "heif"),
    ("has:GPS", "gps"),
    ("is:untagged", "untagged"),
    ("orientation:square", "square"),
]


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[text for text, _ in VALUES])
def test_values_are_understood(text: str, value: Value) -> None:
    tree = parse(f"a {text}").tree
    assert tree == And((A, Condition(text.partition(":")[0], value)))


@pytest.mark.parametrize(
    ("text", "tree", "sort"),
    [
        ("a sort:date", A, Sort("date")),
        ("SORT:-Date a", A, Sort("date", reverse=True)),
        ("(a sort:name) OR b", Or((A, B)), Sort("name")),
        ("a OR sort:name", A, Sort("name")),
        ("-(a sort:name)", Not(A), Sort("name")),
        ("sort:size", Everything(), Sort("size")),
        ("sort:size a sort:score", A, Sort("score")),
        ("a", A, None),
    ],
)
def test_the_order_is_told_from_the_rest(text: str, tree: Node, sort: Sort | None) -> None:
    query = parse(text)
    assert (query.tree, query.sort) == (tree, sort)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("a date:2023-15", 12, "no month 15"),
        ("date:2023-02-30", 13, "no day 30"),
        ("date:0000", 5, "no year 0000"),
        ("date:2023..2023-13", 16, "no month 13"),
        ("date:yesterday", 5, "looks like 2023"),
        ("date:2024..2023", 5, "Did you mean 2023..2024"),
        ("before:>2023", 7, "looks like 2023"),
        ("iso:abc", 4, "'abc' is no number"),
        ("iso:>", 5, "takes a number"),
        ("iso:100..x", 9, "'x' is no number"),
        ("iso:400..100", 4, "Did you mean 100..400"),
        ("iso:..", 4, "beginning or an end"),
        ("size:2XB", 5, "kB, MB or GB"),
        ("near:1,2", 8, "2 of the 3"),
        ("near:1,2,3,4", 12, "latitude, longitude and kilometres"),
        ("near:91,2,3", 5, "latitude lies between -90 and 90"),
        ("near:1,200,3", 7, "longitude lies between"),
        ("near:1,2,-3", 9, "distance lies at 0 or more"),
        ("near:1,x,3", 7, "'x' is no number"),
        ('near:"1, x,3"', 8, "'x' is no number"),
        ("tag:dog>2", 8, "between 0 and 1"),
        ("tag:dog>x", 8, "'x' is no number"),
        ("tag:dog>", 8, "from 0 to 1"),
        ("has:gsp", 4, "Did you mean gps"),
        ("has:xyz", 4, "knows gps, date"),
        ("is:untaged", 3, "Did you mean untagged"),
        ("type:jp*g", 5, "name of a format"),
        ("orientation:portrat", 12, "Did you mean portrait"),
        ("a sort:-rateing", 8, "Did you mean rating"),
        ("-sort:date a", 6, "sort:-date"),
        ("", 0, "empty"),
        ("   ", 3, "empty"),
        ('""', 2, "empty"),
        ("(a", 2, "not closed"),
        ("a OR", 4, "should follow"),
        ("OR a", 0, "'OR a'"),
        ("a)", 1, "')'"),
        ("a OR OR b", 5, "'OR b'"),
        ("()", 1, "')'"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "longer"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stops_making_sense(text: str, position: int, message: str) -> None:
    with pytest.raises(QueryError, match=message.replace(")", r"\)")) as raised:
        parse(text)
    assert raised.value.position == position


@pytest.mark.parametrize("text", ["(" * 499 + "a" + ")" * 499, "-" * 999 + "a", "(a -" * 199 + "a" + ")" * 199])
def test_deep_queries_do_not_exhaust_the_stack(text: str) -> None:
    assert parse(text)


def test_no_text_makes_anything_but_a_query_or_a_query_error() -> None:
    """Five thousand texts of pieces of the language thrown together, and as many of any characters."""
    chance = random.Random(4)
    pieces = [
        *(f"{key}:" for key in KEYS),
        *(text for text, _ in VALUES),
        *("a", "OR", "and", "NOT", "(", ")", '"', "-", "+", "*", "~", ":", ",", "..", ">", "<=", "%", " ", " ", "1"),
        *("2023-15", "\u201c", "\u0661", "\u00b2", "\ud83d", "\0", "\t", "tag:", "sort:-date", "9" * 400),
    ]
    for _ in range(5_000):
        text = "".join(chance.choices(pieces, k=chance.randrange(9)))
        other = "".join(chr(chance.randrange(0x3000)) for _ in range(chance.randrange(12)))
        for each in (text, chance.choice(pieces) + other):
            try:
                parse(each)
            except QueryError as error:
                assert 0 <= error.position <= min(len(each), MAX_LENGTH), each
