"""What each kind of labelled picture says about which tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday import source_tables as tables
from imsearch.plugins.everyday.evidence import SAID_ONCE, Evidence
from imsearch.plugins.everyday.sources import HEADS, Sources, source_of
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.data.scene_sets import STUFF

VOC = ("aeroplane", "car", "sofa", "tvmonitor")


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(Lexicon.load())


def says(
    sources: Sources, kind: str, *labels: str, known: tuple[str, ...] = (), judged: tuple[str, ...] = (), **extra: Any
) -> Evidence:
    """The evidence of one picture, alone in its dataset."""
    sample = Sample(Path("a.jpg"), labels, extra=extra, judged=judged or None)
    return sources.evidence(Dataset(kind, Path("set"), (sample,), known or labels), sample)


def test_every_name_in_the_tables_is_one_of_the_lexicon(sources: Sources) -> None:
    lexicon = Lexicon.load()
    named = {*STUFF, *tables.BACKGROUND, *tables.SMALL, *tables.SMALL_KINDS, *tables.OUTSIDE_FAMILY}
    named |= {*tables.ROOMS, *tables.WILD, *tables.OUTDOORS, *tables.SELDOM_LABELLED, *tables.READ_AS.values()} - {""}
    named |= {name for group in tables.NEAR for name in group} | {name for pair in tables.WEAK_KINDS for name in pair}
    for table in (tables.IMPLIED, tables.IMPLIED_BY_SCENE):
        named |= {name for tag, others in table.items() for name in (tag, *others)}
    named |= {name for words, others in tables.IMPOSSIBLE for name in (*words, *others)}
    assert not {name for name in named if name not in lexicon}
    assert set(sources.tags) <= set(lexicon.tags)
    assert len(sources.tags) == len(set(sources.tags))
    assert set(STUFF) <= set(sources.tags)


def test_the_heads_taught_before_lead_the_order(sources: Sources) -> None:
    """Committed weights depend on it; new words come after."""
    assert HEADS[:3] == ("corel5k", "flickr8k", "coco")
    assert sources.tags[:374] == tuple(Lexicon.load().labels("corel5k").values())


def test_weights_are_shares_and_nothing_is_there_and_not(sources: Sources) -> None:
    found = says(
        sources, "coco", "pizza", stuff_labels=["wall-brick", "table-merged"],
        captions=["A cold day .", "A woman eats pizza .", "A pizza on a table .", "Some food .", "Nothing ."],
    )  # fmt: skip
    assert not set(found.present) & set(found.absent)
    assert all(0 < weight <= 1 for weight in (*found.present.values(), *found.absent.values()))


def test_objects_of_coco_are_complete(sources: Sources) -> None:
    found = says(sources, "coco", "dog")
    assert {"dog", "animal"} <= set(found.present)
    assert found.absent["cat"] == found.absent["person"] == 1
    assert found.absent["woman"] == found.absent["ferry"] == 1  # below what is absent
    assert not {"poodle", "sky", "watch", "kitchen"} & ({*found.present} | {*found.absent})


def test_stuff_is_complete_but_for_what_its_names_leave_open(sources: Sources) -> None:
    found = says(sources, "coco", "boat", stuff_labels=["sea", "grass-merged", "wall-stone"])
    assert {"sea", "water", "grass", "wall"} <= set(found.present)
    assert found.absent["sky"] == found.absent["sidewalk"] == 1
    assert not {"field", "plant", "flag"} & set(found.absent)


def test_a_caption_contradicts_a_complete_set_without_winning(sources: Sources) -> None:
    captions = ["One .", "A bird and a cow .", "A bird .", "A bird .", "Two ."]
    found = says(sources, "coco", "dog", captions=captions)
    assert "bird" not in found.present and "bird" not in found.absent


def test_keywords_leave_things_out(sources: Sources) -> None:
    found = says(sources, "corel5k", "tiger", "water")
    assert found.present["tiger"] == found.present["animal"] == 1
    assert 0 < found.absent["sky"] < found.absent["train"] < 1
    assert "cat" not in found.present  # no house cat
    assert found.absent["river"] < 0.2  # it is water


def test_captions_say_words_in_many_forms(sources: Sources) -> None:
    captions = ["Two puppies chase a ball .", "A puppy runs .", "A toddler watches .", "Dogs on grass .", "A kitchen ."]
    found = says(sources, "flickr8k", "dog", captions=captions)
    assert found.present["dog"] == 1
    assert found.present["child"] == found.present["person"] == found.present["baby"] == SAID_ONCE
    assert found.present["running"] == found.present["chasing"] == found.present["two"] == SAID_ONCE
    assert found.absent["poodle"] <= 0.5 and found.absent["boy"] < 0.1  # may be that dog, that child
    assert found.absent["wedding"] == 1
    assert found.absent["kitchen"] == 1  # the fifth caption is not read
    assert found.absent["sky"] < 0.2  # nobody says it
    assert "watch" not in found.present


@pytest.mark.parametrize(
    ("caption", "said"),
    [
        ("A man in an orange shirt watching a match .", {"man", "shirt", "watching"}),
        ("A girl walks past a traffic light .", {"girl", "walking", "traffic light"}),
        ("He slides into the parking lot .", {"slide", "parking lot"}),
    ],
)
def test_words_of_captions(sources: Sources, caption: str, said: set[str]) -> None:
    assert sources.said(caption) == said


def test_a_scene_denies_the_other_words_of_its_own_set(sources: Sources) -> None:
    own = ("kitchen", "highway", "park", "dining room")
    found = says(sources, "scenes", "kitchen", judged=own, set="a", complete=False)
    assert found.present["kitchen"] == found.present["room"] == found.present["interior"] == 1
    assert found.absent["highway"] == found.absent["park"] == found.absent["bathroom"] / 0.8 == 1
    assert found.absent["dining room"] < 0.5  # one may eat there
    assert found.absent["mountain"] == 1 and found.absent["sky"] < 0.5  # a window may show it
    assert "aquarium" not in found.absent and "wall" in found.present


def test_a_scene_implies_what_it_shows(sources: Sources) -> None:
    found = says(sources, "scenes", "coast", judged=("coast", "street"), set="a", complete=False)
    assert {"coast", "water", "sea", "sky", "outside"} <= set(found.present)
    assert found.present["coast"] == 1 > found.present["sky"]
    assert found.absent["street"] == found.absent["kitchen"] == 1


def test_a_complete_scene_set_is_complete(sources: Sources) -> None:
    own = ("street", "sky", "building", "pole", "fence")
    found = says(sources, "scenes", "street", "sky", judged=own, set="pixels", complete=True)
    assert found.absent["building"] == found.absent["fence"] == found.absent["house"] == 1
    assert found.absent["pole"] < 0.5  # thin things are easily overlooked


def test_dishes_deny_one_another_but_not_food(sources: Sources) -> None:
    own = ("food", "baklava", "bibimbap")
    found = says(sources, "scenes", "baklava", "food", judged=own, set="food", complete=False)
    assert {"baklava", "food", "dessert"} <= set(found.present)
    assert found.absent["bibimbap"] == 1


def test_sets_that_are_told_by_their_fields(sources: Sources) -> None:
    theme = says(sources, "jsonl", "positive", theme="wedding", category="person")
    assert {"wedding", "person"} <= set(theme.present) and theme.absent["volcano"] == 0.3
    assert says(sources, "jsonl", "negative", theme="depressed pose", category="person").absent == {}
    thing = says(sources, "jsonl", "ketch", "boat", origin="ketch/1.jpg")
    assert {"ketch", "sailboat", "boat", "vehicle"} <= set(thing.present) and "panda" not in thing.absent
    assert thing.absent["giant panda"] == thing.absent["ferry"] == 0.5
    noun = says(sources, "emotion", "happy", anp=["happy_men"], nouns=("men",))
    assert noun.present["man"] < 1 and not noun.absent
    voc = says(sources, "jsonl", "sofa", known=VOC)
    assert voc.present["couch"] == 1 and voc.absent["car"] == voc.absent["television"] == 1 and "dog" not in voc.absent
    other = says(sources, "jsonl", "positive", known=("negative", "positive"))
    assert not other.present and not other.absent


def test_a_dataset_of_no_known_kind_has_no_source() -> None:
    labels = {"voc": dict.fromkeys(VOC, ""), "caltech": {"ketch": ""}}
    assert source_of(Dataset("folders", Path("set"), (), ()), labels) is None
    mine = Sample(Path("a.jpg"), ("my boat",), extra={"origin": "my camera"})
    assert source_of(Dataset("jsonl", Path("set"), (mine,), ("my boat",)), labels) is None


def test_a_label_the_lexicon_does_not_list_is_named(sources: Sources) -> None:
    with pytest.raises(
        DatasetError, match=r"a.jpg has the label 'unicorn', which the lexicon does not list for scenes"
    ):
        says(sources, "scenes", "unicorn", set="a")


def test_targets_are_the_evidence_as_arrays(sources: Sources) -> None:
    samples = (Sample(Path("a.jpg"), ("dog",)), Sample(Path("b.jpg"), ()))
    dataset = Dataset("coco", Path("set"), samples, ("dog",))
    there, weights = sources.targets([(dataset, sample) for sample in samples])
    column = sources.tags.index("dog")
    assert there[:, column].tolist() == [True, False] and weights[:, column].tolist() == [1, 1]
    assert weights[0, sources.tags.index("sky")] == 0
    assert there.shape == weights.shape == (2, len(sources.tags)) and np.all(weights[there > 0] > 0)


def test_a_word_of_one_caption_is_as_likely_as_not(sources: Sources) -> None:
    sample = Sample(Path("a.jpg"), (), extra={"captions": ["A dog on grass .", "A cat .", "A cat .", "One ."]})
    dataset = Dataset("flickr8k", Path("set"), (sample,), ("dog",))
    there, weights = sources.targets([(dataset, sample)])
    probability = dict(zip(sources.tags, there[0], strict=True))
    assert probability["dog"] == SAID_ONCE and probability["cat"] == 1
    assert probability["grass"] == 1 and weights[0, sources.tags.index("grass")] < 1  # nobody makes that up
