"""``after:2023-05``: taken after all of this year, month or day."""

from imsearch.engine.query.moments import after, day_told
from imsearch.keys import Compare, Key, Offer

KEY = Key(
    "after",
    hint="taken after: after:2023-05",
    example="after:2023-05",
    read=after,
    predicate=lambda span: Compare("taken_at", span),
    told=lambda text: f"after {day_told(text)}",
    offer=Offer("year", finer="month"),
)
