"""How a question in another language is checked: it finds what the same question in English finds."""

from __future__ import annotations

from collections.abc import Callable

Ask = Callable[[str, str], list[str]]
"""A query and the code of a language -> the names of the pictures that it finds."""


def check(ask: Ask, code: str, question: str, english: str, picture: str) -> None:
    """Check that a question finds a picture first, where one is named, and in all what the English one finds."""
    found = ask(question, code)
    assert found[: bool(picture)] == [picture] * bool(picture)
    assert found == ask(english, "en")
