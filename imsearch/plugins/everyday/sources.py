"""What each labelled picture says about which tag: the evidence that the head `photos` learns from.

Datasets differ in what a missing label means.  COCO's 80 objects are complete; a scene picture has one word, and only
the other words of its own set are surely false; keywords and captions leave out much of what is there.  So a picture
says of some tags that they are there, of some that they are not, and of the rest nothing, each with a weight.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday import source_tables as tables
from imsearch.plugins.everyday.evidence import SAID_ONCE, Draft, Evidence, raise_to
from imsearch.training.data.datasets import Dataset, Sample
from imsearch.training.data.scene_sets import stuff_open, stuff_shown

HEADS = ("corel5k", "flickr8k", "coco", "stuff", "scenes", "oasis", "caltech", "voc", "captions")
"""The label tables of the lexicon whose tags are taught; their order is that of the tags."""
CAPTIONS = {"flickr8k": slice(0, 4), "coco": slice(1, 4)}
"""Which captions are read.  Flickr8k's fifth, COCO's first and fifth judge search, and teach nothing."""
KEYWORDS_MISSING = 0.3
"""Corel5k's labels are incomplete: how far a missing one is believed."""
BACKGROUND_SAID_ONCE = 0.9
"""Instead of `SAID_ONCE`, for sky, grass, street: nobody makes up what is mostly left unsaid."""
UNSAID_PLACE, UNSAID_SMALL, UNSAID_BACKGROUND = 0.3, 0.1, 0.05
"""How far the silence of captions and keywords denies what is often left unsaid, and what mostly is.

Not at all would leave these words without any picture of the set to hold against: the set itself became the cue."""
ONE_OBJECT = 0.5
"""How far a picture of one object denies other objects."""
OTHER_ROOM = 0.8
"""How far a kitchen is no bathroom where its own set has none."""
OVERLAP = 0.3
"""How far the word of a scene denies another of its set that may well be true too (street, building)."""
NOISY = 0.8
"""SentiBank's nouns come from search words."""
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_LONGEST_PHRASE = 3
_SHORTEST_PART = 3
"""Letters of each word of a phrase: "past a" is no pasta."""


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
        self._readers: dict[str, Callable[[Dataset, Sample, Draft], None]] = {
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
        draft = Draft()
        source = source_of(dataset, self._labels)
        if source is not None:
            self._readers[source](dataset, sample, draft)
        return draft.evidence(self._known)

    def targets(self, rows: Sequence[tuple[Dataset, Sample]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The evidence of all pictures as two arrays ``(rows, tags)``.

        First the probability that a tag is there, then how far that is believed (0: unknown).
        """
        column = {tag: index for index, tag in enumerate(self.tags)}
        there = np.zeros((len(rows), len(self.tags)), dtype=np.float32)
        weights = np.zeros(there.shape, dtype=np.float32)
        for row, (dataset, sample) in enumerate(rows):
            found = self.evidence(dataset, sample)
            shown, denied = [column[tag] for tag in found.present], [column[tag] for tag in found.absent]
            there[row, shown], weights[row, shown] = 1, list(found.present.values())
            doubtful = [column[tag] for tag in found.doubtful]
            there[row, doubtful], weights[row, doubtful] = SAID_ONCE, 1
            weights[row, denied] = list(found.absent.values())
        return there, weights

    # ---- one method a source

    def _coco(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """All 80 objects; on some pictures all stuff, or captions."""
        names = self._labels["stuff"]
        self._complete(draft, self._meant("coco", sample), self._labels["coco"].values())
        if (stuff := sample.extra.get("stuff_labels")) is not None:
            shown = stuff_shown(stuff, sample.labels, names)
            self._complete(draft, shown, {*names.values(), "plant"} - stuff_open(shown))
        if captions := sample.extra.get("captions"):
            self._captions(draft, captions[CAPTIONS["coco"]])

    def _corel5k(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        self._keywords(draft, "corel5k", self._meant("corel5k", sample), KEYWORDS_MISSING)
        unnamed = {*self._labels["corel5k"].values()} & tables.UNNAMED
        raise_to(draft.likely, {tag: self._unsaid[tag] for tag in unnamed})
        raise_to(draft.sure, dict.fromkeys(tables.NOT_ON_COREL, 1.0))

    def _caltech(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """One object a picture, mostly alone."""
        self._keywords(draft, "caltech", self._meant("caltech", sample), ONE_OBJECT)

    def _oasis(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        theme, category = str(sample.extra.get("theme")), str(sample.extra.get("category"))
        if category in ("person", "animal"):
            self._show(draft, category, 0.8)
        if theme in self._labels["oasis"]:
            self._keywords(draft, "oasis", [self._labels["oasis"][theme]], KEYWORDS_MISSING)

    def _flickr8k(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """Concepts that two captions share, and every word of the captions."""
        for tag in self._meant("flickr8k", sample):
            self._show(draft, tag)
        self._captions(draft, sample.extra.get("captions", ())[CAPTIONS["flickr8k"]])

    def _scenes(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """One word a picture: the others of its own set are false, and what cannot be in such a place."""
        labels = self._labels["scenes"]
        shown = self._meant("scenes", sample)
        own = {labels[word] for word in sample.judged or ()}
        if sample.extra.get("complete"):
            self._complete(draft, shown, own)
        near = {*self._beside(shown)}
        for tag in shown:
            self._show(draft, tag)
            raise_to(draft.implied, tables.IMPLIED_BY_SCENE.get(tag, {}))
        raise_to(draft.likely, {tag: OVERLAP if tag in near else 1.0 for tag in own})
        if not {*tables.ROOMS}.isdisjoint(shown):
            raise_to(draft.likely, {tag: OTHER_ROOM for tag in tables.ROOMS if tag not in near | own})
        for tag in own & near:
            draft.implied.pop(tag, None)
        for words, impossible in tables.IMPOSSIBLE:
            if not {*words}.isdisjoint(shown):
                raise_to(draft.sure, impossible)

    def _voc(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """Complete for as many of the 20 classes as the dataset uses at all."""
        labels = self._labels["voc"]
        self._complete(draft, self._meant("voc", sample), [labels[label] for label in dataset.labels])

    def _sentibank(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        for noun in sample.extra.get("nouns", sample.labels):
            self._show(draft, self._lexicon.canonical(noun) or noun, NOISY)

    # ---- what they share

    def _meant(self, head: str, sample: Sample) -> list[str]:
        """The tags of the sample's labels."""
        unknown = [label for label in sample.labels if label not in self._labels[head]]
        if unknown:
            raise DatasetError(
                f"{sample.place or sample.file} has the label {unknown[0]!r}, which the lexicon does not list for "
                f"{head}. Is it another dataset, or does the lexicon need building again?"
            )
        return [self._labels[head][label] for label in sample.labels]

    def _show(self, draft: Draft, tag: str, weight: float = 1.0) -> None:
        """The tag, the kinds above it and what it implies."""
        raise_to(draft.shown, {tag: weight})
        for kind in self._kinds(tag):
            raise_to(draft.shown, {kind: weight * tables.WEAK_KINDS.get((tag, kind), 1.0)})
        for name in (tag, *self._lexicon.kinds(tag)):
            implied = tables.IMPLIED.get(name, {})
            raise_to(draft.implied, {other: weight * part for other, part in implied.items()})

    def _complete(self, draft: Draft, shown: Iterable[str], judged: Iterable[str]) -> None:
        """Labels of a family that are all there: the rest of the family is false, and every tag below it."""
        for tag in shown:
            self._show(draft, tag)
        for tag in judged:
            if tag not in draft.shown:
                below = [each for each in self._below[tag] if each not in tables.OUTSIDE_FAMILY]
                raise_to(draft.sure, dict.fromkeys((tag, *below), tables.SELDOM_LABELLED.get(tag, 1.0)))

    def _keywords(self, draft: Draft, head: str, shown: Iterable[str], missing: float) -> None:
        """Labels that are true as far as they go; others of their kind are probably false, less so what is near."""
        for tag in shown:
            self._show(draft, tag)
        draft.open.update(self._beside(draft.shown))
        raise_to(draft.likely, dict.fromkeys({*self._labels[head].values()} - tables.UNNAMED, missing))

    def _captions(self, draft: Draft, captions: Sequence[str]) -> None:
        """Tags that captions say, in whichever form; others are denied as far as they would have been said."""
        said = Counter(tag for caption in captions for tag in self.said(caption))
        for tag, count in said.items():
            if draft.sure.pop(tag, None) is None:  # else the two contradict each other
                self._show(draft, tag, 1.0 if count > 1 else self._said_once(tag))
                draft.once.update({tag} if count == 1 and tag in draft.shown else ())
            draft.open |= self._near.get(tag, set()) | {tag}
        draft.open.update(self._beside(draft.shown))
        raise_to(draft.likely, {tag: weight for tag, weight in self._unsaid.items() if tag not in said})

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
                if length > 1 and (min(map(len, part)) < _SHORTEST_PART or not self._lexicon.is_phrase(part)):
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
        if "animal" in (tag, *self._lexicon.kinds(tag)):
            return 1.0  # nobody describes a picture and leaves out its animal
        if tag in tables.BACKGROUND:
            return UNSAID_BACKGROUND
        if tag in tables.PLACES:
            return UNSAID_PLACE
        small = tag in tables.SMALL or not tables.SMALL_KINDS.isdisjoint(self._lexicon.kinds(tag))
        return UNSAID_SMALL if small or tag in self._labels["coco"].values() else 1.0


def source_of(dataset: Dataset, labels: Mapping[str, Mapping[str, str]]) -> str | None:
    """Which rules hold for a dataset: those of its kind, or those its lines and labels look like; None for none.

    labels: the label tables of the lexicon.
    """
    if dataset.kind in ("coco", "corel5k", "flickr8k", "scenes"):
        return dataset.kind
    fields = dataset.samples[0].extra if dataset.samples else {}
    for name, source in (("theme", "oasis"), ("anp", "sentibank")):
        if name in fields:
            return source
    used = {*dataset.labels}
    if used and "origin" in fields and used <= {*labels["caltech"]}:
        return "caltech"
    return "voc" if used and used <= {*labels["voc"]} else None
