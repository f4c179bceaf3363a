"""``city:Rome``: taken in or near a city whose name holds this; ``city:="Rome"``: that is its name."""

from imsearch.engine.query.names import place_key
from imsearch.keys import Facet

KEY = place_key(
    "city",
    ("city",),
    "taken in or near this city",
    "city:munich",
    Facet("city", ("city",), title="City", glyph="map", sign="="),
)
