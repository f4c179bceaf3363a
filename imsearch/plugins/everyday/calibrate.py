"""Turns logits into probabilities that mean what they say, and chooses which are worth showing.

Everything is fitted over pairs of a held-back picture and a tag that the picture's dataset labels.  A pair also judges
heads that learned the tag from other datasets: a user's photos are not the head's own either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imsearch.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import Checkpoint, Head
from imsearch.plugins.everyday.corpus import LABELLED, Corpus
from imsearch.plugins.everyday.network import IMAGENET
from imsearch.plugins.everyday.tagging import Group, Tagger, Vocabulary, calibrated
from imsearch.plugins.everyday.thresholds import choose_thresholds
from imsearch.training.datasets import label_matrix
from imsearch.training.fusion import Rule, fit_rule, halfway, pattern
from imsearch.training.metrics import calibration_error, mean_average_precision
from imsearch.training.probabilities import Floats
from imsearch.training.run import Reporter

Bools = NDArray[np.bool_]
_PLAIN = Rule((1.0,), 0.0)
_IMPORTANCE = 500.0
"""The pairs of each dataset count together as this many positives, so that the largest does not decide alone."""


@dataclass(frozen=True)
class Judged:
    """Held-back pictures of one dataset: their positions among the held rows, the tags labelled there, the truth."""

    name: str
    rows: NDArray[np.intp]
    tags: tuple[str, ...]
    truth: Bools

    def pairs(self, tags: Sequence[str], values: Floats) -> tuple[Floats, Bools]:
        """Values and truths of all pairs of these pictures with the tags that both know; `values` ``(rows, tags)``."""
        column = {tag: index for index, tag in enumerate(tags)}
        shared = [(index, column[tag]) for index, tag in enumerate(self.tags) if tag in column]
        theirs, ours = np.array(shared, dtype=np.intp).reshape(-1, 2).T
        return values[np.ix_(self.rows, ours)].ravel(), self.truth[:, theirs].ravel()


def judged_sets(corpus: Corpus, held: NDArray[np.intp], lexicon: Lexicon) -> list[Judged]:
    """What the held-back pictures say about tags, dataset by dataset."""
    position = {int(row): index for index, row in enumerate(held)}
    sets = []
    for name in LABELLED:
        names = lexicon.labels(name)
        rows = corpus.held[name]
        true_labels = corpus.targets[name][rows] >= 0.5
        words = [[names[corpus.labels[name][i]] for i in np.flatnonzero(row)] for row in true_labels]
        tags = tuple(dict.fromkeys(names.values()))
        places = np.array([position[int(row)] for row in rows], dtype=np.intp)
        sets.append(Judged(name, places, tags, label_matrix(words, tags)))
    return sets


def calibrate(
    plain: Checkpoint, corpus: Corpus, held: NDArray[np.intp], known: Mapping[str, Sequence[Floats]], say: Reporter
) -> Checkpoint:
    """The checkpoint with calibrated heads, rules and thresholds.

    known: of each head the pieces of evidence ``(held, labels)`` on the rows `held`, which ascend; see
    `gather_evidence`.
    """
    lexicon = Lexicon.load()
    heads = {name: Head(head.labels, _own_rule(name, corpus, held, known[name])) for name, head in plain.heads.items()}
    for name, head in heads.items():
        say.note(f"{name}: logit = {_told(head.rule)}")
    sets = judged_sets(corpus, held, lexicon)
    vocabulary = Vocabulary({name: head.labels for name, head in plain.heads.items()}, lexicon)
    logits = calibrated(heads, known)
    said = vocabulary.evidence(logits)
    rules = {pattern(group.heads): _rule(vocabulary, group, said, sets) for group in vocabulary.groups}
    for name, rule in rules.items():
        say.note(f"{name}: logit of a tag = {_told(rule)}")
    done = replace(plain, heads=heads, rules=rules)
    probabilities = Tagger(done, lexicon).probabilities(logits)
    pairs = {judged.name: judged.pairs(vocabulary.tags, probabilities) for judged in sets}
    errors = {f"calibration error, {k}": calibration_error(t, p, floor=0.1) for k, (p, t) in pairs.items()}
    ranks = {f"{name} mAP, with memory": _ranking(name, corpus, held, logits[name]) for name in LABELLED}
    say.note(", ".join(f"{name} {value:.4f}" for name, value in {**ranks, **errors}.items()))
    common, thresholds = choose_thresholds(sets, vocabulary.tags, probabilities)
    say.note(f"shown from {common:.2f}; {len(thresholds)} tags have a threshold of their own")
    return replace(done, threshold=common, thresholds=thresholds, figures={**plain.figures, **ranks, **errors})


def _told(rule: Rule) -> str:
    return " ".join(f"{weight:+.2f}" for weight in rule.weights) + f", offset {rule.offset:+.2f}"


def _own_rule(name: str, corpus: Corpus, held: NDArray[np.intp], known: Sequence[Floats]) -> Rule:
    """What makes probabilities of a head's own labels on its own dataset; nothing for ``imagenet``."""
    if name == IMAGENET:
        return _PLAIN
    position = {int(row): index for index, row in enumerate(held)}
    rows = corpus.held[name]
    places = [position[int(row)] for row in rows]
    evidence = np.stack([each[places].ravel() for each in known], axis=1).astype(np.float64)
    truth = corpus.targets[name][rows].ravel() >= 0.5
    return fit_rule(evidence, truth, np.ones(len(truth)), Rule((1.0,) * len(known), 0.0))


