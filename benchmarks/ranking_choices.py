"""How the constants of ranking were chosen: on pictures that did not train `everyday` and are no test split.

    python -m benchmarks.ranking_choices --data DATA [--keep FOLDER] [--only tails|written|like|cut]

Corel5k's training pictures that the recipe of `everyday` holds back, and the first 500 of Flickr8k's dev split.  They
are annotated once, with all tags instead of the likeliest; `--keep` keeps that for the next time.  Everything is ranked
by `imsearch.engine.search.ranking`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report
from imsearch.engine.search.cut import Cut, Ending, FixedCut, ShareCut
from imsearch.engine.search.feedback import Feedback
from imsearch.engine.search.ranking import Ranking, rank
from imsearch.engine.words.postings import Postings
from imsearch.engine.words.resolved import All, Like, Resolved, Term
from imsearch.languages.lexicon import Lexicon
from imsearch.training.data.datasets import Sample, hold_out, load_dataset
from imsearch.training.metrics import ranked_average_precision
from imsearch.training.search_protocol import Query, make_queries

Floats = NDArray[np.float32]
LEAST = 0.002
"""Probabilities below it are not even in a tail."""
NO_VOTES = Ranking()


@dataclass(frozen=True)
class Pool:
    """Pictures to choose on: probabilities (n, tags), unit vectors (n, length), and the protocol's queries."""

    name: str
    samples: tuple[Sample, ...]
    probabilities: Floats
    vectors: Floats
    columns: dict[str, int]
    queries: dict[Query, frozenset[int]]

    def lookup(self, tail: int) -> Callable[[str], Postings]:
        """The postings of labels when so many tags are kept."""
        kept = np.where(self.probabilities < LEAST, 0, self.probabilities)
        cut = np.argsort(-kept, axis=1, kind="stable")[:, tail:]
        np.put_along_axis(kept, cut, 0, axis=1)

        def postings(label: str) -> Postings:
            column = kept[:, self.columns[label]] if label in self.columns else np.zeros(len(kept), np.float32)
            places = np.flatnonzero(column)
            no = np.zeros(len(places), np.bool_)
            return Postings(places.astype(np.int64), column[places], no, no)

        return postings

    def near(self, ids: Sequence[int]) -> dict[int, Floats]:
        return {image: self.vectors[image] for image in ids}

    def scored(
        self, query: Resolved, lookup: Callable[[str], Postings], ranking: Ranking
    ) -> tuple[NDArray[np.int64], Floats]:
        """Places and scores of all pictures found, best first."""
        return rank(query, lookup, np.arange(len(self.samples)), 0.0, ranking=ranking, vectors=self.near)

    def ranked(self, query: Resolved, lookup: Callable[[str], Postings], ranking: Ranking) -> NDArray[np.int64]:
        """Places of all pictures found, best first."""
        return self.scored(query, lookup, ranking)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path)
    parts = {"tails": tails, "written": written, "like": like, "cut": cut}
    parser.add_argument("--only", choices=parts, action="append")
    options = parser.parse_args()
    pools = [pool(name, options.data, options.keep) for name in ("corel5k", "flickr8k")]
    for name in options.only or parts:
        report(f"{name}: {', '.join(f'{p.name} {len(p.queries):,} queries' for p in pools)}", parts[name](pools), False)


def tails(pools: Sequence[Pool]) -> list[dict[str, object]]:
    """MAP by how many tags are kept, how words are joined, and with visual evidence or without."""
    ways = [(f"{tail} tags, {kind}", tail, way) for tail in (32, 48, 64, 96) for kind, way in _votes()]
    ways += [
        (f"64 tags, {mean}", 64, Ranking(mean=mean, feedback=None)) for mean in ("arithmetic", "least", "greatest")
    ]
    rows = []
    for title, tail, way in ways:
        row: dict[str, object] = {"ranking": title}
        for each in pools:
            lookup = each.lookup(tail)
            values = [_ap(each.ranked(_words(q), lookup, way), relevant) for q, relevant in each.queries.items()]
            row[each.name] = f"{np.mean(values):.4f}"
        rows.append(row)
    return rows


def _votes() -> list[tuple[str, Ranking]]:
    return [("words only", NO_VOTES), ("with votes", Ranking(feedback=Feedback()))]


