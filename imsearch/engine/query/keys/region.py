"""``region:Bavaria``: taken in a state, county or province whose name contains this."""

from imsearch.engine.query.names import place_key
from imsearch.keys import Facet

KEY = place_key(
    "region",
    ("region",),
    "a state, a county, a province ...",
    "region:bavaria -country:italy",
    Facet("region", ("region",), sign="="),
)
