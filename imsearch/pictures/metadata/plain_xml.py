"""XML of strangers, read without the parts of XML that can do harm.

Entities can blow a small file up to gigabytes or name other files.  They need a document type, and nothing that is
read here has one, so that a file with a document type is refused as a whole.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from imsearch.errors import ImsearchError


class XmlError(ImsearchError):
    """It is not well-formed XML, or more than plain XML."""


def parse_xml(data: bytes) -> Element:
    """The root element; names with a namespace read ``{namespace}name``.  Raises `XmlError`."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda name, facts: builder.start(
        _braced(name), {_braced(key): value for key, value in facts.items()}
    )
    parser.EndElementHandler = lambda name: builder.end(_braced(name))
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise XmlError(f"it is not well-formed XML: {error}") from error


def _braced(name: str) -> str:
    return "{" + name if "}" in name else name


def _refuse(*_: object) -> None:
    raise XmlError("it declares a document type, which plain XML does not need")
