"""What each labelled picture says about which tag: the evidence that the head `photos` learns from.

Datasets differ in what a missing label means.  COCO's 80 objects are complete; a scene picture has one word, and only
the other words of its own set are surely false; keywords and captions leave out much of what is there.  So a picture
says of some tags that they are there, of some that they are not, and of the rest nothing, each with a weight.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday import source_tables as tables
from imsearch.training.datasets import Dataset, Sample
from imsearch.training.scene_sets import stuff_open, stuff_shown

HEADS = ("corel5k", "flickr8k", "coco", "stuff", "scenes", "oasis", "caltech", "voc", "captions")
"""The label tables of the lexicon whose tags are taught; their order is that of the tags."""
CAPTIONS = {"flickr8k": slice(0, 4), "coco": slice(1, 4)}
"""Which captions are read.  Flickr8k's fifth, COCO's first and fifth judge search, and teach nothing."""
SAID_ONCE, BACKGROUND_SAID_ONCE = 0.5, 0.9
"""How likely a word that only one caption says is on the picture; nobody makes up what is mostly left unsaid."""
KEYWORDS_MISSING = 0.3
"""Corel5k's labels are incomplete: how far a missing one is believed."""
UNSAID_PLACE, UNSAID_SMALL, UNSAID_BACKGROUND = 0.3, 0.1, 0.05
"""How far the silence of captions and keywords denies what is often left unsaid, and what mostly is.

Not at all would leave these words without any picture of the set to hold against: the set itself became the cue."""
ONE_OBJECT = 0.5
OTHER_ROOM = 0.8
OVERLAP = 0.3
NEAR_UNSAID = 0.5
"""The part of it that is left beside a tag that is much like it, or wider: most dogs are no poodles."""
NOISY = 0.8
"""SentiBank's nouns come from search words."""
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_LONGEST_PHRASE = 3
_SHORTEST_PART = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """Tags that a picture shows and tags that it does not; of all others it says nothing.

    present: how likely each is there; absent: how far its absence is believed.  Both are above 0, at most 1.
    """

    present: Mapping[str, float]
    absent: Mapping[str, float]


@dataclass(slots=True)
class _Draft:
    """Evidence in the making.

    shown: tags a label names, and their kinds.  implied: what mostly goes with them.
    sure: absent by labels that are complete.  likely: absent because nobody names them; less so if in `open`.
    """

    shown: dict[str, float] = field(default_factory=dict)
    implied: dict[str, float] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    likely: dict[str, float] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def evidence(self, known: frozenset[str]) -> Evidence:
        """What is named outweighs all, then what is surely absent, then what is implied, then the rest."""
        present = {tag: weight for tag, weight in self.implied.items() if tag not in self.sure} | self.shown
        likely = {tag: weight * (NEAR_UNSAID if tag in self.open else 1.0) for tag, weight in self.likely.items()}
        absent = likely | self.sure
        return Evidence(
            {tag: weight for tag, weight in present.items() if tag in known},
            {tag: weight for tag, weight in absent.items() if tag in known and tag not in present},
        )


def _raise(weights: dict[str, float], tags: Mapping[str, float]) -> None:
    for tag, weight in tags.items():
        weights[tag] = max(weight, weights.get(tag, 0.0))


