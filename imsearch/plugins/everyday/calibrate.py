"""Calibrate logits to probabilities, and choose the confidence threshold.

Everything is fitted over the pairs of `Judged`: first a rule for each head on its own dataset, then one for each set of
heads that know a tag, then an offset for each tag.  Since all tags are on one scale, one threshold serves them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.checkpoint import Checkpoint, Head
from imsearch.plugins.everyday.corpus import LABELLED, Corpus
from imsearch.plugins.everyday.judged import Judged
from imsearch.plugins.everyday.network import IMAGENET, PHOTOS
from imsearch.plugins.everyday.tagging import Group, Tagger, Vocabulary, calibrated
from imsearch.training.fusion import Rule, fit_offset, fit_rule, pattern
from imsearch.training.metrics import calibration_error, mean_average_precision
from imsearch.training.probabilities import Floats, sigmoid
from imsearch.training.run import Reporter

_PLAIN = Rule((1.0,), 0.0)
ALONE = Rule((1.0,), -1.0)
"""For ImageNet's classes if no other head knows the tag.  Their probabilities are well calibrated on pictures of such
things, and too high on everything else (docs/everyday.md, ImageNet's kinds).
"""
_IMPORTANCE = 500.0
"""Total weight of the pairs of each dataset, in positives, so that the largest does not dominate."""
LEAST_PAIRS = 5
"""Minimum number of pairs for a rule for a set of heads, or for a tag to bound those below it."""
PRECISION = 0.8
"""Target precision of the tags just above the threshold, macro-averaged over all sets."""
LEAST_SHOWN, MOST_SHOWN = 0.45, 0.7
"""The range of the threshold.  Its lower end was chosen on COCO's held-out photos, where three of four objects shown
are right at .45 and fewer at .42, and on contact sheets, where a third of the wrong tags were below .5.
"""


def calibrate(
    plain: Checkpoint,
    corpus: Corpus,
    judged: Judged,
    known: Mapping[str, Sequence[Floats]],
    kind: Floats,
    say: Reporter,
) -> Checkpoint:
    """Return the checkpoint with calibrated heads, rules, offsets and the threshold.

    known: the evidence of each head ``(judged rows, labels)``; kind: ``(judged rows,)``; see
    `Seen`.
    """
    lexicon = Lexicon.load()
    heads = {
        name: Head(head.labels, _own_rule(name, corpus, judged, known[name])) for name, head in plain.heads.items()
    }
    for name, head in heads.items():
        say.note(f"{name}: logit = {_told(head.rule)}")
    vocabulary = Vocabulary({name: head.labels for name, head in heads.items()}, lexicon)
    logits = calibrated(heads, known)
    said = vocabulary.evidence(logits)
    rules = {pattern(group.heads): _rule(vocabulary, group, said, judged) for group in vocabulary.groups}
    for name, rule in rules.items():
        say.note(f"{name}: logit of a tag = {_told(rule)}")
    done = replace(plain, heads=heads, rules=rules)
    offsets = _offsets(Tagger(done, lexicon), logits, kind, judged)
    done = replace(done, offsets=offsets, trusted=_trusted(judged))
    tagger = Tagger(done, lexicon)
    probabilities = tagger.probabilities(logits, kind)
    threshold = _threshold(tagger.tags, probabilities, judged)
    ranks = {f"{name} mAP, fused": _ranking(name, corpus, judged, logits[name]) for name in LABELLED}
    here, there = judged.columns(tagger.tags)
    pairs = judged.weights[:, here] > 0
    error = calibration_error(judged.truth[:, here][pairs], probabilities[:, there][pairs], floor=0.1)
    say.note(", ".join(f"{name} {value:.4f}" for name, value in ranks.items()) + f", calibration error {error:.4f}")
    say.note(f"shown from {threshold:.3f}")
    figures = {**plain.figures, **ranks, "calibration error": error}
    return replace(done, threshold=threshold, hidden=_unjudged(vocabulary, judged), figures=figures)


def _told(rule: Rule) -> str:
    return " ".join(f"{weight:+.2f}" for weight in rule.weights) + f", offset {rule.offset:+.2f}"


def _own_rule(name: str, corpus: Corpus, judged: Judged, known: Sequence[Floats]) -> Rule:
    """Return the rule that calibrates a head on its own dataset; the identity for heads without one."""
    if name in (IMAGENET, PHOTOS):
        return _PLAIN
    rows = corpus.held[name]
    places = np.searchsorted(judged.rows, rows)
    evidence = np.stack([each[places].ravel() for each in known], axis=1).astype(np.float64)
    truth = corpus.targets[name][rows].ravel() >= 0.5
    return fit_rule(evidence, truth, np.ones(len(truth)), Rule((1.0,) * len(known), 0.0))


def _ranking(name: str, corpus: Corpus, judged: Judged, logits: Floats) -> float:
    """Return the mAP of a head's own words on its own held-out pictures."""
    rows = corpus.held[name]
    return mean_average_precision(corpus.targets[name][rows] >= 0.5, logits[np.searchsorted(judged.rows, rows)])


def _pairs(
    judged: Judged, tags: tuple[str, ...], values: Sequence[Floats]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return evidence ``(pairs, values)``, truth and weight of all judged pairs of these tags.

    values: ``(rows, tags)``.
    """
    here, there = judged.columns(tags)
    weights = judged.weights[:, here].astype(np.float64)
    truth = judged.truth[:, here]
    for number in np.unique(judged.sets):
        of_set = judged.sets == number
        positives = (weights[of_set] * truth[of_set]).sum()
        weights[of_set] *= min(_IMPORTANCE / max(positives, 1.0), 1.0)
    kept = weights > 0
    return (
        np.stack([value[:, there][kept] for value in values], axis=1).astype(np.float64),
        truth[kept],
        weights[kept],
    )


def _alone(vocabulary: Vocabulary, said: Mapping[str, Floats], head: str, judged: Judged) -> Rule:
    """Return the rule for one head's evidence about tags, fitted on all sets."""
    return fit_rule(*_pairs(judged, vocabulary.sources[head].tags, [said[head]]), _PLAIN)


def _rule(vocabulary: Vocabulary, group: Group, said: Mapping[str, Floats], judged: Judged) -> Rule:
    """Return the rule of a group of tags; with too few judged pairs, the mean of its heads' rules."""
    if group.heads == (IMAGENET,):
        return ALONE
    count = len(group.heads)
    alone = [_alone(vocabulary, said, name, judged) for name in group.heads]
    prior = Rule(tuple(rule.weights[0] / count for rule in alone), float(np.mean([rule.offset for rule in alone])))
    tags = tuple(vocabulary.tags[column] for column in group.columns)
    values = [said[name][:, members] for name, members in zip(group.heads, group.members, strict=True)]
    evidence, truth, importance = _pairs(judged, tags, values)
    return fit_rule(evidence, truth, importance, prior) if truth.sum() >= LEAST_PAIRS else prior


def _offsets(tagger: Tagger, logits: Mapping[str, Floats], kind: Floats, judged: Judged) -> dict[str, float]:
    """Return offsets to the logits of single tags on pictures that are not of the kind of the head `FAMILIAR`."""
    fused = tagger.logits(logits, np.full_like(kind, -np.inf))
    far = 1 - sigmoid(kind)
    found = {}
    for here, there in zip(*judged.columns(tagger.tags), strict=True):
        kept = judged.weights[:, here] > 0
        if judged.truth[kept, here].any():
            offset = fit_offset(fused[kept, there], judged.truth[kept, here], far[kept] * judged.weights[kept, here])
            found[judged.tags[here]] = round(offset, 3)
    return found


def _trusted(judged: Judged) -> tuple[str, ...]:
    """Return the tags with enough judged pairs."""
    positives = (judged.truth & (judged.weights > 0)).sum(axis=0)
    return tuple(tag for tag, count in zip(judged.tags, positives, strict=True) if count >= 4 * LEAST_PAIRS)


def _unjudged(vocabulary: Vocabulary, judged: Judged) -> tuple[str, ...]:
    """Return the tags with too few negative pairs: their false positive rate is unknown.

    Most are kinds that captions and keywords imply and do not name (clothes, vehicle).  A class that only ImageNet's
    classifier knows needs no pairs.
    """
    absent = (~judged.truth & (judged.weights > 0)).sum(axis=0)
    enough = {tag for tag, count in zip(judged.tags, absent, strict=True) if count >= LEAST_PAIRS}
    needing = (vocabulary.tags[c] for group in vocabulary.groups if group.heads != (IMAGENET,) for c in group.columns)
    return tuple(tag for tag in needing if tag not in enough)


def _threshold(tags: tuple[str, ...], probabilities: Floats, judged: Judged) -> float:
    """Return the lowest threshold with a precision of `PRECISION`."""
    values, truth, importance = _pairs(judged, tags, [probabilities])
    order = np.argsort(-values[:, 0], kind="stable")
    shown = np.cumsum(importance[order])
    precision = np.cumsum((importance * truth)[order]) / shown
    good = np.flatnonzero(precision >= PRECISION)
    least = values[order[good[-1]], 0] if len(good) else MOST_SHOWN
    return round(float(np.clip(least, LEAST_SHOWN, MOST_SHOWN)), 3)
