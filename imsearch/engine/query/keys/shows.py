"""``shows:dog``: exactly this tag is shown; the query of a click on a tag among the facets."""

from imsearch.engine.query.names import whole
from imsearch.keys import Facet, HasTag, Key, Offer

KEY = Key(
    "shows",
    hint="exactly this tag is shown",
    example="shows:dog",
    read=whole("shows", 'shows:dog or shows:"traffic light"'),
    predicate=lambda value: HasTag(value.text),
    told=lambda text: f"showing {text}",
    offer=Offer("tag", kind="tag", escaped=True),
    facets=(
        Facet("tag", ("tags",), title="Tags", glyph="tags"),
        Facet("emotion", ("tags",), prefix="emotion:", title="Emotion", glyph="star"),
    ),
)
