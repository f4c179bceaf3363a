"""What programs write into XMP in ways of their own: places, hierarchies, people, ratings."""

from __future__ import annotations

import pytest

from imsearch.pictures.metadata.xmp import read_xmp
from tests.make_pictures import xmp


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ("48.137154", "-11.576124", (48.137154, -11.576124)),
        ("+48.137154", "11.576124W", (48.137154, -11.576124)),
        ("48,8.22924N", "11,34.56744W", (48.137154, -11.576124)),
        ("48,8,13.7544S", "11,34,34.0464E", (-48.137154, 11.576124)),
        ("48 deg 8' 13.7544&quot; N", "11 deg 34' 34.0464&quot; W", (48.137154, -11.576124)),
        ("N 48.5", "W 11.5", (48.5, -11.5)),
        ("48,137154", "-11,576124", (48.137154, -11.576124)),
        ("248.1", "11.5", None),
        ("48.1", "11.5N", None),
        ("48,75N", "11E", None),
        ("0", "0.0", None),
        ("nowhere", "11.5", None),
        ("48.1", "", None),
    ],
)
def test_places(latitude: str, longitude: str, place: tuple[float, float] | None) -> None:
    attributes = f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="{longitude}"'
    assert read_xmp(xmp(attributes=attributes)).place == place


def test_a_reference_beside_the_number() -> None:
    attributes = 'exif:GPSLatitude="48.5" exif:GPSLatitudeRef="South" exif:GPSLongitude="11.5" exif:GPSLongitudeRef="W"'
    assert read_xmp(xmp(attributes=attributes)).place == (-48.5, -11.5)


def listed(name: str, *items: str) -> str:
    return f"<{name}><rdf:Seq>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:Seq></{name}>"


@pytest.mark.parametrize(
    ("schema", "inside"),
    [
        ("http://www.digikam.org/ns/1.0/", listed("p:TagsList", "Places/Italy/Rome")),
        ("http://www.digikam.org/ns/1.0/", listed("p:TagsList", "Places|Italy|Rome")),
        ("http://ns.microsoft.com/photo/1.0/", listed("p:LastKeywordXMP", "Places/Italy/Rome")),
        ("http://ns.microsoft.com/photo/1.0", listed("p:LastKeywordXMP", "Places/Italy/Rome")),
        ("http://ns.microsoft.com/photo/1.0/", listed("p:LastKeywordIPTC", "Places/Italy/Rome")),
        ("http://ns.adobe.com/lightroom/1.0/", listed("p:hierarchicalSubject", "Places|Italy|Rome")),
        ("http://ns.iview-multimedia.com/mediapro/1.0/", listed("p:CatalogSets", "Places|Italy|Rome")),
        ("http://purl.org/dc/elements/1.1/", listed("p:subject", "Places|Italy|Rome")),
    ],
)
def test_each_level_of_a_hierarchy_is_a_keyword(schema: str, inside: str) -> None:
    packet = xmp(inside=inside, attributes=f'xmlns:p="{schema}"')
    assert read_xmp(packet).tags == ["Places", "Italy", "Rome"]


def test_a_slash_in_a_plain_keyword_stays() -> None:
    assert read_xmp(xmp("AC/DC", "b/w", levels=("Music|AC/DC",))).tags == ["AC/DC", "b/w", "Music", "AC/DC"]


def test_people_and_stars_as_microsoft_writes_them() -> None:
    people = (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>'
        '<rdf:li><rdf:Description MPReg:PersonDisplayName="Ann" MPReg:Rectangle="0,0,1,1"/></rdf:li>'
        '<rdf:li rdf:parseType="Resource"><MPReg:PersonDisplayName>Bob</MPReg:PersonDisplayName></rdf:li>'
        "</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )
    said = read_xmp(xmp(inside=people, attributes='MicrosoftPhoto:Rating="75"'))  # none of its prefixes is declared
    assert (said.tags, said.rating) == (["Ann", "Bob"], 4)
