"""The tags that annotators are most in doubt about, where the user's answers are most informative.

An annotator is in doubt where a probability is near its confidence threshold for the tag.  Runs store the thresholds in
the catalog.  For annotators that have not run since, they are estimated: they lie between the likeliest tag that is not
shown and the unlikeliest that is.  Near means a small ratio of odds, so that .02 is as far from .01 as .98 is from .99.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.engine.review.doubts import MOST, Heard, Said, by_name, doubt, in_turn
from imsearch.engine.review.renaming import existing
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.changes import Doubt
from imsearch.engine.stores.pieces import pieces
from imsearch.engine.stores.tag_names import TagNames
from imsearch.engine.words.knowledge import Lexicon
from imsearch.specs import AnnotatorSpec

_CONFIRMED_AT_ONCE = 40


class _Candidate(NamedTuple):
    image: int
    name: str
    probability: float
    threshold: float


class _Near(NamedTuple):
    """Tags close to their thresholds, by image; names: the ids of their current names; order: by name and doubt."""

    images: NDArray[np.int64]
    names: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    doubts: NDArray[np.float64]
    order: NDArray[np.int64]


class Thresholds:
    """The tags that installed plugins never show; used while the catalog has no thresholds of an annotator."""

    def __init__(self, specs: Iterable[AnnotatorSpec] = ()) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self.state = tuple(sorted((spec.name, spec.version) for spec in self._specs.values()))

    def hides(self, annotator: str, tag: str) -> bool | None:
        """Return True if an annotator never shows a tag, whatever its probability; None if that is unknown."""
        spec = self._specs.get(annotator)
        return None if spec is None else spec.hides(tag)


class Review:
    """Finds the doubtful tags of a library; caches the annotators' tags.  Several threads may use one instance."""

    def __init__(self, catalog: CatalogReading, lexicon: Lexicon) -> None:
        self._catalog = catalog
        self._lexicon = lexicon
        self._said = Said(catalog)
        self._known: tuple[object, _Near] | None = None

    def doubts(
        self,
        word: str = "",
        limit: int = 20,
        patience: float | None = None,
        thresholds: Thresholds | None = None,
    ) -> list[Doubt]:
        """Return the most doubtful tags of the library, or of one tag, that the user has not judged yet.

        The most doubtful picture of every tag comes first, then the second ones, and so on.  Tags that are never shown
        are not asked about.  patience: seconds after which those found so far are returned, beginning with the newest
        pictures; each call finds more.  thresholds: say which tags are never shown if the catalog has no thresholds of
        an annotator; if they do not know it either, only tags shown on some picture are asked about.  Raises
        `ImsearchError` for a tag that the library does not have.
        """
        tags, judged, current = self._now()
        name = existing(tags, self._lexicon, self._lexicon.normalize(word)) if word else ""
        near = self._near(self._said.read(patience), tags, current, thresholds)
        own = tags.id(tags.name(name)) if name else None
        return list(islice(_confirmed(self._catalog, _candidates(near, tags, own, judged)), limit))

    def judged(self, word: str = "", thresholds: Thresholds | None = None) -> int:
        """Return how many of the doubtful tags, or of this one, the user has judged already."""
        tags, judged, current = self._now()
        name = existing(tags, self._lexicon, self._lexicon.normalize(word)) if word else ""
        near = self._near(self._said.read(), tags, current, thresholds)
        names = near.names[_among(near, judged)]
        return int(np.count_nonzero(names == tags.id(tags.name(name))) if name else len(names))

    def never_asked(self, word: str, thresholds: Thresholds | None = None) -> bool:
        """Return True if annotators return this tag for pictures, and none of them ever shows it."""
        tags, _, current = self._now()
        ids = tags.ids_of(tags.name(existing(tags, self._lexicon, self._lexicon.normalize(word))))
        heard = self._said.read()
        said = np.isin(heard.tags, ids) & np.isin(heard.annotators, list(current))
        return bool(said.any() and not _asked(heard, tags, current, thresholds)[said].any())

    def names(self, limit: int = 20, patience: float | None = None, thresholds: Thresholds | None = None) -> list[str]:
        """Return the tags in doubt on most pictures, without those that the user has judged."""
        tags, judged, current = self._now()
        near = self._near(self._said.read(patience), tags, current, thresholds)
        names, counts = np.unique(near.names[~_among(near, judged)], return_counts=True)
        return [tags.spelled(name) for name in names[np.lexsort((names, -counts))][:limit].tolist()]

    def _now(self) -> tuple[TagNames, set[tuple[int, int]], Mapping[int, str]]:
        """Return all tags; image and name of those that the user has judged, to be computed once; and the annotators
        whose tags count."""
        tags, judged, annotators = self._catalog.judgement()
        return tags, {(image, tag) for image, tag in judged if tag not in tags.aliases}, annotators

    def _near(self, heard: Heard, tags: TagNames, current: Mapping[int, str], thresholds: Thresholds | None) -> _Near:
        state = heard.version, tuple(tags.aliases.items()), tuple(current), thresholds and thresholds.state
        known = self._known
        if known is None or known[0] != state:
            known = self._known = state, _near(heard, tags, current, thresholds)
        return known[1]


