"""``city:Rome``: taken in or near a city whose name contains this; ``city:="Rome"``: it is exactly this."""

from imsearch.engine.query.names import place_key
from imsearch.keys import Facet

KEY = place_key(
    "city",
    ("city",),
    "taken in or near this city",
    "city:munich",
    Facet("city", ("city",), title="City", glyph="map", sign="="),
)
