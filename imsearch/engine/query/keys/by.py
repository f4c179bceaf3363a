"""``by:user``: next to words, only tags of this source count; alone, pictures with any tag of it."""

from imsearch.engine.query.special import Special
from imsearch.engine.query.tree import By
from imsearch.keys import Offer

KEY = Special(
    "by",
    hint="only tags of this source count",
    example="garden by:user",
    node=lambda text, position, orders: By(text.lower(), position),
    offer=Offer("annotator", kind="source"),
)
