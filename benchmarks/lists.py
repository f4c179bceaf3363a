"""Lists that words bring by default: precision, recall and F1, by how a list ends.

    python -m benchmarks.lists --data DATA [--library FOLDER] [--only ends|halves|pairs|words] [--word WORD]...

Captions: the 1,000 pictures of Flickr8k's dev split; the words that captions of at least ten of them say, and pairs of
them.  Objects: the pictures of coco_mini that `everyday` holds back; its labels.  Both are indexed once; `--library`
keeps them for the next time.  Words in the names of files do not count.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report
from imsearch.engine.search.cut import Cut, Ending, FixedCut, ShareCut
from imsearch.evaluation.lists import (
    Asked,
    ListScores,
    ask,
    best_listed,
    caption_truth,
    halves,
    judge_lists,
    label_truth,
)
from imsearch.evaluation.search_quality import PICTURES_ONLY
from imsearch.languages.lexicon import Lexicon
from imsearch.library import Library
from imsearch.plugins.everyday.corpus import HELD_ONE_IN
from imsearch.settings import Settings
from imsearch.training.data.datasets import Sample, hold_out, load_dataset

LEAST = 10
"""Pictures whose captions say a word."""
PAIRS = 1500
"""So many pairs of words are drawn."""
OLD, NOW = ShareCut(), Cut()
ENDS: Mapping[str, Ending] = {
    "0.6 of the best, 0.05 to 0.3": OLD,
    "fixed 0.2": FixedCut(0.2),
    **{f"F1, power {power}": replace(NOW, power=power) for power in (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0, 1.3)},
    **{f"F1, at most {most}": replace(NOW, most=most) for most in (0.3, 0.4)},
    **{f"F1, at least {least}": replace(NOW, least=least) for least in (0.02, 0.1)},
}
GIVEN_UP = 0.02
"""So much precision of objects may be lost against `OLD` by a way to end lists that is chosen."""
NO_END = FixedCut(math.inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="keep the two libraries in this folder, or use those there")
    parser.add_argument("--only", choices=("ends", "halves", "pairs", "words"), action="append")
    parser.add_argument("--word", action="append", default=[], help="print the figures of this word")
    options = parser.parse_args()
    only = options.only or (["words"] if options.word else ["ends", "halves", "pairs"])
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        captions, objects, pairs = _asked(options.data, options.library or Path(folder))
    if "ends" in only:
        parts = dict(zip(("F1 shown", "F1 ranking only"), map(captions.choose, _by_tag(captions.words)), strict=True))
        report(f"captions: {len(captions.words)} words", ends(captions, parts), False)
        report(f"objects: {len(objects.words)} words", ends(objects, {}), False)
    if "halves" in only:
        report("chosen on one half of the pictures and words, judged on the other", cross(captions, objects), False)
    if "pairs" in only:
        together, apart = pairs
        title = f"pairs of words: {len(together.words)} that some caption says, {len(apart.words)} that none does"
        report(title, ends_of_pairs(together, apart), False)
    if "words" in only:
        report("word by word: listed before and now", words(captions, options.word), False)


def ends(asked: Asked, parts: Mapping[str, Asked]) -> list[dict[str, object]]:
    """A row for each way to end lists, and F1 for some of the words besides."""
    rows = []
    for name, ending in (*ENDS.items(), ("the best for each word", None)):
        found, *others = (
            judge_lists(best_listed(each) if ending is None else each.listed(ending), each.truth)
            for each in (asked, *parts.values())
        )
        row: dict[str, object] = {"end": name, "P": _three(found.precision), "R": _three(found.recall)}
        row |= {"F1": _three(found.f1), "length": f"{found.length:g}"}
        rows.append(row | {title: _three(each.f1) for title, each in zip(parts, others, strict=True)})
    return rows


def cross(captions: Asked, objects: Asked) -> list[dict[str, object]]:
    """The best way on one half, and what it is worth on the other, both ways round."""
    several = [halves(asked) for asked in (captions, objects)]
    rows = []
    for one, other in ((0, 1), (1, 0)):
        name = max(ENDS, key=lambda name: _worth([asked[one] for asked in several], ENDS[name]))
        for title, ending in ((f"chosen: {name}", ENDS[name]), ("before", OLD), ("now", NOW)):
            found = [_judge(asked[other], ending) for asked in several]
            row: dict[str, object] = {"judged on": "second half" if other else "first half", "end": title}
            for what, each in zip(("captions", "objects"), found, strict=True):
                row |= {f"{what} P": _three(each.precision), f"{what} F1": _three(each.f1)}
            rows.append(row)
    return rows


def ends_of_pairs(together: Asked, apart: Asked) -> list[dict[str, object]]:
    """By what two words must score at least: F1 where some picture shows both, and how many of the others list any."""
    rows = []
    for least in (0.05, 0.1, 0.15, 0.2, 0.25):
        ending = replace(NOW, together=least)
        right, wrong = (each.listed(ending, 2) for each in (together, apart))
        found, lengths = judge_lists(right, together.truth), wrong.sum(axis=1)
        row: dict[str, object] = {"at least": f"{least}", "F1": _three(found.f1)}
        row["nothing, both somewhere"] = f"{found.empty / found.words:.1%}"
        row["nothing, never both"] = f"{(lengths == 0).mean():.1%}"
        rows.append(row | {"listed, never both": _three(float(lengths.mean()))})
    return rows


def words(captions: Asked, chosen: Sequence[str]) -> list[dict[str, object]]:
    """The lists of single words, before and now."""
    before, now = captions.listed(OLD), captions.listed(NOW)
    rows: list[dict[str, object]] = []
    for place, word in enumerate(captions.words):
        truth = captions.truth[place]
        if not chosen or word in chosen:
            row: dict[str, object] = {"word": word, "right": int(truth.sum())}
            for title, listed in (("before", before[place]), ("now", now[place])):
                row |= {f"listed {title}": int(listed.sum()), f"right {title}": int((listed & truth).sum())}
            rows.append(row)
    return rows or [{"word": "none of these is said by ten captions"}]


def _worth(several: Sequence[Asked], ending: Ending) -> float:
    captions, objects = (_judge(asked, ending) for asked in several)
    lost = _judge(several[1], OLD).precision - objects.precision
    return (captions.f1 + objects.f1) / 2 if lost <= GIVEN_UP else 0.0


def _judge(asked: Asked, ending: Ending) -> ListScores:
    return judge_lists(asked.listed(ending), asked.truth)


def _by_tag(asked: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The places of words with a tag that `everyday` may show, and of the others."""
    from imsearch.plugins.everyday import imsearch_annotators

    lexicon, visible = Lexicon.load(), set(imsearch_annotators()[0].visible_vocabulary)
    shown = np.array([not visible.isdisjoint(lexicon.expand(word)) for word in asked])
    return np.flatnonzero(shown), np.flatnonzero(~shown)


