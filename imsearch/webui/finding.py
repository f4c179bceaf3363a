"""A page of a query's pictures, ready to be shown."""

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
"""Pictures that are shown at first, and with each further step."""
MOST = 3000
"""Pictures that one page holds at most."""
FEW_VALUES, MOST_VALUES = 10, 1000
"""Values of each kind of facet at first, and at most when more are asked for."""
ALL = "sort:-date"
"""The query that stands for none: all pictures, the newest first."""
Facets = Mapping[str, Sequence[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Found:
    """A part of what a query finds.

    relevant: how many are likely; `total` counts the others too.  everything: whether those are shown, after a line.
    offset: the place of the first card.
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
        """The place after the last card."""
        return self.offset + len(self.cards)

    @property
    def shown(self) -> int:
        """How many there are to be shown in all."""
        return self.total if self.everything else self.relevant

    @property
    def more(self) -> str:
        """Where the next pictures are; empty after the last."""
        return self.address(self.end) if self.cards and self.end < self.shown else ""

    @property
    def before(self) -> str:
        """Where the pictures before these are; empty at the beginning."""
        return self.address(max(0, self.offset - BATCH)) if self.offset else ""

    @property
    def rest(self) -> str:
        """Where the less likely pictures begin; empty unless they are what comes next."""
        ends = self.end >= self.relevant and not self.everything
        start = self.relevant if self.goes_on else 0
        return self.address(start, everything=True) if ends and self.total > self.relevant else ""

    @property
    def by_score(self) -> bool:
        """Whether the less likely pictures come after the others; in another order they are among them."""
        return self.results.order == "score"

    @property
    def goes_on(self) -> bool:
        """Whether the less likely pictures come after these; they are others where some of the query was left out."""
        return self.by_score and not (self.results.relaxed and self.results.relaxed.unlikely)

    def address(self, offset: int, everything: bool | None = None) -> str:
        """This query from another place on."""
        address = search_address(self.text, self.everything if everything is None else everything)
        return f"{address}{'&' if '?' in address else '?'}offset={offset}" if offset else address


def find(library: Library, text: str, *, limit: int, offset: int, everything: bool) -> Found:
    """Pictures of a query; without one all there are, the newest first.  Raises QueryError."""
    # Whether a month begins with the first picture is known from the one before it.
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
    """What the likely pictures of a query have in common: at most so many values of each kind."""
    return library.search.query(text or ALL, limit=0, facets=True, facet_values=most).facets
