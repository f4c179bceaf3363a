"""The committed lexicon against what it promises: words, kinds, senses and labels."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from imsearch.languages.lexicon import DATA, Lexicon

DOCUMENTATION = Path(__file__).parent.parent / "docs" / "lexicon.md"


HEADS = {"corel5k": 374, "flickr8k": 120, "coco": 80, "sentiment": 2, "emotion": 2, "imagenet": 1000}


SOURCES = {"stuff": 53, "scenes": 95, "oasis": 175, "caltech": 96, "voc": 20, "captions": 241, "pixels": 1}
"""Labels of sets that no head of their own is taught by: several may lead to one tag."""


PLAIN_HEADS = ("corel5k", "flickr8k", "coco", "sentiment", "emotion")


# Corel5k labels that only qualify another ("black" always goes with "bear").  As words of a search they would turn
# "black cat" into a search for bears, so they lead nowhere; "black bear" does.
# "black" is also the colour that captions speak of, which serves ranking.
QUALIFIERS = {"arctic", "black", "giant", "indian", "kit", "marine", "mule", "school", "star"}


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("people", "person"),
        ("cars", "car"),
        ("automobile", "car"),
        ("plane", "airplane"),
        ("bikes", "bicycle"),
        ("cell phones", "mobile phone"),
        ("tv", "television"),
        ("notebook", "laptop"),
        ("cab", "taxi"),
        ("men", "man"),
        ("children", "child"),
        ("geese", "goose"),
        ("leaves", "leaf"),
        ("wolves", "wolf"),
        ("butterflies", "butterfly"),
        ("running", "running"),
        ("ran", "running"),
        ("swims", "swimming"),
        ("dancers", "dancing"),
        ("ocean", "ocean"),
        ("sea", "sea"),
        ("beasts", "animal"),
        ("hotdogs", "hot dog"),
        ("ice-cream", "ice cream"),
        ("t shirts", "t-shirt"),
        ("glasses", "glasses"),
        ("training", None),
        ("staring", None),
        ("parking", None),
    ],
)
def test_words_people_type(lexicon: Lexicon, text: str, name: str | None) -> None:
    assert lexicon.canonical(text) == name


@pytest.mark.parametrize(
    ("tag", "kinds"),
    [
        ("tabby cat", {"cat", "pet", "feline", "animal"}),
        ("beagle", {"hound", "dog", "pet", "animal"}),
        ("king penguin", {"penguin", "bird", "animal"}),
        ("espresso", {"coffee", "drink"}),
        ("strawberry", {"berry", "fruit", "food"}),
        ("daisy", {"flower", "plant"}),
        ("ambulance", {"car", "vehicle"}),
        ("airliner", {"airplane", "aircraft", "vehicle"}),
        ("acoustic guitar", {"guitar", "musical instrument"}),
        ("church", {"religious building", "building"}),
        ("rocking chair", {"chair", "furniture"}),
        ("jeans", {"trousers", "clothes"}),
        ("hammer", {"tool"}),
        ("rifle", {"gun", "weapon"}),
        ("man", {"person"}),
        ("surfing", {"sport"}),
    ],
)
def test_kinds_worth_searching(lexicon: Lexicon, tag: str, kinds: set[str]) -> None:
    assert kinds <= set(lexicon.kinds(tag))


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("tiger", "pet"),
        ("leash", "animal"),
        ("football helmet", "sport"),
        ("car", "container"),
        ("espresso", "food"),
        ("crane bird", "machine"),
        ("construction crane", "animal"),
        ("cardigan", "dog"),
        ("hamster", "wildlife"),
        ("computer mouse", "animal"),
        ("typewriter", "computer"),
    ],
)
def test_kinds_that_would_mislead(lexicon: Lexicon, tag: str, kind: str) -> None:
    assert tag in lexicon
    assert kind not in lexicon.kinds(tag)


def test_what_is_related_is_no_kind(lexicon: Lexicon) -> None:
    assert lexicon.related("leash") == ("dog",)
    assert "dog" not in lexicon.kinds("leash")
    assert lexicon.related("palace") == ("temple",)
    assert lexicon.related("beagle") == ()


def test_the_nearest_kind_comes_first(lexicon: Lexicon) -> None:
    assert lexicon.kinds("beagle")[:2] == ("hound", "dog")
    assert lexicon.kinds("espresso") == ("coffee", "drink")


def test_ambiguous_words_reach_all_their_senses(lexicon: Lexicon) -> None:
    assert set(lexicon.senses("crane")) == {"crane bird", "construction crane"}
    assert lexicon.canonical("boxer") == "boxer dog"
    assert lexicon.canonical("mouse") == "computer mouse"
    assert lexicon.canonical("kite") == "kite"


@pytest.mark.parametrize(("head", "count"), [*HEADS.items(), *SOURCES.items()])
def test_every_label_leads_to_a_tag(lexicon: Lexicon, head: str, count: int) -> None:
    labels = lexicon.labels(head)
    assert len(labels) == count
    assert set(labels.values()) <= set(lexicon.tags)


def test_qualifiers_alone_are_no_search_words(lexicon: Lexicon) -> None:
    assert {label for label in lexicon.labels("corel5k") if not lexicon.senses(label)} == QUALIFIERS - {"black"}
    assert lexicon.senses("black") == ("black",) and "black" in lexicon.hidden


def test_an_unknown_head_is_a_key_error(lexicon: Lexicon) -> None:
    with pytest.raises(KeyError):
        lexicon.labels("openimages")


@pytest.mark.parametrize("head", PLAIN_HEADS)
def test_a_search_for_a_raw_label_finds_its_tag(lexicon: Lexicon, head: str) -> None:
    for label, tag in lexicon.labels(head).items():
        found = lexicon.expand(tag if label in QUALIFIERS else label)
        leading = {tag, *lexicon.kinds(tag), *lexicon.related(tag)}
        assert leading & set(found), (label, tag, found)


def test_imagenet_is_in_class_order(lexicon: Lexicon) -> None:
    labels = lexicon.labels("imagenet")
    assert list(labels) == sorted(labels)
    tags = list(labels.values())
    assert [tags[i] for i in (0, 281, 504, 517, 817, 999)] == [
        "tench", "tabby cat", "coffee mug", "construction crane", "sports car", "toilet paper"
    ]  # fmt: skip


def test_labels_of_one_head_stay_apart(lexicon: Lexicon) -> None:
    """Corel5k judges its words one by one: no two of them may become one tag."""
    for head in PLAIN_HEADS:
        tags = list(lexicon.labels(head).values())
        assert len(tags) == len(set(tags)), head


def test_names_are_clean_and_kinds_are_names(lexicon: Lexicon) -> None:
    for tag in lexicon.tags:
        assert tag == lexicon.normalize(tag)
        assert lexicon.canonical(tag) == tag
        assert lexicon.canonical(tag.upper()) == tag
        kinds = lexicon.kinds(tag)
        assert tag not in kinds
        assert len(kinds) == len(set(kinds))
        assert all(lexicon.canonical(kind) == kind for kind in kinds)


def test_hidden_tags_are_few_and_still_found(lexicon: Lexicon) -> None:
    assert lexicon.hidden <= set(lexicon.tags)
    assert 0 < len(lexicon.hidden) < 150
    assert lexicon.expand("turn") == ("turn",)


def test_the_file_is_small() -> None:
    assert DATA.stat().st_size < 300_000


def test_the_examples_of_the_documentation(lexicon: Lexicon) -> None:
    code = DOCUMENTATION.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    examples = [line.split("  # ") for line in code.splitlines() if "  # " in line]
    assert len(examples) == 6
    for expression, value in examples:
        assert eval(expression, {"lexicon": lexicon}) == ast.literal_eval(value), expression


@pytest.mark.parametrize(
    "word", ["black and white", "black-and-white", "BW", "b&w", "monochrome", "greyscale", "grayscale", "black white"]
)
def test_pictures_without_colours_have_many_names(lexicon: Lexicon, word: str) -> None:
    assert lexicon.expand(word) == ("black and white",)
    assert "black and white" in lexicon.tags
