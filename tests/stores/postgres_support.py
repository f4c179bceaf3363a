"""Opening libraries in PostgreSQL, and what tests of them share."""

from __future__ import annotations

import pytest

from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.postgres.home import Home
from imsearch.errors import LibraryError

SECRET = "geheim"


def opened(url: str, *, write: bool = False, create: bool = False) -> Home:
    """A home whose catalog was looked at."""
    home = Home.open(url, write=write, create=create)
    try:
        home.catalog.state()
    except BaseException:
        home.close()
        raise
    return home


def refusal(url: str, **how: bool) -> str:
    """The message with which opening a library is refused; never with the password."""
    with pytest.raises(LibraryError) as caught:
        opened(url, **how).close()
    told = str(caught.value)
    assert SECRET not in told and "\n" not in told
    return told


def library_name(url: str) -> str:
    return url.rpartition("?")[0].rpartition("/")[2] or url.rpartition("/")[2]


def found(indexes: Indexes, tag: str) -> list[int]:
    postings = indexes.with_text(lambda index: index.postings(tag))
    return sorted(postings.images[~postings.rejected].tolist())
