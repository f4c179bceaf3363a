"""How a library is searched: what a `Finder` is given when it is made, and never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch.engine.query.keys import KEYS, Keys

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    from imsearch.annotator import CountHead
    from imsearch.engine.search.ranking import Ranking
    from imsearch.engine.search.text_space import Encoders
    from imsearch.engine.stores.catalog import CatalogReading

    Heads = Mapping[str, tuple[str, Mapping[str, CountHead]]]
    Look = Callable[[CatalogReading, Path, str], NDArray[float32]]


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """Everything that changes what a query finds, beside the library itself.

    annotators: whose vectors are compared, the first that made any; otherwise whoever makes the longest.
    look: gives the vector that an annotator makes of a file, whose bytes the catalog may know; None where there are no
    models, or where who asks must not learn which files there are.
    ranking: what goes into a score; None for what measured best.
    whole: whether plain words are compared with pictures as a whole, too.
    today: the local date, from which "yesterday" counts.
    heads: gives version and count heads of every annotator that counts; asked at the first query with a number.
    encoders: puts texts into the spaces of pictures; None where there are no plugins.
    exact: up to how many pictures a text is compared with all of them; None for what is reasonable.
    keys: those of the query language.
    """

    annotators: tuple[str, ...] = ()
    look: Look | None = None
    ranking: Ranking | None = None
    whole: bool = True
    today: Callable[[], date] = date.today
    heads: Callable[[], Heads] = dict
    encoders: Encoders | None = None
    exact: int | None = None
    keys: Keys = KEYS


DEFAULTS = SearchOptions()
