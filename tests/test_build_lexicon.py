"""How the lexicon file is made from its tables and WordNet."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from imsearch.languages.lexicon import DATA

SCRIPT = Path(__file__).parent.parent / "scripts" / "build_lexicon.py"
WORDNET = Path("/usr/share/wordnet")


@pytest.fixture(scope="module")
def build_lexicon() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_lexicon", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


needs_wordnet = pytest.mark.skipif(
    not (WORDNET / "data.noun").exists(), reason=f"WordNet's files are not in {WORDNET} (Debian: wordnet-base)"
)


@needs_wordnet
def test_a_fresh_build_equals_the_committed_file(build_lexicon: ModuleType) -> None:
    assert build_lexicon.build(build_lexicon.TABLES, WORDNET) == DATA.read_text(encoding="utf-8")


@needs_wordnet
def test_a_build_from_small_tables(build_lexicon: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(
        "animal @animal.1 = beast\npet << animal\ndog @dog.1 < pet = hound\nleash << ~ dog\nseat ! <<\n"
    )
    (tmp_path / "imagenet.txt").write_text("n02088364 beagle\nn02100735 english setter\n")
    (tmp_path / "labels.toml").write_text('[flickr8k]\ndogs = "dog"\nleash = "leash"\nsit = "seat"\n')
    (tmp_path / "verbs.txt").write_text("run\n")
    data = json.loads(build_lexicon.build(tmp_path, WORDNET))
    assert data["tags"]["beagle"] == [[], ["dog", "animal", "pet"], []]
    assert data["tags"]["leash"] == [[], [], ["dog"]]
    assert data["kinds"] == {"animal": [["beast"], [], []], "pet": [[], ["animal"], []]}
    assert data["hidden"] == ["seat"]
    assert data["labels"]["imagenet"] == {"n02088364": "beagle", "n02100735": "english setter"}
    assert data["irregular"]["ran"] == data["irregular"]["running"] == data["irregular"]["runs"] == ["run"]


@needs_wordnet
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("dog @dog.99\n", "no sense dog.99"),
        ("dog << wolf\n", "Kinds without a line of their own: wolf"),
        ("cat\n", "Tags of labels without a line in a table: dog"),
        ("dog\ncat\n", "Neither tags nor above any tag: cat"),
        ("dog < = =\n", "words.txt:1: cannot be read"),
    ],
)
def test_contradictions_in_the_tables_are_named(
    build_lexicon: ModuleType, tmp_path: Path, words: str, message: str
) -> None:
    (tmp_path / "words.txt").write_text(words)
    (tmp_path / "imagenet.txt").write_text("")
    (tmp_path / "labels.toml").write_text('[flickr8k]\ndog = "dog"\n')
    (tmp_path / "verbs.txt").write_text("")
    with pytest.raises(build_lexicon.TableError, match=message):
        build_lexicon.build(tmp_path, WORDNET)


@pytest.mark.parametrize(
    ("verb", "irregular", "forms"),
    [
        ("jump", [], ["jumps", "jumping", "jumped"]),
        ("dance", [], ["dances", "dancing", "danced"]),
        ("splash", [], ["splashes", "splashing", "splashed"]),
        ("fly", ["flew", "flown"], ["flies", "flying"]),
        ("jog", ["jogging", "jogged"], ["jogs"]),
    ],
)
def test_regular_forms(build_lexicon: ModuleType, verb: str, irregular: list[str], forms: list[str]) -> None:
    assert build_lexicon.regular_forms(verb, irregular) == forms
