"""Social tags of the multi-modal model: any words, read as text vectors, added to what is seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from imsearch.errors import ModelError
from imsearch.languages.lexicon import Lexicon
from imsearch.pictures.picture import Picture
from imsearch.plugins.multimodal.annotator import MultimodalAnnotator
from imsearch.plugins.multimodal.likeness import Likeness
from imsearch.plugins.multimodal.network import MultimodalNetwork, TagBranch
from imsearch.plugins.multimodal.recipe import read_tags, train
from imsearch.plugins.multimodal.sight import take_sight
from imsearch.plugins.multimodal.social import TagReader, clean, pooled
from imsearch.plugins.multimodal.tag_learning import fit_trust, fit_weights
from imsearch.plugins.multimodal.tags import Tags, gather_tags
from imsearch.training.corpus import Corpus, gather
from imsearch.training.data.datasets import Dataset, load_dataset
from imsearch.training.run import Run
from tests.make_pictures import iptc, jpeg, xmp

from .conftest import MakeDataset, tensors

OPTIONS = {"tag_epochs": "40", "learning_rate": "1e-4", "batch_size": "6", "tag_batch_size": "6", "guess_epochs": "2"}
TAGS = {
    "sky": {"text_tags": ["windy", "kite", "breeze"]},
    "grass": {"text_tags": ["picnic", "lawnmower", "golf"]},
    "snow": {"text_tags": ["cold", "skier", "mitten"]},
}


@pytest.fixture(scope="module")
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset(count=24, more=TAGS)


@pytest.fixture(scope="module")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(Run(tmp_path_factory.mktemp("run"), [dataset], options=OPTIONS))


@pytest.fixture(scope="module")
def annotator(trained: Path) -> MultimodalAnnotator:
    return MultimodalAnnotator(trained)


def noise(tags: Sequence[str] = ()) -> Picture:
    pixels = np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)
    return Picture(Path("a.png"), "0" * 64, 120, 90, "PNG", {}, tuple(tags), Image.fromarray(pixels))


def reader(*labels: str) -> TagReader:
    return TagReader(labels, Lexicon.load())


def corpus_of(dataset: Dataset) -> tuple[Corpus, Tags]:
    corpus = gather(Run(Path(), [dataset]))
    return corpus, gather_tags(corpus, reader(*(label for labels in corpus.heads.values() for label in labels)))


def test_tags_are_plain_texts_each_once() -> None:
    assert clean(["Places|Beach", "golden_retriever", " places beach ", ""]) == ["places beach", "golden retriever"]


def test_a_vector_holds_the_mean_and_the_maximum_of_known_tags() -> None:
    found = pooled(np.array([[1, 0], [0, 0], [0, -1]], np.float32))
    assert found.tolist() == [0.5, -0.5, 1, 0]
    assert not pooled(np.zeros((2, 2), np.float32)).any()


def test_a_tag_says_labels_by_forms_synonyms_and_parts() -> None:
    cars = reader("boats", "cars", "surf")
    likeness = Likeness.of(cars.vectors(cars.labels), cars.vectors(["wedding", "picnic", "sailing", "road", "wave"]))
    told = cars.read(["my boat", "automobile", "Qwzx"], likeness)
    assert told.said.tolist() == [1, 1, 0] and told.vector.any()
    nothing = cars.read(["qwzxv"], likeness)
    assert not nothing.said.any() and not nothing.vector.any() and not nothing.alike.any()


def branch_of(outputs: int) -> TagBranch:
    torch.manual_seed(0)
    branch = TagBranch(4, 8, outputs).eval().requires_grad_(False)
    torch.nn.init.normal_(branch.get_parameter("layers.3.weight"))
    return branch


def test_a_branch_adds_nothing_where_there_are_no_tags() -> None:
    branch = branch_of(3)
    branch.weights.copy_(torch.tensor([0.5, 3.0, 2.0]))
    branch.trust.copy_(torch.tensor([0.0, 100.0]))  # whatever is seen, tags are trusted
    vectors, alike, said = torch.zeros(2, 4), torch.zeros(2, 3), torch.zeros(2, 3)
    vectors[1], alike[1, 0], said[1, 2] = torch.rand(4), 1, 1
    found = branch(torch.zeros(2, 3), vectors, alike, said)
    assert not found[0].any()
    torch.testing.assert_close(found[1], 0.5 * branch.found(vectors)[1] + torch.tensor([3.0, 0, 2.0]))


def test_tags_are_trusted_as_far_as_they_agree_with_what_is_seen() -> None:
    branch = branch_of(2)
    branch.usual.fill_(0.1)
    branch.trust.copy_(torch.tensor([1.0, 0.5]))
    told = torch.log(torch.tensor([[3.0, 1.0]]))
    seen = torch.logit(torch.tensor([[0.8, 0.1], [0.1, 0.8], [0.001, 0.1]]))
    likelier = torch.tensor([(1 + 0.8 * 2) / 1.2, 1, (1 + 0.001 * 2) / 1.2])
    found = branch.agreement(seen, told.expand(3, 2))[:, 0]
    torch.testing.assert_close(found, torch.log(likelier))
    trusted = torch.sigmoid(found + 0.5)[:, None]
    torch.testing.assert_close(branch.weighed(seen, told.expand(3, 2)), trusted * told)


def test_likeness_is_measured_from_the_mean_of_tags_and_of_each_label() -> None:
    generator = np.random.default_rng(0)
    common = np.full(16, 3.0, np.float32)  # all texts are near to each other
    labels, tags = (generator.normal(size=(count, 16)).astype(np.float32) + common for count in (12, 400))
    likeness = Likeness.of(labels, tags)
    found = np.stack([likeness(each[None]) for each in tags])
    assert found.shape == (400, 12) and 0 < (found > 0).mean() < 0.05  # two standard deviations are rare
    own = np.stack([likeness(labels[:2]), likeness(np.stack([np.zeros(16, np.float32), labels[5]]))])
    assert {*np.flatnonzero(own[0] > 1)} >= {0, 1} and own[1].argmax() == 5
    assert not likeness(np.zeros((1, 16), np.float32)).any() and not likeness(np.zeros((0, 16), np.float32)).any()


def test_a_label_that_a_tag_says_does_not_count_and_counts_more_where_it_was_hidden() -> None:
    said = np.array([[True, False], [False, False]])
    vectors, parts = np.eye(2, dtype=np.float32), np.zeros(2, int)
    tags = Tags(("sea", "sand"), vectors, vectors, said, [np.arange(2)] * 2, parts, np.ones(2, bool))
    rows = np.zeros(4000, dtype=int)
    settings = {"silent_tags": 0, "hide_tag": 0.8}
    shown = tags.drawn(rows, np.random.default_rng(0), settings)
    told = shown.said[:, 0] > 0
    assert 0.45 < told.mean() < 0.55
    assert set(shown.weight[told, 0]) == {0} and set(shown.weight[~told, 0]) == {2} and set(shown.weight[:, 1]) == {1}
    assert shown.weight[:, 0].mean() == pytest.approx(1, abs=0.1)  # whatever tags say, a label counts as often
    silent = tags.whole([np.arange(2)], False, tags.likeness(rows[:1]))
    assert not silent.said.any() and silent.vectors[0].tolist() == [0, 1, 0, 1]


def test_wrong_tags_are_those_of_another_picture_of_the_same_set(dataset: Dataset) -> None:
    corpus, tags = corpus_of(dataset)
    rows = np.repeat(corpus.train[:1], 300)
    others = tags.others(rows, corpus.train, np.random.default_rng(0))
    assert set(others) <= set(corpus.train) and len(set(others)) > 5


def test_evidence_of_tags_is_weighed_by_what_it_tells() -> None:
    generator = torch.Generator().manual_seed(0)
    branch, size = branch_of(4), (5000, 4)
    branch.weights.copy_(torch.tensor([1.0, 0.4, 2.0]))
    seen, found, alike = (torch.randn(size, generator=generator) for _ in range(3))
    said = (torch.rand(size, generator=generator) < 0.3).float()
    logits = seen + 0.5 * found + 1.5 * said - 0.2 * alike
    targets = (torch.rand(size, generator=generator) < torch.sigmoid(logits)).float()
    fit_weights(branch, seen, found, alike, said, targets, torch.ones(size))
    assert branch.weights.tolist() == pytest.approx([0.5, 0, 1.5], abs=0.1)  # what speaks against tags is left out
    fit_weights(branch, seen, found, alike, said, targets, torch.zeros(size))
    assert branch.weights.tolist() == pytest.approx([0.5, 0, 1.5], abs=0.1)  # nothing is known, nothing moves


def test_trust_tells_right_tags_from_wrong_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    branch = branch_of(2)
    right, false = (torch.randn(3000, generator=generator) + mean for mean in (1.0, -1.0))
    fit_trust(branch, right, false, 0.5)
    assert branch.trust.tolist() == pytest.approx([2, 0], abs=0.15)  # the odds of two normal distributions
    fit_trust(branch, right, false, 0.2)
    assert branch.trust.tolist() == pytest.approx([2, np.log(4)], abs=0.2)
    before = branch.trust.clone()
    fit_trust(branch, right, false[:0], 0.2)
    assert torch.equal(branch.trust, before)


def test_keywords_of_ones_own_pictures_are_tags_without_label_words(tmp_path: Path) -> None:
    for label, keyword in (("sea", b"surfer"), ("alps", b"glacier")):
        folder = tmp_path / label
        folder.mkdir()
        for number in range(12):
            (folder / f"{label}{number}.jpg").write_bytes(jpeg(own_iptc=iptc(keyword, label.encode())))
            (folder / f"{label}{number}.xmp").write_bytes(xmp("holiday"))
    corpus, tags = corpus_of(load_dataset(f"folders:{tmp_path}"))
    found = [{tags.texts[place] for place in tags.places[row]} for row in corpus.train]
    names = [corpus.files[row].parent.name for row in corpus.train]
    assert found == [{"surfer", "holiday"} if name == "sea" else {"glacier", "holiday"} for name in names]
    assert not tags.written.any()


def test_labels_stand_in_where_nobody_wrote(make_dataset: MakeDataset) -> None:
    corpus, tags = corpus_of(make_dataset())
    found = [{tags.texts[place] for place in tags.places[row]} for row in corpus.train]
    assert found == [set(corpus.samples[row].labels) for row in corpus.train] and not tags.written.any()


def test_without_known_tags_it_learns_from_pixels_alone(make_dataset: MakeDataset, tmp_path: Path) -> None:
    plain = make_dataset(count=12, more={name: {"text_tags": ["qwzxv"]} for name in TAGS})
    run = Run(tmp_path, [plain], options={"batch_size": "3", "further_epochs": "1"})
    corpus = gather(run)
    assert read_tags(run, corpus, reader(*corpus.heads["jsonl"])) is None
    annotator = MultimodalAnnotator(train(run))
    assert annotator.network.tags is None
    few, many = (annotator.annotate([annotator.prepare(noise(tags))])[0].tags for tags in ((), ("picnic",)))
    assert few == many


def test_training_again_gives_the_same_weights(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    shared = trained.parent / "maps"
    assert tensors(train(Run(tmp_path, [dataset], options=OPTIONS, shared=shared))) == tensors(trained)


def test_tags_that_were_never_seen_in_training_count(annotator: MultimodalAnnotator) -> None:
    grass = annotator.heads["jsonl"].index("grass")
    prepared = [annotator.prepare(noise(tags)) for tags in ((), ("unheardofzz",), ("Barbecue",), ("snowflake",))]
    none, unknown, near, far = annotator.forward(prepared)[1][:, grass]
    assert none == unknown
    assert near > far + 0.1  # "picnic" and "lawnmower" are near to one, "cold" and "mitten" to the other


def test_no_tags_are_as_without_the_branch(annotator: MultimodalAnnotator, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = [annotator.prepare(noise())]
    _, found = annotator.forward(prepared)
    monkeypatch.setattr(annotator.network, "tags", None)
    np.testing.assert_array_equal(annotator.forward(prepared)[1], found)


def test_from_weights_only_the_tags_are_learned(dataset: Dataset, trained: Path, tmp_path: Path) -> None:
    options = {**OPTIONS, "start": str(trained), "tag_epochs": "2"}
    again = train(Run(tmp_path, [dataset], options=options, shared=trained.parent / "maps"))
    before, after = tensors(trained), tensors(again)
    seeing = [name for name in before if name.startswith(("backbone.", "fusion.", "head."))]
    assert seeing and all(before[name] == after[name] for name in seeing)
    assert before["tags.layers.0.weight"] != after["tags.layers.0.weight"]
    assert MultimodalAnnotator(again).checkpoint.recipe["tags"]["start"] == trained.name


def test_weights_of_other_labels_are_no_start(make_dataset: MakeDataset, trained: Path, tmp_path: Path) -> None:
    other = make_dataset(words={"sky": ["sea"], "grass": ["grass"], "snow": ["snow"]})
    with pytest.raises(ModelError, match="learned other labels"):
        take_sight(MultimodalNetwork({"jsonl": other.labels}, 0, 8), trained, {"jsonl": other.labels})
    with pytest.raises(ModelError, match="or a weights file, not nothing"):
        train(Run(tmp_path, [other], options={"start": "nothing"}))


def test_layers_of_words_that_were_not_there_become_biases(trained: Path, tmp_path: Path) -> None:
    """Weights of version 1 had layers of 544 words beside the feature."""
    generator, new = torch.Generator().manual_seed(0), load_file(trained)
    old = {name: value for name, value in new.items() if name.startswith(("backbone.", "fusion.", "head."))}
    words = [torch.nn.Linear(5, 8), torch.nn.Linear(8, 8)]
    for place, layer in zip((0, 3), words, strict=True):
        old |= {f"head.words.{place}.{name}": value.detach() for name, value in layer.named_parameters()}
    for name in ("head.label.weight", "head.count.0.weight"):
        old[name] = torch.cat([old[name].float(), torch.randn(len(old[name]), 8, generator=generator)], dim=1)
    with safe_open(trained, framework="pt") as file:
        header = file.metadata()
    save_file(old, tmp_path / "old.safetensors", metadata=header)
    heads = MultimodalAnnotator(trained).heads
    network = MultimodalNetwork(heads, 0, 8).eval()
    take_sight(network, tmp_path / "old.safetensors", heads)
    with torch.no_grad():
        feature, hidden = torch.rand(2, 1280, generator=generator), torch.relu(words[1](torch.relu(words[0].bias)))
        joint = torch.cat([feature, hidden.expand(2, 8)], dim=1)
        wanted = joint @ old["head.label.weight"].T + old["head.label.bias"].float()
        torch.testing.assert_close(network.head(feature)[0], wanted, rtol=1e-4, atol=1e-4)
    said = json.loads(header["imsearch"])
    said |= {"version": "1", "network": {"hidden": 8, "words": list("abcde")}}
    extra = {name: value for name, value in new.items() if name.startswith("extra.")}
    save_file(old | extra, tmp_path / "old.safetensors", metadata={"imsearch": json.dumps(said)})
    annotator = MultimodalAnnotator(tmp_path / "old.safetensors")  # it sees as ever, and reads no tags
    bare, told = annotator.forward([annotator.prepare(noise(tags)) for tags in ((), ("picnic",))])[1]
    np.testing.assert_array_equal(bare, told)
