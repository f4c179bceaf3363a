"""``country:Italy``: taken in a country whose name contains this."""

from imsearch.engine.query.names import place_key
from imsearch.keys import Facet

KEY = place_key(
    "country",
    ("country",),
    "taken in this country",
    "country:=France",
    Facet("country", ("country",), title="Country", glyph="map", sign="="),
)
