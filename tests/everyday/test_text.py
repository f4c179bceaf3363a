"""The text encoder of everyday: what it reads, where it puts it, and that what was trained is what runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.files import TEXT_WEIGHTS
from imsearch.plugins.everyday.text_encoder import EverydayText
from imsearch.plugins.everyday.text_network import LENGTH, SENTENCE_LENGTH, TextNetwork, contrast
from imsearch.plugins.everyday.text_recipe import tensors_of
from imsearch.plugins.everyday.text_start import choose_words
from imsearch.plugins.everyday.text_teaching import (
    Pictures,
    Text,
    fitting,
    gather_pictures,
    names_of,
    tag_texts,
    with_labels,
)
from imsearch.plugins.everyday.text_words import rows_of, words_of
from imsearch.training.data.datasets import Dataset, Sample

WORDS = ["dog", "beach", "run", "two", "box"]


class Lengths:
    """A sentence encoder that knows how long a text is, and nothing else."""

    def encode(self, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        vectors = np.zeros((len(texts), SENTENCE_LENGTH), np.float32)
        vectors[np.arange(len(texts)), [len(text) for text in texts]] = 1
        return vectors


@pytest.fixture(scope="module")
def shipped() -> EverydayText:
    return EverydayText.load(TEXT_WEIGHTS)


@pytest.fixture
def network() -> TextNetwork:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 16)).astype(np.float32)
    return TextNetwork(vectors, torch.full((1280,), 0.02), torch.full((1280,), 0.01)).eval()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two dogs, running!", ["two", "dogs", "running"]),
        ("a caf\u00e9\u2019s terrace", ["a", "cafe", "terrace"]),
        ("T-shirt 2024", ["t", "shirt", "2024"]),
        ("雪の中の犬", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_forms_that_the_table_does_not_hold_are_read_as_the_word_that_it_holds() -> None:
    places = {word: place for place, word in enumerate(WORDS)}
    assert rows_of("two dogs and boxes on beaches, qwertz", places) == [3, 0, 4, 1]
    assert len(rows_of("dog " * 500, places)) == 64


@pytest.mark.parametrize("sentences", [False, True])
def test_what_was_trained_is_what_runs(network: TextNetwork, sentences: bool) -> None:
    encoder = EverydayText(tensors_of(network, WORDS), Lengths() if sentences else None)
    texts = ["two dogs", "run"]
    vectors = np.random.default_rng(1).normal(0.02, 0.01, (3, 1280)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with torch.inference_mode():
        read = (
            network.read_sentences(torch.from_numpy(Lengths().encode(texts)))
            if sentences
            else network.read_words([[3, 0], [2]])
        )
        expected = (read @ network.see(torch.from_numpy(vectors)).T).numpy()
    assert encoder.encode(texts) @ encoder.pictures(vectors).T == pytest.approx(expected, abs=0.01)
    assert encoder.scale == pytest.approx(network.scale.item())


def test_directions_have_the_length_one_or_nothing_is_known(shipped: EverydayText) -> None:
    directions = shipped.encode(["two dogs running in the snow", "雪の中の犬", ""])
    assert directions.shape == (3, shipped.length) == (3, LENGTH)
    assert np.linalg.norm(directions, axis=1) == pytest.approx([1, 0, 0], abs=1e-4)


def test_towards_is_where_pictures_near_to_a_text_are(shipped: EverydayText) -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 1280)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    direction = shipped.encode(["a beach"])
    near = (shipped.pictures(vectors) @ direction[0]).argsort()[-10:]
    along = (vectors @ shipped.towards(direction)[0]).argsort()[-40:]
    assert set(near.tolist()) <= set(along.tolist())


@pytest.mark.parametrize(
    ("one", "like", "unlike"),
    [
        ("puppy", "dog", "motorcycle"),
        ("a man riding waves", "surfing", "kitchen"),
        ("kids playing football", "children with a ball", "snowy mountain"),
        ("somebody cooking dinner", "kitchen", "beach"),
    ],
)
def test_texts_of_one_thing_lie_near_to_each_other(shipped: EverydayText, one: str, like: str, unlike: str) -> None:
    first, near, far = shipped.encode([one, like, unlike])
    assert first @ near > first @ far + 0.1


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    broken = tmp_path / "text.safetensors"
    broken.write_bytes(TEXT_WEIGHTS.read_bytes()[:1000])
    with pytest.raises(ModelError, match="Install imsearch again"):
        EverydayText.load(broken)


def test_the_shipped_table_knows_the_words_of_all_tags() -> None:
    spelled = bytes(load_file(TEXT_WEIGHTS)["words.spelled"].tobytes()).decode().split("\n")
    places = {word: place for place, word in enumerate(spelled)}
    assert [tag for tag in Lexicon.load().tags if not rows_of(tag, places)] == []


def test_the_loss_is_least_where_texts_and_pictures_fit() -> None:
    fits = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    good, bad = contrast(10 * fits, fits), contrast(10 * (1 - fits), fits)
    assert good < bad
    # A text that fits two pictures is to be shared among them: the entropy of that is what remains.
    assert good.item() == pytest.approx(2 * (2 / 3 * np.log(2)), abs=0.01)


@pytest.fixture
def pictures() -> Pictures:
    samples = tuple(Sample(Path(f"{number}.jpg"), ("dog",) if number == 0 else (), "train") for number in range(20))
    return gather_pictures([Dataset("flickr8k", Path(), samples, ("dog",))])


def test_labels_raise_what_was_seen(pictures: Pictures) -> None:
    seen = np.full((20, 2), 0.1, np.float32)
    known = with_labels(pictures.samples, ("beach", "dog"), seen, Lexicon.load())
    assert known[0].tolist() == pytest.approx([0.1, 0.95]) and known[1:].max() == pytest.approx(0.1)


def test_texts_of_tags_are_about_pictures_that_have_them(pictures: Pictures) -> None:
    known = np.zeros((20, 3), np.float32)
    known[3] = [0.9, 0.8, 0.1]
    known[4] = [0.4, 0.0, 0.0]
    lexicon = Lexicon({"puppy": "dog"}, tags=("dog", "beach", "sky"))
    names = names_of(("dog", "beach", "sky"), lexicon)
    assert names["dog"] == ("dog", "puppy")
    texts = tag_texts(pictures, known, ("dog", "beach", "sky"), names, 200, np.random.default_rng(0))
    assert {text.picture for text in texts} == {3, 4}
    assert {word for text in texts for word in text.text.split()} == {"dog", "puppy", "beach"}
    assert all(text.columns == (0,) for text in texts if text.picture == 4)


def test_a_text_fits_pictures_by_the_product_of_its_tags() -> None:
    known = np.array([[0.9, 0.5], [0.4, 0.1]], np.float32)
    fits = fitting([Text("dog beach", 0, (0, 1)), Text("dog", 1, (0,))], known)
    assert fits == pytest.approx(np.array([[0.45, 0], [0.9, 0.4]]), abs=1e-6)


def test_the_table_holds_words_of_captions_and_of_the_lexicon_first() -> None:
    words = choose_words(["a zzyzx road", "the zzyzx road", "once"], Lexicon({"hound": "dog"}), 6)
    assert words[:4] == ["zzyzx", "road", "dog", "hound"] and len(words) == 6
    assert "once" not in words
