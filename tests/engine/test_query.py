"""The grammar, by table."""

from __future__ import annotations

import pytest

from imsearch.engine.query import MAX_LENGTH, And, Node, Not, Or, Required, Word, parse
from imsearch.errors import QueryError

A, B, C = Word("a"), Word("b"), Word("c")

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


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
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
