"""``path:holiday``: the path of a file contains this."""

from imsearch.keys import Holds, Key, Part

KEY = Key(
    "path",
    hint="the path contains this",
    example="path:photos/2023",
    read=Part,
    predicate=lambda value: Holds("path", value.text),
    told=lambda text: f"in {text}",
)