class Sources:
    """Evidence for the tags of the photos head, from every set that names some of them.

    tags: what can be taught, in the head's order.
    """

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self._lexicon = lexicon or Lexicon.load()
        self._labels = {head: self._lexicon.labels(head) for head in HEADS}
        self.tags = tuple(dict.fromkeys(tag for labels in self._labels.values() for tag in labels.values()))
        self._known = frozenset(self.tags)
        self._below: dict[str, list[str]] = {tag: [] for tag in self.tags}
        self._near: dict[str, set[str]] = {}
        for tag in self.tags:
            for kind in self._kinds(tag):
                self._below[kind].append(tag)
            for other in (*self._lexicon.kinds(tag), *self._lexicon.related(tag)):
                self._near.setdefault(tag, set()).add(other)
                self._near.setdefault(other, set()).add(tag)
        for group in tables.NEAR:
            for tag in group:
                self._near.setdefault(tag, set()).update(group)
        self._unsaid = {tag: self._unsaid_weight(tag) for tag in self.tags}
        self._readers: dict[str, Callable[[Dataset, Sample, _Draft], None]] = {
            "coco": self._coco,
            "corel5k": self._corel5k,
            "flickr8k": self._flickr8k,
            "scenes": self._scenes,
            "oasis": self._oasis,
            "caltech": self._caltech,
            "voc": self._voc,
            "sentibank": self._sentibank,
        }

    def evidence(self, dataset: Dataset, sample: Sample) -> Evidence:
        """What one picture of a dataset says; nothing where the dataset is of no kind that is known here."""
        draft = _Draft()
        source = source_of(dataset, self._labels["voc"])
        if source is not None:
            self._readers[source](dataset, sample, draft)
        return draft.evidence(self._known)

    def targets(self, rows: Sequence[tuple[Dataset, Sample]]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """The evidence of all pictures as two arrays ``(rows, tags)``: there or not, and its weight; 0 is unknown."""
        column = {tag: index for index, tag in enumerate(self.tags)}
        there = np.zeros((len(rows), len(self.tags)), dtype=bool)
        weights = np.zeros(there.shape, dtype=np.float32)
        for row, (dataset, sample) in enumerate(rows):
            found = self.evidence(dataset, sample)
            shown, denied = [column[tag] for tag in found.present], [column[tag] for tag in found.absent]
            there[row, shown] = True
            weights[row, shown], weights[row, denied] = list(found.present.values()), list(found.absent.values())
        return there, weights

    # ---- one method a source

    def _coco(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        """All 80 objects; on some pictures all stuff, or captions."""
        names = self._labels["stuff"]
        self._complete(draft, [self._labels["coco"][label] for label in sample.labels], self._labels["coco"].values())
        if (stuff := sample.extra.get("stuff_labels")) is not None:
            shown = stuff_shown(stuff, sample.labels, names)
            self._complete(draft, shown, {*names.values(), "plant"} - stuff_open(shown))
        if captions := sample.extra.get("captions"):
            self._captions(draft, captions[CAPTIONS["coco"]])

    def _corel5k(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        self._keywords(draft, "corel5k", sample.labels, KEYWORDS_MISSING)
        unnamed = {*self._labels["corel5k"].values()} & tables.UNNAMED
        _raise(draft.likely, {tag: self._unsaid[tag] for tag in unnamed})

    def _caltech(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        """One object a picture, mostly alone."""
        self._keywords(draft, "caltech", sample.labels, ONE_OBJECT)

    def _oasis(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        theme, category = str(sample.extra.get("theme")), str(sample.extra.get("category"))
        if category in ("person", "animal"):
            self._show(draft, category, 0.8)
        if theme in self._labels["oasis"]:
            self._keywords(draft, "oasis", [theme], KEYWORDS_MISSING)

    def _flickr8k(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        """Concepts that two captions share, and every word of the captions."""
        for label in sample.labels:
            self._show(draft, self._labels["flickr8k"][label])
        self._captions(draft, sample.extra.get("captions", ())[CAPTIONS["flickr8k"]])

    def _scenes(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        """One word a picture: the others of its own set are false, and what cannot be in such a place."""
        labels = self._labels["scenes"]
        shown = [labels[label] for label in sample.labels]
        own = {labels[word] for word in sample.judged or ()}
        if sample.extra.get("complete"):
            self._complete(draft, shown, own)
        near = {*self._beside(shown)}
        for tag in shown:
            self._show(draft, tag)
            _raise(draft.implied, tables.IMPLIED_BY_SCENE.get(tag, {}))
        _raise(draft.likely, {tag: OVERLAP if tag in near else 1.0 for tag in own})
        if not {*tables.ROOMS}.isdisjoint(shown):
            _raise(draft.likely, {tag: OTHER_ROOM for tag in tables.ROOMS if tag not in near | own})
        for tag in own & near:
            draft.implied.pop(tag, None)
        for words, impossible in tables.IMPOSSIBLE:
            if not {*words}.isdisjoint(shown):
                _raise(draft.sure, impossible)

    def _voc(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        """Complete for as many of the 20 classes as the dataset uses at all."""
        labels = self._labels["voc"]
        self._complete(draft, [labels[label] for label in sample.labels], [labels[label] for label in dataset.labels])

    def _sentibank(self, dataset: Dataset, sample: Sample, draft: _Draft) -> None:
        for noun in sample.extra.get("nouns", sample.labels):
            self._show(draft, self._lexicon.canonical(noun) or noun, NOISY)

    # ---- what they share

    def _show(self, draft: _Draft, tag: str, weight: float = 1.0) -> None:
        """The tag, the kinds above it and what it implies."""
        _raise(draft.shown, {tag: weight})
        for kind in self._kinds(tag):
            _raise(draft.shown, {kind: weight * tables.WEAK_KINDS.get((tag, kind), 1.0)})
        for name in (tag, *self._lexicon.kinds(tag)):
            implied = tables.IMPLIED.get(name, {})
            _raise(draft.implied, {other: weight * part for other, part in implied.items()})

    def _complete(self, draft: _Draft, shown: Iterable[str], judged: Iterable[str]) -> None:
        """Labels of a family that are all there: the rest of the family is false, and every tag below it."""
        for tag in shown:
            self._show(draft, tag)
        for tag in judged:
            if tag not in draft.shown:
                below = [each for each in self._below[tag] if each not in tables.OUTSIDE_FAMILY]
                _raise(draft.sure, dict.fromkeys((tag, *below), tables.SELDOM_LABELLED.get(tag, 1.0)))

    def _keywords(self, draft: _Draft, head: str, labels: Iterable[str], missing: float) -> None:
        """Labels that are true as far as they go; others of their kind are probably false, but not what is near."""
        for label in labels:
            self._show(draft, self._labels[head][label])
        draft.open.update(self._beside(draft.shown))
        _raise(draft.likely, dict.fromkeys({*self._labels[head].values()} - tables.UNNAMED, missing))

    def _captions(self, draft: _Draft, captions: Sequence[str]) -> None:
        """Tags that captions say, in whichever form; others are denied as far as they would have been said."""
        said = Counter(tag for caption in captions for tag in self.said(caption))
        for tag, count in said.items():
            if draft.sure.pop(tag, None) is None:  # else the two contradict each other
                self._show(draft, tag, 1.0 if count > 1 else self._said_once(tag))
            draft.open |= self._near.get(tag, set()) | {tag}
        draft.open.update(self._beside(draft.shown))
        _raise(draft.likely, {tag: weight for tag, weight in self._unsaid.items() if tag not in said})

    def _beside(self, tags: Iterable[str]) -> Iterator[str]:
        """What may be there with these tags or be called so; a kind of another among them adds nothing."""
        shown = {*tags}
        above = {kind for tag in shown for kind in self._lexicon.kinds(tag)}
        for tag in shown - above:
            yield from self._near.get(tag, ())
        yield from above

    def _said_once(self, tag: str) -> float:
        return BACKGROUND_SAID_ONCE if tag in tables.BACKGROUND | tables.PLACES else SAID_ONCE

    def said(self, caption: str) -> set[str]:
        """The names of the lexicon that a caption says: longest phrases first, one sense of each word."""
        words = _WORD.findall(caption.lower())
        found: set[str] = set()
        at = 0
        while at < len(words):
            for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
                part = words[at : at + length]
                if length > 1 and (min(map(len, part)) < _SHORTEST_PART + 1 or not self._lexicon.is_phrase(part)):
                    continue
                text = " ".join(part)
                if name := tables.READ_AS.get(text, self._lexicon.canonical(text)):
                    found.add(name)
                break
            at += length
        return found

    def _kinds(self, tag: str) -> tuple[str, ...]:
        """The kinds that are taught too.  A lion is a cat to the lexicon, but not to those who label cats."""
        kinds = [kind for kind in self._lexicon.kinds(tag) if kind in self._known]
        wild = "big cat" in (tag, *kinds)
        return tuple(kind for kind in kinds if not (wild and kind == "cat"))

    def _unsaid_weight(self, tag: str) -> float:
        if tag in tables.BACKGROUND:
            return UNSAID_BACKGROUND
        if tag in tables.PLACES:
            return UNSAID_PLACE
        small = tag in tables.SMALL or not tables.SMALL_KINDS.isdisjoint(self._lexicon.kinds(tag))
        return UNSAID_SMALL if small or tag in self._labels["coco"].values() else 1.0


def source_of(dataset: Dataset, voc: Iterable[str]) -> str | None:
    """Which rules hold for a dataset: those of its kind, or of the fields of its lines; None for none."""
    if dataset.kind in ("coco", "corel5k", "flickr8k", "scenes"):
        return dataset.kind
    fields = dataset.samples[0].extra if dataset.samples else {}
    for name, source in (("theme", "oasis"), ("origin", "caltech"), ("anp", "sentibank")):
        if name in fields:
            return source
    return "voc" if dataset.labels and {*dataset.labels} <= {*voc} else None
