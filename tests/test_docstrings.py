"""Docstrings begin with a verb or a noun ("Return the ids ...", "Ids of the images ..."), not with a question word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "imsearch"

QUESTION_WORDS = frozenset(("what", "who", "whether", "which", "where", "how", "that"))

NOT_YET: tuple[str, ...] = ()
"""Files and folders that are still to be rewritten."""


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of all docstrings: of modules, classes, functions, and those below a name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def questions(source: str) -> list[tuple[int, str]]:
    """Return line and first line of the docstrings that begin with a question word."""
    found = sorted((line, text.strip().partition("\n")[0]) for line, text in docstrings(source))
    return [(line, text) for line, text in found if text and text.split()[0].lower() in QUESTION_WORDS]


def is_listed(path: Path) -> bool:
    """Return True for a file that is still to be rewritten."""
    name = path.relative_to(PACKAGE).as_posix()
    return any(name == each or name.startswith(f"{each}/") for each in NOT_YET)


def test_docstrings_do_not_begin_with_a_question_word() -> None:
    found = [
        f"{path.relative_to(PACKAGE.parent)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not is_listed(path)
        for line, text in questions(path.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('"""What a module holds."""', [1]),
        ('"""Values."""\n\n\ndef f():\n    """Whether it is so."""\n', [5]),
        ('class A:\n    """A thing."""\n\n    def f(self):\n        """Which one."""\n', [5]),
        ('LIMIT = 3\n"""How many."""\n', [2]),
        ('"""Return what is there."""', []),
        ('"""Whatever is there."""', []),
        ('print("What is this?")', []),
        ("x = lambda: 1\n", []),
    ],
)
def test_question_words_are_found_where_a_docstring_begins(source: str, lines: list[int]) -> None:
    assert [line for line, _ in questions(source)] == lines
