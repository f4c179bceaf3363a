"""The evidence for tags in each labelled picture, used to train the head `photos`.

Datasets differ in what a missing label means.  COCO's 80 objects are exhaustive; a scene picture has one word, and only
the other words of its own set are certainly false; keywords and captions leave out much of what is there.  So for each
picture some tags are present, some absent, and the rest unknown, each with a weight.
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
"""The label tables of the lexicon whose tags are trained; their order is that of the tags."""
CAPTIONS = {"flickr8k": slice(0, 4), "coco": slice(1, 4)}
"""The captions in use.  Flickr8k's fifth, COCO's first and fifth are for evaluating search, and not for training."""
KEYWORDS_MISSING = 0.3
"""Corel5k's labels are incomplete: the weight of a missing one."""
BACKGROUND_SAID_ONCE = 0.9
"""Instead of `SAID_ONCE`, for sky, grass, street: nobody makes up what is mostly left unnamed."""
UNSAID_PLACE, UNSAID_SMALL, UNSAID_BACKGROUND = 0.3, 0.1, 0.05
"""Weight of absences from captions and keywords, for tags often left unnamed, and mostly left unnamed.

At zero these words would have no negatives in the set, and the set itself became the cue.
"""
ONE_OBJECT = 0.5
"""Weight of a picture of one object as evidence against other objects."""
OTHER_ROOM = 0.8
"""Weight of a kitchen as evidence against a bathroom if its own set has none."""
OVERLAP = 0.3
"""Weight of the word of a scene as evidence against another of its set that may well be true too (street, building)."""
NOISY = 0.8
"""SentiBank's nouns come from search words."""
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_LONGEST_PHRASE = 3
_SHORTEST_PART = 3
"""Minimum letters of each word of a phrase: "past a" is no pasta."""


class Sources:
    """Evidence for the tags of the photos head, from every set that names some of them.

    tags: those that can be trained, in the head's order.
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
        """Return the evidence in one picture of a dataset; none if the dataset is of an unknown kind."""
        draft = Draft()
        source = source_of(dataset, self._labels)
        if source is not None:
            self._readers[source](dataset, sample, draft)
        return draft.evidence(self._known)

    def targets(self, rows: Sequence[tuple[Dataset, Sample]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the evidence of all pictures as two arrays ``(rows, tags)``.

        First the probability that a tag is present, then its weight (0: unknown).
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

    # ---- one method per source

    def _coco(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """Add all 80 objects; for some pictures all stuff, or captions."""
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
        """Add one object per picture, mostly alone."""
        self._keywords(draft, "caltech", self._meant("caltech", sample), ONE_OBJECT)

    def _oasis(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        theme, category = str(sample.extra.get("theme")), str(sample.extra.get("category"))
        if category in ("person", "animal"):
            self._show(draft, category, 0.8)
        if theme in self._labels["oasis"]:
            self._keywords(draft, "oasis", [self._labels["oasis"][theme]], KEYWORDS_MISSING)

    def _flickr8k(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """Add concepts that two captions share, and every word of the captions."""
        for tag in self._meant("flickr8k", sample):
            self._show(draft, tag)
        self._captions(draft, sample.extra.get("captions", ())[CAPTIONS["flickr8k"]])

    def _scenes(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        """Add one word per picture: the others of its own set are absent, as is what cannot be in such a place."""
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
        """Add labels, which are exhaustive for those of the 20 classes that the dataset uses at all."""
        labels = self._labels["voc"]
        self._complete(draft, self._meant("voc", sample), [labels[label] for label in dataset.labels])

    def _sentibank(self, dataset: Dataset, sample: Sample, draft: Draft) -> None:
        for noun in sample.extra.get("nouns", sample.labels):
            self._show(draft, self._lexicon.canonical(noun) or noun, NOISY)

    # ---- shared by several sources

    def _meant(self, head: str, sample: Sample) -> list[str]:
        """Return the tags of the sample's labels."""
        unknown = [label for label in sample.labels if label not in self._labels[head]]
        if unknown:
            raise DatasetError(
                f"{sample.place or sample.file} has the label {unknown[0]!r}, which the lexicon does not list for "
                f"{head}. Is it another dataset, or does the lexicon need building again?"
            )
        return [self._labels[head][label] for label in sample.labels]

    def _show(self, draft: Draft, tag: str, weight: float = 1.0) -> None:
        """Add the tag, the kinds above it and what it implies."""
        raise_to(draft.shown, {tag: weight})
        for kind in self._kinds(tag):
            raise_to(draft.shown, {kind: weight * tables.WEAK_KINDS.get((tag, kind), 1.0)})
        for name in (tag, *self._lexicon.kinds(tag)):
            implied = tables.IMPLIED.get(name, {})
            raise_to(draft.implied, {other: weight * part for other, part in implied.items()})

    def _complete(self, draft: Draft, shown: Iterable[str], judged: Iterable[str]) -> None:
        """Add exhaustive labels of a family: the rest of the family is absent, and every tag below it."""
        for tag in shown:
            self._show(draft, tag)
        for tag in judged:
            if tag not in draft.shown:
                below = [each for each in self._below[tag] if each not in tables.OUTSIDE_FAMILY]
                raise_to(draft.sure, dict.fromkeys((tag, *below), tables.SELDOM_LABELLED.get(tag, 1.0)))

    def _keywords(self, draft: Draft, head: str, shown: Iterable[str], missing: float) -> None:
        """Add labels that are true but incomplete; others of their kind are probably absent, less so similar ones."""
        for tag in shown:
            self._show(draft, tag)
        draft.open.update(self._beside(draft.shown))
        raise_to(draft.likely, dict.fromkeys({*self._labels[head].values()} - tables.UNNAMED, missing))

    def _captions(self, draft: Draft, captions: Sequence[str]) -> None:
        """Add tags in captions, in any form; others are absent with the weight of being left unnamed."""
        said = Counter(tag for caption in captions for tag in self.said(caption))
        for tag, count in said.items():
            if draft.sure.pop(tag, None) is None:  # else the two contradict each other
                self._show(draft, tag, 1.0 if count > 1 else self._said_once(tag))
                draft.once.update({tag} if count == 1 and tag in draft.shown else ())
            draft.open |= self._near.get(tag, set()) | {tag}
        draft.open.update(self._beside(draft.shown))
        raise_to(draft.likely, {tag: weight for tag, weight in self._unsaid.items() if tag not in said})

    def _beside(self, tags: Iterable[str]) -> Iterator[str]:
        """Yield tags that may accompany these tags or be synonyms; a kind of another among them adds nothing."""
        shown = {*tags}
        above = {kind for tag in shown for kind in self._lexicon.kinds(tag)}
        for tag in shown - above:
            yield from self._near.get(tag, ())
        yield from above

    def _said_once(self, tag: str) -> float:
        return BACKGROUND_SAID_ONCE if tag in tables.BACKGROUND | tables.PLACES else SAID_ONCE

    def said(self, caption: str) -> set[str]:
        """Return the names of the lexicon in a caption: longest phrases first, one sense of each word."""
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
        """Return the kinds that are trained too.  A lion is a cat in the lexicon, but not to annotators of cats."""
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
    """Return the rules for a dataset: those of its kind, or those that its lines and labels match; None for none.

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
