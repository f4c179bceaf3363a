"""``type:png``: the format of the file."""

from imsearch.keys import BadValue, Facet, Key, Offer, OneOf

_FORMATS = {"jpg": "jpeg", "jpe": "jpeg", "tif": "tiff", "heic": "heif"}
"""Suffixes of file names that differ from the name of the format."""


def _format(text: str) -> str:
    name = text.lower().removeprefix(".")
    if not (name.isascii() and name.isalnum()):
        raise BadValue(f"type: takes the name of a format, for example type:jpeg or type:png; not {text!r}.")
    return _FORMATS.get(name, name)


KEY = Key(
    "type",
    hint="the format of the file",
    example="type:jpeg -has:camera",
    read=_format,
    predicate=lambda name: OneOf("format", (name.upper(),)),
    told=lambda text: f"of type {text.upper()}",
    offer=Offer("type", escaped=True),
    facets=(Facet("type", ("format",), str.lower, title="File type", glyph="similar"),),
)
