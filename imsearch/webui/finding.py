"""A page of query results, ready for display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

from imsearch.webui.cards import Card, cards, headings
from imsearch.webui.linking import search_address

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.records import Results

BATCH = 60
"""Pictures per step of scrolling."""
MOST = 3000
"""Maximum number of pictures on one page."""
FEW_VALUES, MOST_VALUES = 10, 1000
"""Values of each kind of facet at first, and the maximum on request."""
ALL = "sort:-date"
"""The default query: all pictures, the newest first."""
Facets = Mapping[str, Sequence[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the results of a query.

    relevant: number of likely hits; `total` includes the others.  everything: True to show those too, after a divider.
    offset: the index of the first card.
    """

    text: str
    results: Results
    cards: Sequence[Card]
    relevant: int
    total: int
    offset: int
    everything: bool

    @property
    def end(self) -> int:
        """The index after the last card."""
        return self.offset + len(self.cards)

    @property
    def shown(self) -> int:
        """The total number of pictures to show."""
        return self.total if self.everything else self.relevant

    @property
    def more(self) -> str:
        """The address of the next pictures; empty after the last."""
        return self.address(self.end) if self.cards and self.end < self.shown else ""

    @property
    def before(self) -> str:
        """The address of the previous pictures; empty at the beginning."""
        return self.address(max(0, self.offset - BATCH)) if self.offset else ""

    @property
    def rest(self) -> str:
        """The address of the less likely pictures; empty unless they come next."""
        ends = self.end >= self.relevant and not self.everything
        start = self.relevant if self.goes_on else 0
        return self.address(start, everything=True) if ends and self.total > self.relevant else ""

    @property
    def by_score(self) -> bool:
        """True if less likely pictures come after the others; in any other order they are mixed in."""
        return self.results.order == "score"

    @property
    def goes_on(self) -> bool:
        """True if the less likely pictures follow these; a relaxed query has different ones."""
        return self.by_score and not (self.results.relaxed and self.results.relaxed.unlikely)

    def address(self, offset: int, everything: bool | None = None) -> str:
        """Return the address of this query at another offset."""
        address = search_address(self.text, self.everything if everything is None else everything)
        return f"{address}{'&' if '?' in address else '?'}offset={offset}" if offset else address


def find(library: Library, text: str, *, limit: int, offset: int, everything: bool) -> Found:
    """Return pictures of a query; without one, all pictures, the newest first.  Raises QueryError."""
    # The month heading of the first picture depends on the picture before it.
    lead = 1 if offset else 0
    results = library.search.query(
        text or ALL, limit=limit + lead, offset=offset - lead, everything=everything, tail=False
    )
    relevant, by_date = results.relevant, results.order in ("date", "-date")
    total = results.total + results.less_likely
    hits = results.hits[lead:]
    months = headings(hits, results.hits[0] if lead and results.hits else None) if by_date else repeat("", len(hits))
    made = cards(
        hits,
        text,
        everything=everything,
        scored=any(hit.why for hit in hits),
        months=months,
        cut_at=relevant - offset if everything and relevant and results.order == "score" else -1,
    )
    return Found(text, results, list(made), relevant, total, offset, everything)


def facets(library: Library, text: str, most: int) -> Facets:
    """Return the facets of the likely pictures of a query: at most so many values of each kind."""
    return library.search.query(text or ALL, limit=0, facets=True, facet_values=most).facets