def _near(heard: Heard, tags: TagNames, current: Mapping[int, str], specs: Thresholds | None) -> _Near:
    keys, probabilities = heard.rows["key"], heard.rows["probability"]
    thresholds = heard.thresholds[keys]
    doubts = doubt(probabilities, thresholds)
    near = (doubts <= MOST) & _asked(heard, tags, current, specs)[keys]
    names = np.array([tags.aliases.get(tag, tag) for tag in heard.tags.tolist()], np.int64)[keys[near]]
    order = by_name(names, doubts[near])
    return _Near(heard.rows["image"][near], names, probabilities[near], thresholds[near], doubts[near], order)


def _asked(heard: Heard, tags: TagNames, current: Mapping[int, str], specs: Thresholds | None) -> NDArray[np.bool_]:
    """Return a mask of the keys to ask about: the annotator's tags count, and it does not hide this one.

    The name that matters is the one the annotator uses, whatever the user calls the tag.
    """
    asked = np.isin(heard.annotators, list(current)) & (heard.thresholds <= 1)
    if specs is None:
        return asked
    for key in np.flatnonzero(asked & ~heard.known).tolist():
        hidden = specs.hides(current[int(heard.annotators[key])], tags.spelled(int(heard.tags[key])))
        asked[key] = heard.shown[key] if hidden is None else not hidden
    return asked


def _candidates(near: _Near, tags: TagNames, own: int | None, judged: set[tuple[int, int]]) -> Iterator[_Candidate]:
    """Return the doubtful tags in the order of questions; own: only this name."""
    if own is None:
        places = in_turn(near.names, near.doubts, near.order)
    else:
        begin, end = np.searchsorted(near.names, [own, own + 1], sorter=near.order)
        places = iter(near.order[begin:end].tolist())
    for place in places:
        image, name = int(near.images[place]), int(near.names[place])
        if (image, name) not in judged:
            probability, threshold = float(near.probabilities[place]), float(near.thresholds[place])
            yield _Candidate(image, tags.spelled(name), probability, threshold)


def _confirmed(catalog: CatalogReading, candidates: Iterator[_Candidate]) -> Iterator[Doubt]:
    """Return those still in doubt: neither judged by the user, nor certain for another annotator."""
    for piece in pieces(candidates, _CONFIRMED_AT_ONCE):
        ids = {each.image for each in piece}
        images, tags, verdicts = catalog.images(ids), catalog.tags_of(ids), catalog.verdicts_of(ids)
        for each in piece:
            tag = next((tag for tag in tags[each.image] if tag.name == each.name), None)
            judged = each.name in verdicts.get(each.image, {})
            if tag and each.image in images and not judged and tag.probability == each.probability:
                yield Doubt(images[each.image], tag, each.threshold)


def _among(near: _Near, judged: set[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return a mask of those that the user has judged."""
    pairs = np.array(sorted(judged), np.int64).reshape(-1, 2)
    factor = max(near.names.max(initial=0), pairs[:, 1].max(initial=0)) + 1
    return np.isin(near.images * factor + near.names, pairs[:, 0] * factor + pairs[:, 1])
