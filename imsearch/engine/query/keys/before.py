"""``before:2023``: taken before this year, month or day."""

from imsearch.engine.query.moments import before, day_told
from imsearch.keys import Compare, Key, Offer

KEY = Key(
    "before",
    hint="taken before: before:2023",
    example="before:2023-07",
    read=before,
    predicate=lambda span: Compare("taken_at", span),
    told=lambda text: f"before {day_told(text)}",
    offer=Offer("year", finer="month"),
)
