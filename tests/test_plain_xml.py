from __future__ import annotations

import pytest

from imsearch.pictures.metadata.plain_xml import XmlError, parse_xml


def test_elements_attributes_and_namespaces() -> None:
    root = parse_xml(b'<?xml version="1.0"?><a xmlns:n="urn:n" n:x="1" y="2">one<n:b>two</n:b>three</a>')
    assert (root.tag, root.attrib, root.text) == ("a", {"{urn:n}x": "1", "y": "2"}, "one")
    (child,) = root
    assert (child.tag, child.text, child.tail) == ("{urn:n}b", "two", "three")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    assert parse_xml(f'<?xml version="1.0" encoding="{encoding}"?><a>caf\xe9</a>'.encode(encoding)).text == "caf\xe9"


def test_plain_escapes_need_no_document_type() -> None:
    assert parse_xml(b"<a>&lt;&amp;&#233;</a>").text == "<&\xe9"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not well-formed XML: no element found"),
        (b"<a>", "not well-formed XML"),
        (b"<a></b>", "not well-formed XML: mismatched tag"),
        (b"<a/><b/>", "not well-formed XML"),
        (b"no XML", "not well-formed XML"),
        (b"<a>&b;</a>", "not well-formed XML: undefined entity"),
        (b'<?xml version="1.0" encoding="martian"?><a/>', "not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "declares a document type"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "declares a document type"),
    ],
)
def test_everything_else_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(XmlError, match=message):
        parse_xml(data)
