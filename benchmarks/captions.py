"""Sentences as queries: how early the picture comes that each was written about, by how far its sense is believed.

    python -m benchmarks.captions --data DATA [--library FOLDER] [--only flickr8k|coco] [--weights 0,0.2,0.3]

Flickr8k: the fifth caption of each of the 1,000 pictures of the dev split, over these pictures.  COCO: the first
caption of the 130 pictures of coco_mini that have any, over all 343: nothing learned from these captions, but
`everyday` learned from the labels of three quarters of the pictures.  Both sets are indexed once; `--library` keeps
them for the next time.  Words in the names of files do not count.  Each half of the queries is told apart, since the
weight is chosen on these very queries.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.pictures import report
from imsearch.engine.search.ranking import Ranking
from imsearch.evaluation.caption_quality import caption_of
from imsearch.evaluation.search_quality import PICTURES_ONLY
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.training.caption_protocol import judge_captions
from imsearch.training.data.datasets import Sample, load_dataset

WEIGHTS = "0,0.1,0.2,0.3,0.4,0.5"
RESAMPLED = 1000


@dataclass(frozen=True)
class Captioned:
    """A set of pictures, and the queries: the text and the picture of each."""

    name: str
    pictures: Sequence[Sample]
    queries: Sequence[tuple[str, Sample]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="keep the two libraries in this folder, or use those there")
    parser.add_argument("--only", choices=("flickr8k", "coco"))
    parser.add_argument("--weights", default=WEIGHTS, help=f"how far the sense is believed; by default {WEIGHTS}")
    options = parser.parse_args()
    weights = [float(each) for each in options.weights.split(",")]
    sets = [each for each in gather(options.data) if options.only in (None, each.name)]
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        for captioned in sets:
            rows = judge(captioned, (options.library or Path(folder)) / captioned.name, weights)
            title = f"{captioned.name}: {len(captioned.queries)} captions over {len(captioned.pictures)} pictures"
            report(title, rows, False)


def gather(data: Path) -> list[Captioned]:
    """Both sets."""
    flickr = load_dataset(f"flickr8k:{data / 'flickr8k_224'}").split("dev").samples
    coco = load_dataset(f"coco:{data / 'coco_mini'}").samples
    return [
        Captioned("flickr8k", flickr, [(caption_of(sample), sample) for sample in flickr]),
        Captioned("coco", coco, [(caption_of(sample, 0), sample) for sample in coco if sample.extra.get("captions")]),
    ]


def judge(captioned: Captioned, folder: Path, weights: Sequence[float]) -> list[dict[str, object]]:
    """A row for each weight; the first is of words alone."""
    settings = Settings(library=folder, annotators=("everyday",))
    with Library.open(settings=settings, write=True, create=True) as library:
        library.runs.index([sample.file for sample in captioned.pictures], ["everyday"])
        rows: list[dict[str, object]] = []
        for weight in weights:
            fusion = replace(PICTURES_ONLY.fusion, weight=weight)
            if not weight:
                fusion = replace(fusion, alone=0.0, word=0.0, nearest=0)
            ranks = np.array(ranks_of(library, captioned, replace(PICTURES_ONLY, fusion=fusion)))
            scores = judge_captions(ranks.tolist())
            halves = [judge_captions(ranks[place::2].tolist()) for place in (0, 1)]
            rows.append(
                {
                    "weight": weight or "words alone",
                    "R@1": f"{scores.r_at_1:.3f}",
                    "R@5": f"{scores.r_at_5:.3f}",
                    "R@10": f"{scores.r_at_10:.3f}",
                    "R@10, 95 %": interval(ranks),
                    "median": f"{scores.median_rank:g}",
                    "R@1 even, odd": " ".join(f"{half.r_at_1:.3f}" for half in halves),
                    "R@10 even, odd": " ".join(f"{half.r_at_10:.3f}" for half in halves),
                }
            )
        return rows


def ranks_of(library: Library, captioned: Captioned, ranking: Ranking) -> list[int]:
    """Where the picture of each query comes, counted from 1; the last place where it is not found."""
    search, facts = library.search.ranked_by(ranking), library.facts
    ids = {sample.file: image.id for sample in captioned.pictures if (image := facts.image(sample.file))}
    ranks = []
    for text, sample in captioned.queries:
        found = search.found_ids(text, min_score=0)
        ranks.append(found.index(ids[sample.file]) + 1 if ids[sample.file] in found else len(captioned.pictures))
    return ranks


def interval(ranks: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    """The middle 95 % of R@10 over queries drawn again (bootstrap)."""
    generator = np.random.default_rng(0)
    drawn = [(generator.choice(ranks, len(ranks)) <= 10).mean() for _ in range(RESAMPLED)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{low:.3f} to {high:.3f}"


if __name__ == "__main__":
    main()
