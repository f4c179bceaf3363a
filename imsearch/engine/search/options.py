"""Search options: passed to a `Finder` on construction, and never changed."""

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
    """Everything that affects the results of a query, besides the library itself.

    annotators: the annotators whose vectors are compared, the first that made any; by default the one with the longest.
    look: returns an annotator's vector of a file, whose bytes may be in the catalog; None without models, or if clients
    must not learn which files exist.
    ranking: the parameters of ranking; None for the defaults.
    whole: True to also compare plain words with pictures as a whole.
    today: the local date, the reference of "yesterday".
    heads: returns version and count heads of every annotator that counts; called at the first query with a number.
    encoders: embed texts; None without plugins.
    exact: maximum number of pictures that are all compared with a text; None for the default.
    keys: the keys of the query language.
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
