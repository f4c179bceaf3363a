"""Clouds of words for pages; those of `imsearch wordcloud` are tested with the command."""

from __future__ import annotations

import itertools
import random
import re
from xml.etree import ElementTree

import pytest

from imsearch.cloud import cloud_svg, lay_around, query_for
from imsearch.engine.query.escapes import unescaped
from imsearch.engine.query.grammar import Word, parse
from imsearch.errors import ImsearchError

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"dog": 0.97, "traffic light": 0.6, "emotion:happy": 0.4, 'a "b" <c> & d': 0.1}


def test_words_are_as_large_as_they_are_likely() -> None:
    words = list(ElementTree.fromstring(cloud_svg(TAGS)).iter(f"{SVG}text"))
    assert [word.text for word in words] == list(TAGS)
    sizes = [int(word.attrib["font-size"]) for word in words]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 64
    assert sizes[-1] >= 15
    assert [word.attrib["class"] for word in words] == ["w0", "w1", "w2", "w3"]


def test_words_lead_to_their_searches() -> None:
    links = [link.attrib["href"] for link in ElementTree.fromstring(cloud_svg(TAGS)).iter(f"{SVG}a")]
    assert links[:3] == ["/?q=dog", "/?q=tag%3A%22traffic%20light%22", "/?q=tag%3Aemotion%3Ahappy"]
    assert "<a" not in cloud_svg(TAGS, links=None)


@pytest.mark.parametrize("name", [*TAGS, "sort:size", "or", "-x", "x*", "café", "日本", 'a "b" <c>', "a%22b"])
def test_the_query_for_a_tag_can_be_asked(name: str) -> None:
    word = parse(query_for(name)).tree
    assert isinstance(word, Word) and unescaped(word.text) == name


def test_nothing_needs_a_looser_policy() -> None:
    svg = cloud_svg({"<script>alert(1)</script>": 1.0, '" onload="x': 0.5})
    root = ElementTree.fromstring(svg)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert names == {"svg", "a", "text"}
    assert not [name for name in attributes if name == "style" or name.startswith("on")]
    assert not re.search(r"#[0-9a-f]{3}", svg)  # colours are the page's


def test_the_same_tags_make_the_same_cloud_and_only_the_weightiest_are_drawn() -> None:
    many = {f"tag{number}": number / 100 for number in range(100)}
    assert cloud_svg(many) == cloud_svg(dict(reversed(many.items())))
    words = [word.text for word in ElementTree.fromstring(cloud_svg(many, most=10)).iter(f"{SVG}text")]
    assert words == [f"tag{number}" for number in range(99, 89, -1)]


def test_no_tags_make_no_cloud() -> None:
    with pytest.raises(ImsearchError, match="There are no tags to make a cloud of"):
        cloud_svg({})


@pytest.mark.parametrize("seed", range(3))
def test_boxes_lie_around_the_first_and_never_overlap(seed: int) -> None:
    chance = random.Random(seed)
    sizes = [(chance.uniform(10, 200), chance.uniform(8, 60)) for _ in range(60)]
    places = lay_around(sizes)
    boxes = [(x, y, x + width, y + height) for (x, y), (width, height) in zip(places, sizes, strict=True)]
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or one[0] >= other[2] or one[3] <= other[1] or one[1] >= other[3]
    left, top, right, bottom = (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
    assert 1 < (right - left) / (bottom - top) < 4
    assert sum(width * height for width, height in sizes) > 0.35 * (right - left) * (bottom - top)
    assert boxes[0][0] == -sizes[0][0] / 2


def test_boxes_without_room_go_below() -> None:
    assert lay_around([(1e-9, 1e-9), (1000.0, 1000.0)])[1][1] > -1001
