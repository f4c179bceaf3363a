"""``camera:canon``: the name of the camera contains this; ``camera:="Canon EOS R6"``: it is exactly this."""

from imsearch.engine.query.names import called, part_or_whole
from imsearch.keys import Facet, Key, Offer

KEY = Key(
    "camera",
    hint="the camera's name contains this",
    example="camera:canon",
    read=part_or_whole,
    predicate=called("camera"),
    told=lambda text: f"taken with {text}",
    offer=Offer("camera"),
    facets=(Facet("camera", ("camera",), title="Camera", glyph="camera", sign="="),),
)