def _ranking(name: str, corpus: Corpus, held: NDArray[np.intp], logits: Floats) -> float:
    """mAP over a head's own words on its own held-back pictures."""
    rows = corpus.held[name]
    return mean_average_precision(corpus.targets[name][rows] >= 0.5, logits[np.searchsorted(held, rows)])


def _alone(vocabulary: Vocabulary, said: Mapping[str, Floats], head: str, sets: Sequence[Judged]) -> Rule:
    """What one head's evidence about tags is worth on these sets."""
    pairs = [judged.pairs(vocabulary.sources[head].tags, said[head]) for judged in sets]
    values, truth = (np.concatenate(several) for several in zip(*pairs, strict=True))
    return fit_rule(values[:, None].astype(np.float64), truth, np.ones(len(truth)), _PLAIN)


def _rule(vocabulary: Vocabulary, group: Group, said: Mapping[str, Floats], sets: Sequence[Judged]) -> Rule:
    """The rule of a group of tags; where no dataset judges any of them, the mean of what the heads are worth.

    ImageNet's probabilities are believed as they are where nobody else knows the tag (docs/everyday.md shows how far
    they can be): a rule fitted on the few tags that others judge would be one for words it only half covers.
    """
    if group.heads == (IMAGENET,):
        return _PLAIN
    count = len(group.heads)
    alone = [_alone(vocabulary, said, name, sets) for name in group.heads]
    prior = Rule(tuple(rule.weights[0] / count for rule in alone), float(np.mean([rule.offset for rule in alone])))
    tags = [vocabulary.tags[column] for column in group.columns]
    values = [said[name][:, members] for name, members in zip(group.heads, group.members, strict=True)]
    parts = []
    for judged in sets:
        several = [judged.pairs(tags, each) for each in values]
        truth = several[0][1]
        weight = np.full(len(truth), _IMPORTANCE / max(int(judged.truth.sum()), 1))
        parts.append((np.stack([pair[0] for pair in several], axis=1).astype(np.float64), truth, weight))
    judges = [judged.name for judged, part in zip(sets, parts, strict=True) if len(part[1])]
    if not judges:
        return prior
    evidence, truth, importance = (np.concatenate(several) for several in zip(*parts, strict=True))
    rule = fit_rule(evidence, truth, importance, prior)
    return halfway(rule, *_abroad(vocabulary, said, sets, judges[0])) if len(judges) == 1 else rule


def _abroad(
    vocabulary: Vocabulary, said: Mapping[str, Floats], sets: Sequence[Judged], head: str
) -> tuple[float, float]:
    """Slope and offset that a head's calibrated logits need on the pictures of other datasets.

    Found on the tags that are judged there.  Tags judged on the head's own dataset alone look better calibrated there
    than they are elsewhere.
    """
    there = _alone(vocabulary, said, head, [judged for judged in sets if judged.name != head])
    return min(there.weights[0], 1.0), min(there.offset, 0.0)