def written(pools: Sequence[Pool]) -> list[dict[str, object]]:
    """Flickr8k's text tags as evidence for its labels: log loss for a picture, by how likely a word is right."""
    flickr = pools[-1]
    lexicon = Lexicon.load()
    labels = list(flickr.columns)
    model = np.clip(flickr.probabilities[:, list(flickr.columns.values())], 1e-4, 1 - 1e-4)
    truth = np.array([[label in sample.labels for label in labels] for sample in flickr.samples])
    said = np.zeros_like(truth)
    for place, sample in enumerate(flickr.samples):
        forms = {form for word in sample.extra["text_tags"] for form in lexicon.forms(str(word))}
        said[place] = [label in forms for label in labels]
    rows: list[dict[str, object]] = [
        {"word is right": f"measured {truth[said].mean():.2f}", "noisy-or": "", "greater": ""}
    ]
    for p in (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        joined = np.where(said, 1 - (1 - model) * (1 - p), model), np.where(said, np.maximum(model, p), model)
        losses = [-np.log(np.where(truth, each, 1 - each)).sum() / len(truth) for each in joined]
        rows.append({"word is right": f"{p:.1f}", "noisy-or": f"{losses[0]:.3f}", "greater": f"{losses[1]:.3f}"})
    return rows


def like(pools: Sequence[Pool]) -> list[dict[str, object]]:
    """One relevant picture as the example, the other ones to be found by it and the first word, or all words."""
    rows: list[dict[str, object]] = []
    for each in pools:
        lookup = each.lookup(64)
        for title, count in (("first word", 1), ("all words", None)):
            values: dict[str, list[float]] = {}
            for query, relevant, example in _examples(each):
                cosines = each.vectors @ each.vectors[example]
                alike = Like("", np.arange(len(cosines), dtype=np.int64), cosines)
                words = _words(query[:count])
                orders = {
                    "words": each.ranked(words, lookup, NO_VOTES),
                    "example": each.ranked(alike, lookup, NO_VOTES),
                    "probability": each.ranked(All((*_items(words), alike)), lookup, NO_VOTES),
                }
                orders["reciprocal rank"] = _reciprocal(orders["words"], orders["example"], len(cosines))
                for name, order in orders.items():
                    values.setdefault(name, []).append(_ap(order[order != example], relevant - {example}))
            row = {name: f"{np.mean(several):.4f}" for name, several in values.items()}
            rows.append({"pictures": each.name, "asked": title, "cases": len(values["words"]), **row})
    return rows


def cut(pools: Sequence[Pool]) -> list[dict[str, object]]:
    """Mean F1 of the list that is left, single words and all queries."""
    ways: dict[str, Ending] = {f"fixed {p}": FixedCut(p) for p in (0.1, 0.2, 0.3)}
    ways |= {
        f"{share} of the best, {least} to {most}": ShareCut(share, least, most)
        for share in (0.5, 0.6, 0.7)
        for least, most in ((0.02, 0.3), (0.05, 0.3), (0.05, 0.4), (0.05, 1.0))
    }
    ways |= {
        f"F1, power {power}, at most {most}": Cut(power, most=most) for power in (0.6, 0.75, 1.0) for most in (0.3, 1.0)
    }
    rows: list[dict[str, object]] = [{"end": title} for title in ways]
    for each in pools:
        lookup = each.lookup(64)
        values: list[list[tuple[bool, float]]] = [[] for _ in ways]
        for query, relevant in each.queries.items():
            ids, scores = each.scored(_words(query), lookup, Ranking())
            for place, ending in enumerate(ways.values()):
                found = ids[scores >= np.float32(ending.at(scores, len(query)))].tolist()
                f1 = 2 * len(relevant.intersection(found)) / (len(found) + len(relevant))
                values[place].append((len(query) == 1, f1))
        for row, several in zip(rows, values, strict=True):
            row[f"{each.name}, single"] = f"{np.mean([f1 for single, f1 in several if single]):.3f}"
            row[f"{each.name}, several"] = f"{np.mean([f1 for single, f1 in several if not single]):.3f}"
    return rows


def _examples(pool: Pool) -> Iterator[tuple[Query, frozenset[int], int]]:
    for query, relevant in pool.queries.items():
        if len(query) > 1 and len(relevant) > 1:
            yield from ((query, relevant, example) for example in sorted(relevant)[:3])


def _reciprocal(one: NDArray[np.int64], other: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    score = np.zeros(size)
    for order in (one, other):
        score[order] += 1 / (60 + np.arange(len(order)))
    return np.argsort(-score, kind="stable")


def _words(query: Query) -> Resolved:
    terms = tuple(Term(word, (word,)) for word in query)
    return terms[0] if len(terms) == 1 else All(terms)


def _items(words: Resolved) -> tuple[Resolved, ...]:
    return words.items if isinstance(words, All) else (words,)


def _ap(order: NDArray[np.int64], relevant: frozenset[int]) -> float:
    return ranked_average_precision(np.isin(order, list(relevant)), len(relevant))


def pool(name: str, data: Path, keep: Path | None) -> Pool:
    """Annotate the pictures, or read what was kept."""
    if name == "corel5k":
        samples = hold_out(load_dataset(f"corel5k:{data / 'corel5k'}").split("train").samples, 20)[1]
    else:
        samples = list(load_dataset(f"flickr8k:{data / 'flickr8k_224'}").split("dev").samples[:500])
    kept = keep / f"{name}.npz" if keep else None
    if kept is not None and kept.exists():
        with np.load(kept) as file:
            tags, probabilities, vectors = file["tags"].tolist(), file["probabilities"], file["vectors"]
    else:
        tags, probabilities, vectors = annotate([sample.file for sample in samples])
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, tags=np.array(tags), probabilities=probabilities, vectors=vectors)
    column = {tag: place for place, tag in enumerate(tags)}
    labels = Lexicon.load().labels(name)
    columns = {label: column[tag] for label, tag in labels.items() if tag in column}
    half = vectors.astype(np.float16).astype(np.float32)
    unit = half / np.linalg.norm(half, axis=1, keepdims=True)
    return Pool(name, tuple(samples), probabilities, unit, columns, make_queries([each.labels for each in samples]))


def annotate(files: Sequence[Path]) -> tuple[list[str], Floats, Floats]:
    """All tags, their probabilities and the vectors of pictures."""
    from imsearch.pictures.picture import read_picture
    from imsearch.plugins.everyday.annotator import EverydayAnnotator
    from imsearch.plugins.everyday.files import WEIGHTS

    annotator = EverydayAnnotator(WEIGHTS, None)
    rows, vectors = [], []
    for start in range(0, len(files), annotator.batch_size):
        batch = [
            annotator.prepare(read_picture(file, annotator.side))
            for file in files[start : start + annotator.batch_size]
        ]
        looked = annotator.forward(batch)
        rows.append(annotator.tagger.probabilities(looked.logits, looked.kind))
        vectors.append(looked.features)
    return list(annotator.tagger.tags), np.concatenate(rows).astype(np.float32), np.concatenate(vectors)


if __name__ == "__main__":
    main()