def _asked(data: Path, folder: Path) -> tuple[Asked, Asked, tuple[Asked, Asked]]:
    flickr = load_dataset(f"flickr8k:{data / 'flickr8k_224'}").split("dev").in_order().samples
    coco = hold_out(load_dataset(f"coco:{data / 'coco_mini'}").in_order().samples, HELD_ONE_IN["coco"])[1]
    said = caption_truth(flickr, Lexicon.load(), LEAST)
    pairs = _pairs(said)
    captions = _ask(folder / "captions", flickr, {**said, **pairs}, quoted=False)
    places = np.arange(len(said), len(captions.words))
    some = captions.truth[places].any(axis=1)
    return (
        captions.choose(np.arange(len(said))),
        _ask(folder / "objects", coco, label_truth(coco)),
        (captions.choose(places[some]), captions.choose(places[~some], known=False)),
    )


def _pairs(said: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """Pairs of words whose tags may be shown, drawn at random, and the pictures whose captions say both."""
    words = [list(said)[place] for place in _by_tag(list(said))[0]]
    draw = random.Random(0)
    drawn = dict.fromkeys(tuple(draw.sample(words, 2)) for _ in range(PAIRS))
    return {f"{one} {other}": said[one] & said[other] for one, other in drawn}


def _ask(
    folder: Path, samples: Sequence[Sample], truth: Mapping[str, NDArray[np.bool_]], *, quoted: bool = True
) -> Asked:
    with Library.open(settings=Settings(library=folder), write=True, create=True) as library:
        library.runs.index([sample.file for sample in samples], ["everyday"])
        search = library.search.ranked_by(replace(PICTURES_ONLY, cut=NO_END))
        found = library.facts.identify(str(sample.file) for sample in samples)
        positions = {found[str(sample.file)] or 0: place for place, sample in enumerate(samples)}
        return ask(truth, positions, search.scores, quoted=quoted)


def _three(value: float) -> str:
    return f"{value:.3f}"


if __name__ == "__main__":
    main()
