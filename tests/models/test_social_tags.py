"""Social tags as words that say no label, and as vectors."""

from __future__ import annotations

from pathlib import Path

from imsearch.lexicon import Lexicon
from imsearch.plugins.multimodal import MODEL
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.social import SocialWords, learn_words
from imsearch.training.datasets import Sample


def test_tags_that_say_a_label_are_left_out() -> None:
    pictures = [["Boats", "picnic"], ["boat", "picnic"], ["automobile", "Picnic"], ["cars", "kids", "rare"]] * 2
    labels = ["boat", "car", "child"]
    assert learn_words(pictures, labels, Lexicon.load(), 3, 10) == ("picnic",)
    assert learn_words(pictures, labels, Lexicon.load(), 2, 1) == ("picnic",)
    assert learn_words(pictures, labels, Lexicon.load(), 2, 9) == ("picnic", "rare")


def test_a_picture_counts_a_tag_once() -> None:
    assert learn_words([["picnic", "Picnic"]], ["sky"], Lexicon.load(), 2, 9) == ()


def test_tags_become_a_vector_by_their_forms_and_parts() -> None:
    social = SocialWords(("picnic", "golden", "jean", "cold wind"), Lexicon.load())
    assert social.vector(()).tolist() == [0, 0, 0, 0]
    assert social.vector(["Picnics", "unheard-of"]).tolist() == [1, 0, 0, 0]
    assert social.vector(["Events|Picnic", "golden retriever"]).tolist() == [1, 1, 0, 0]
    assert social.vector(["Cold  wind", "JEANS"]).tolist() == [0, 0, 1, 1]
    assert social.vectors([["jean"], []]).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]


def test_samples_without_text_tags_have_none() -> None:
    from imsearch.plugins.multimodal.social import text_tags

    assert text_tags(Sample(Path("a.jpg"), ())) == ()
    assert text_tags(Sample(Path("a.jpg"), (), extra={"text_tags": ["red"]})) == ("red",)


def test_the_shipped_words_say_no_label() -> None:
    (spec,) = MODEL.annotators()
    annotator = spec.factory("cpu")
    assert isinstance(annotator, MultimodalAnnotator)
    lexicon, words = Lexicon.load(), annotator.social.words
    labels = {label for several in annotator.heads.values() for label in several}
    said = {name for label in labels for name in (label, lexicon.canonical(label))}
    assert len(words) > 400
    assert [word for word in words if said & {word, *lexicon.forms(word), lexicon.canonical(word)} - {None}] == []
