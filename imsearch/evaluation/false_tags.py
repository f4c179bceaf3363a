"""Shown tags that are certainly false, as ruled out by labels, captions or inspection of the pictures.

A family is a list of pictures with the tags that cannot be true of each.  Other wrong tags are not counted, so the
shares are lower bounds; those counted are wrong beyond dispute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from imsearch.evaluation.answers import Answers
from imsearch.evaluation.labelled import Judged
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Sample


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(","))


_NOT_BELOW = _names("watch, digital watch, jug, water jug, whiskey jug, pitcher, van, hourglass, sundial, stopwatch")
"""Tags below an object's tag that COCO's annotators do not count as that object."""
SCREENS = _names(
    "television, monitor, screen, laptop, computer, desktop computer, handheld computer, keyboard, computer mouse, "
    "remote control, mobile phone, ipod, home theater, website, printer, radio, microwave, oven, toaster, "
    "refrigerator, stove, dishwasher, washing machine, oscilloscope, tape player, cd player, cassette player, modem"
)
SCREENS_IN_COREL5K: frozenset[str] = frozenset()
"""Files of Corel5k's test split that show one of `SCREENS`: none of the 499, by inspection."""
ROOMS = _names("kitchen, bathroom, bedroom, living room, dining room, entrance hall, office, laundromat, auditorium")
GARDENS_IN_ROOMS = _names("eecc32b227aeec86.jpg")
"""Files of the dev split of these scenes that show mostly the outdoors, by inspection."""
OUTDOORS = _names(
    "windmill, desert, highway, waterfall, landscape, rainforest, bamboo forest, glacier, forest, mountain, sea, sky, "
    "coast, countryside, street, building, football field, park, campus, suburb, house, tall building"
)
NOT_IN_ROOMS = _names(
    "sea, ocean, beach, coast, mountain, mountain range, forest, rainforest, bamboo forest, glacier, desert, "
    "waterfall, canyon, volcano, valley, snow, dune, highway, road, street, sidewalk, skyline, countryside, bus, "
    "truck, train, airplane, boat, ship, bear, polar bear, elephant, whale, skiing, surfing, suburb, windmill, cliff, "
    "meadow, lake, river, wave, runway, parking lot"
)
NOT_OUTDOORS = _names(
    "kitchen, bathroom, bedroom, living room, dining room, laundromat, toilet, toilet seat, bathtub, sink, bed, "
    "four-poster bed, couch, sofa bed, medicine cabinet, shower curtain, quilt, pillow, oven, microwave, refrigerator, "
    "toaster, dishwasher, washing machine, stove, television, monitor, laptop, keyboard, computer, desktop computer, "
    "computer mouse, remote control, home theater"
)
LANDSCAPES = _names("forest, rainforest, bamboo forest, glacier, mountain, sky, sea, coast, waterfall, landscape")
ANIMALS_IN_LANDSCAPES = _names(
    "8bb722d91bf0adc0.jpg, b7cfd46dd67aee4d.jpg, be7935f60327ceb6.jpg, d1a3be6508a37ac2.jpg, e3248aef655b3aa7.jpg"
)
"""Files of the dev split of these scenes that do or may show animals, by inspection."""
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Family:
    """Pictures, and the certainly false tags of each."""

    name: str
    false: Mapping[Path, frozenset[str]]


@dataclass(frozen=True)
class Found:
    """The number of pictures judged in a family, the number with a certainly false shown tag, and these tags."""

    name: str
    pictures: int
    wrong: int
    tags: Mapping[str, int]

    @property
    def share(self) -> float:
        """The share of pictures with a certainly false tag."""
        return self.wrong / max(self.pictures, 1)


def count(family: Family, answers: Answers) -> Found:
    """Count the certainly false tags among the shown ones."""
    wrong = [family.false[file] & answers.shown_tags(file).keys() for file in family.false]
    tags = Counter(tag for each in wrong for tag in each)
    return Found(
        family.name, len(wrong), sum(map(bool, wrong)), dict(sorted(tags.items(), key=lambda i: (-i[1], i[0])))
    )


def missing_objects(samples: Sequence[Sample], lexicon: Lexicon) -> Family:
    """Return COCO's 80 objects and the tags below them, on pictures with exhaustive labels for these."""
    names = lexicon.labels("coco")
    known = {*names.values()}
    below = {tag: known & {tag, *lexicon.kinds(tag)} for tag in lexicon.tags if tag not in _NOT_BELOW}
    families = {tag: above for tag, above in below.items() if above}
    false = {}
    for sample in samples:
        there = {names[label] for label in sample.labels}
        false[sample.file] = frozenset(tag for tag, above in families.items() if above.isdisjoint(there))
    return Family("missing objects, COCO", false)


def missing_stuff(judged: Judged) -> Family:
    """Return stuff on pictures whose stuff is labelled exhaustively."""
    absent = judged.known & ~judged.truth
    false = {
        file: frozenset(tag for tag, gone in zip(judged.tags, row, strict=True) if gone)
        for file, row in zip(judged.files, absent, strict=True)
    }
    return Family(f"missing {judged.name}", false)


def screens(samples: Sequence[Sample]) -> Family:
    """Return screens and kitchen machines on Corel5k's test pictures, mostly of nature, towns and animals."""
    looked = {sample.file: SCREENS for sample in samples if sample.file.name not in SCREENS_IN_COREL5K}
    return Family("screens, Corel5k", looked)


def animals_in_landscapes(samples: Sequence[Sample], lexicon: Lexicon) -> Family:
    """Return animals of any kind on the dev split's landscapes, which show none."""
    animals = frozenset(tag for tag in lexicon.tags if "animal" in (tag, *lexicon.kinds(tag)))
    bare = [each for each in samples if each.file.name not in ANIMALS_IN_LANDSCAPES]
    false = {each.file: animals for each in bare if len(each.labels) == 1 and each.labels[0] in LANDSCAPES}
    return Family("animals, landscapes", false)


def wrong_places(samples: Sequence[Sample]) -> list[Family]:
    """Return landscapes and traffic in rooms, and rooms and their furniture outdoors."""
    rooms = [each for each in samples if not ROOMS.isdisjoint(each.labels)]
    scenes = [each for each in samples if not OUTDOORS.isdisjoint(each.labels)]
    inside = {each.file: NOT_IN_ROOMS for each in rooms if each.file.name not in GARDENS_IN_ROOMS}
    outside = {each.file: NOT_OUTDOORS for each in scenes}
    return [Family("outdoors, in rooms", inside), Family("rooms, outdoors", outside)]


def other_animals(samples: Sequence[Sample], lexicon: Lexicon) -> Family:
    """Return animals other than dogs on pictures of dogs whose captions name no such animal."""
    animals = {tag: {tag, *lexicon.kinds(tag)} for tag in lexicon.tags if "animal" in lexicon.kinds(tag)}
    dogs = {"dog", *lexicon.kinds("dog")}
    others = {tag: names - dogs for tag, names in animals.items() if "dog" not in names and tag not in dogs}
    false = {}
    for sample in samples:
        if "dog" in sample.labels:
            words = _WORD.findall(" ".join(sample.extra.get("captions", ())).lower())
            pairs = [f"{a} {b}" for a, b in pairwise(words)]
            said = {name for word in (*words, *pairs) for name in lexicon.senses(word)}
            said |= {kind for name in said for kind in lexicon.kinds(name)}
            false[sample.file] = frozenset(tag for tag, names in others.items() if names.isdisjoint(said))
    return Family("other animals, dogs", false)
