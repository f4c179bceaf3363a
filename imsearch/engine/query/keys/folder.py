"""``folder:/photos/2023``: a file lies directly in this folder."""

from pathlib import PurePath

from imsearch.engine.query.names import whole
from imsearch.keys import Facet, Key, Offer, Under

KEY = Key(
    "folder",
    hint="lies in this folder",
    example="folder:/photos/2023",
    read=whole("folder", "folder:/photos/2023"),
    predicate=lambda value: Under(value.text, directly=True),
    told=lambda text: f"in the folder {PurePath(text).name or text}",
    offer=Offer("folder", escaped=True),
    facets=(Facet("folder", ("folders",), title="Folder", glyph="folder"),),
)
