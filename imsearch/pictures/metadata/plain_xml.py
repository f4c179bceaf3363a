"""Untrusted XML, parsed without the parts of XML that can do harm.

Entities can expand a small file to gigabytes or refer to other files.  They need a document type, and no format read
here has one, so a file with a document type is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from imsearch.errors import ImsearchError


class XmlError(ImsearchError):
    """Raised for XML that is not well-formed, or not plain."""


class DocumentTypeError(XmlError):
    """Raised for XML that declares a document type."""


def parse_xml(data: bytes, encoding: str | None = None, prefixes: Mapping[str, str] | None = None) -> Element:
    """Return the root element; names with a namespace read ``{namespace}name``.  Raises `XmlError`.

    `encoding` overrides the one that the file declares.  `prefixes` are the namespaces of prefixes that the file uses
    without declaring them; with it, names with other prefixes stay as they are; without it, they are an error.
    """
    names, builder = _Names(prefixes), TreeBuilder()
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse

    def start(name: str, facts: dict[str, str]) -> None:
        names.enter(facts)
        builder.start(
            names.full(name, is_element=True),
            {names.full(key): value for key, value in facts.items() if not key.startswith("xmlns")},
        )

    def end(name: str) -> None:
        builder.end(names.full(name, is_element=True))
        names.leave()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise XmlError(f"it is not well-formed XML: {error}") from error


class _Names:
    """The namespaces in scope; expat itself refuses a file with a single undeclared prefix."""

    def __init__(self, known: Mapping[str, str] | None) -> None:
        self._spaces = {"xml": "http://www.w3.org/XML/1998/namespace", **(known or {})}
        self._is_lenient = known is not None
        self._before: list[list[tuple[str, str | None]]] = []

    def enter(self, facts: Mapping[str, str]) -> None:
        """Enter the scope of an element."""
        changed = []
        for key, value in facts.items():
            if key == "xmlns" or key.startswith("xmlns:"):
                prefix = key[6:]
                changed.append((prefix, self._spaces.get(prefix)))
                self._spaces[prefix] = value
        self._before.append(changed)

    def leave(self) -> None:
        """Leave the scope of an element."""
        for prefix, value in reversed(self._before.pop()):
            if value is None:
                del self._spaces[prefix]
            else:
                self._spaces[prefix] = value

    def full(self, name: str, is_element: bool = False) -> str:
        """Return the name with its namespace; an attribute without a prefix has none."""
        prefix, colon, local = name.partition(":")
        if not colon:
            space = self._spaces.get("", "") if is_element else ""
            return f"{{{space}}}{name}" if space else name
        space = self._spaces.get(prefix, "")
        if not space and not self._is_lenient:
            raise ValueError(f"unbound prefix {prefix}")
        return f"{{{space}}}{local}" if space else name


def _refuse(*_: object) -> None:
    raise DocumentTypeError("it declares a document type, which plain XML does not need")
