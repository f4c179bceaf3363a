"""``date:2023-05``: the date it was taken, by the camera's clock."""

from imsearch.engine.query.moments import dates, dates_told
from imsearch.keys import Compare, Facet, Key, Offer, Order

KEY = Key(
    "date",
    hint="the date it was taken: date:2023-05",
    example="date:2023-05",
    read=dates,
    predicate=lambda span: Compare("taken_at", span),
    told=dates_told,
    offer=Offer("year", finer="month"),
    facets=(
        Facet("year", ("taken_at",), lambda text: text[:4], title="Year", glyph="calendar", latest_first=True),
        Facet("month", ("taken_at",), lambda text: text[:7]),
    ),
    orders=(Order("date", "taken_at", up="the oldest first", down="the newest first"),),
)
