"""``place:Italy``: taken in a city, region or country whose name contains this, in any known language."""

from imsearch.engine.query.names import place_key

KEY = place_key("place", ("city", "region", "country"), "the city, region or country", "place:germany")
