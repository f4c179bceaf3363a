"""``annotator:everyday``: shows any tag of this source."""

from imsearch.keys import Facet, Key, Offer, SaidBy
from imsearch.records import FOLDER, USER


def source_name(source: str) -> str:
    """Return the name of a source of tags for sentences."""
    return {USER: "you", FOLDER: "a folder's name"}.get(source, source)


KEY = Key(
    "annotator",
    hint="shows a tag of this source",
    example="garden annotator:everyday",
    read=str.lower,
    predicate=SaidBy,
    told=lambda text: f"tagged by {source_name(text.lower())}",
    offer=Offer("annotator", kind="source", escaped=True),
    facets=(Facet("annotator", ("sources",), title="Tagged by", glyph="check"),),
)
