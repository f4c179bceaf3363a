"""``imsearch wordcloud``: tags of any annotator, drawn as large as they are likely."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from imsearch.cloud import draw_cloud, lay_out, likeliest
from imsearch.errors import ImsearchError
from imsearch.records import Tag
from tests.cli.conftest import Run
from tests.make_pictures import plain
from tests.make_plugins import Plugins

COMMAND = "from imsearch.plugins.vgg_bce import imsearch_commands"
SVG = "{http://www.w3.org/2000/svg}text"


@pytest.fixture
def command(plugins: Plugins) -> Plugins:
    """The command, and the fake annotator, whose tags are the colours of light."""
    plugins.add("cloud", COMMAND)
    return plugins


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def sizes(svg: bytes | str) -> dict[str, float]:
    """The height of each word."""
    return {str(text.text): float(text.attrib["font-size"]) for text in ElementTree.fromstring(svg).iter(SVG)}


def test_words_are_as_high_as_they_are_likely() -> None:
    drawn = sizes(draw_cloud({"sea": 0.8, "sky": 0.4, "<b>": 0.2}, "svg"))
    assert drawn == {"sea": 100, "sky": 50, "<b>": 25}


def test_many_words_get_a_larger_cloud_before_they_get_smaller_letters() -> None:
    few = {f"word{i}": 1 - i / 4 for i in range(3)}
    many = {f"word{i}": 1 - i / 20 for i in range(12)}
    assert lay_out(few).width < lay_out(many).width
    for tags in (few, many):
        assert sizes(draw_cloud(tags, "svg")) == pytest.approx({word: 100 * p for word, p in tags.items()}, rel=0.1)


def test_a_long_word_is_made_to_fit() -> None:
    svg = ElementTree.fromstring(draw_cloud({"a bird in the hand is worth two in the bush": 0.9}, "svg"))
    (text,) = svg.iter(SVG)
    width = float(svg.attrib["viewBox"].split()[2])
    assert float(text.attrib["x"]) + float(text.attrib["textLength"]) <= width


def test_the_same_tags_give_the_same_picture() -> None:
    tags = {"sea": 0.8, "sky": 0.4, "boat": 0.3}
    assert draw_cloud(tags) == draw_cloud(dict(reversed(tags.items())))


def test_of_two_annotators_the_surer_one_counts_and_what_is_unlikely_is_left_out() -> None:
    tags = [Tag("sea", 0.3), Tag("sky", 0.04), Tag("sea", 0.6), Tag("boat", 0.05)]
    assert likeliest(tags) == {"sea": 0.6, "boat": 0.05}
    with pytest.raises(ImsearchError, match="no tag"):
        draw_cloud({})


def test_what_is_not_shown_is_no_larger_than_what_is() -> None:
    tags = [Tag("sea", 0.4), Tag("sky", 0.55, shown=False), Tag("boat", 0.1, shown=False), Tag("sea", 0.6, shown=False)]
    assert likeliest(tags) == {"sea": 0.4, "sky": 0.4, "boat": 0.1}
    assert likeliest(tags[1:3]) == {"sky": 0.55, "boat": 0.1}


def test_the_command_writes_a_png_beside_the_user(run: Run, command: Plugins, photos: Path, here: Path) -> None:
    ran = run("wordcloud", photos / "red.png")
    assert (ran.code, ran.out.strip()) == (0, "red-cloud.png")
    with Image.open(here / "red-cloud.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 720))
        assert len(np.unique(np.asarray(picture))) > 10, "letters on white"


def test_the_command_draws_the_tags_of_the_named_annotator(run: Run, command: Plugins, here: Path) -> None:
    plain(here / "photo.png", (204, 102, 3))  # red .8, green .4, blue about .01
    ran = run("wordcloud", "photo.png", "--annotator", "colours", "--output", "cloud.svg", "--device", "cpu")
    assert ran.code == 0, ran.err
    assert sizes((here / "cloud.svg").read_text("utf-8")) == {"red": 100, "green": 50}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.png"], "none.png: it cannot be opened"),
        (["photo.png", "--annotator", "nobody"], "no annotator named 'nobody'"),
        (["photo.png", "--output", "cloud.gif"], "ends in .png or .svg"),
        (["photo.png", "--output", "nowhere/cloud.png"], "nowhere"),
        (["photo.png", "--output", "photo.png"], "the picture itself"),
        (["black.png"], "no tag"),
        (["photo.png", "--device", "quantum"], "quantum"),
    ],
)
def test_mistakes_are_explained(run: Run, command: Plugins, here: Path, arguments: list[str], message: str) -> None:
    plain(here / "photo.png", (204, 102, 3))
    plain(here / "black.png", (0, 0, 0))
    ran = run("wordcloud", *arguments)
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err
    assert sorted(file.name for file in here.iterdir()) == ["black.png", "photo.png"]


def test_the_help_shows_an_example(run: Run, command: Plugins) -> None:
    assert "imsearch wordcloud photo.jpg" in run("wordcloud", "--help").out
