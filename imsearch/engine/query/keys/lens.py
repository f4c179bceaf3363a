"""``lens:24mm``: the name of the lens contains this; ``lens:="RF 50mm"``: it is exactly this."""

from imsearch.engine.query.names import called, part_or_whole
from imsearch.keys import Facet, Key, Offer

KEY = Key(
    "lens",
    hint="the lens's name contains this",
    example="lens:24mm",
    read=part_or_whole,
    predicate=called("lens"),
    told=lambda text: f"taken through {text}",
    offer=Offer("lens"),
    facets=(Facet("lens", ("lens",), sign="="),),
)
