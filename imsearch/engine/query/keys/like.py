"""``like:beach.jpg``: pictures that look like this one, a file or the id of a picture; counts like a word."""

from imsearch.engine.query.special import Special
from imsearch.engine.query.tree import Like

KEY = Special(
    "like",
    hint="looks like the picture of this id",
    example="like:/photos/town/cat.jpg",
    node=lambda text, position, orders: Like(text, position),
)
