"""``by:user``: beside words, only what this source said of them counts; alone, pictures it said anything of."""

from imsearch.engine.query.special import Special
from imsearch.engine.query.tree import By
from imsearch.keys import Offer

KEY = Special(
    "by",
    hint="only what this source says counts",
    example="garden by:user",
    node=lambda text, position, orders: By(text.lower(), position),
    offer=Offer("annotator", kind="source"),
)
