"""Letters that cannot be seen make no tags of their own, however a tag comes into the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.engine.stores.changes import Verdict
from imsearch.errors import ImsearchError
from imsearch.library import Library
from tests.cli.conftest import Run, indexed, photos, plugins, run  # noqa: F401


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Library:  # noqa: F811
    return Library.open(tmp_path / "library")


def test_own_tags(library: Library) -> None:
    with library:
        for image, tag in ((1, "grandma"), (2, "grand\u00adma\u200b"), (3, "\u2068grandma\u2069")):
            library.tags.correct([image], [tag], Verdict.ADD, exact=True)
        assert library.tags.counts("grand\u200b", "user") == [("grandma", 3)]
        for query in ("grandma", "\ufeffgrandma", 'tag:"grandma\u200b"', "grandm\u200ba"):
            assert library.search.query(query).total == 3
        for blank in ("\u200b", "\u0301", "\u2800", "\u00ad \u200b"):
            with pytest.raises(ImsearchError, match="A tag needs a name"):
                library.tags.correct([1], [blank], Verdict.ADD, exact=True)
        with pytest.raises(ImsearchError, match=r"a\\u202egpj\.b.*reverses text"):
            library.tags.correct([1], ["a\u202egpj.b"], Verdict.ADD, exact=True)
        assert library.tags.counts(by="user") == [("grandma", 3)]


def test_renamed_and_merged_tags(library: Library) -> None:
    with library:
        library.tags.correct([1], ["oma"], Verdict.ADD, exact=True)
        library.tags.correct([2], ["granny"], Verdict.ADD, exact=True)
        library.tags.rename("o\u200bma", "cafe\u0301\u200b")
        library.tags.merge(["gran\u00adny"], "caf\u00e9\u2060")
        assert library.tags.counts(by="user") == [("caf\u00e9", 2)]
        for old, new in (("caf\u00e9", "\u200b"), ("caf\u00e9", "x\u202ey")):
            with pytest.raises(ImsearchError):
                library.tags.rename(old, new)


def test_a_query_of_nothing_that_can_be_seen(library: Library) -> None:
    with library:
        for query in ("\u200b", "red \u200b", '"\u200b"', "tag:\u200b", "\u00ad*"):
            try:
                assert library.search.query(query).total <= 3
            except ImsearchError as error:
                assert str(error)
