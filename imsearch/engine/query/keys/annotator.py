"""``annotator:everyday``: any tag that this source gave is shown."""

from imsearch.keys import Facet, Key, Offer, SaidBy
from imsearch.records import FOLDER, USER


def source_name(source: str) -> str:
    """Return what a source of tags is called in sentences."""
    return {USER: "you", FOLDER: "a folder's name"}.get(source, source)


KEY = Key(
    "annotator",
    hint="a tag of this source is shown",
    example="garden annotator:everyday",
    read=str.lower,
    predicate=SaidBy,
    told=lambda text: f"tagged by {source_name(text.lower())}",
    offer=Offer("annotator", kind="source", escaped=True),
    facets=(Facet("annotator", ("sources",), title="Tagged by", glyph="check"),),
)
