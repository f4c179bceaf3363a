"""How likely a picture shows a phrase that the user defined as a tag, by what is taken for likely beforehand.

    python -m benchmarks.defined_tags --data DATA [--library FOLDER] [--priors 0.01,0.03,0.1]

Phrases are words of three sets that at least five pictures have: the labels of Flickr8k's dev split and the other
content words of its captions, which are true of more pictures than say so, and the labels of coco_mini.  Told are the
log loss of the words over all pictures, how many pictures would show their tag, and how many of these rightly.  The
last column has the log loss of knowing only how frequent words are.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pictures import report
from imsearch.engine.search.fusion import baseline, probabilities
from imsearch.engine.stores.definitions import SHOWN
from imsearch.library import Library
from imsearch.plugins.text_encoders import TextEncoders
from imsearch.settings import Settings
from imsearch.training.data.datasets import Sample, load_dataset

PRIORS = "0.01,0.02,0.03,0.04,0.05,0.1"
LEAST = 5
ANNOTATOR = "everyday"


@dataclass(frozen=True)
class Words:
    """The words of the pictures of a set."""

    name: str
    library: str
    samples: Sequence[Sample]
    of: Callable[[Sample], Sequence[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--library", type=Path, help="keep the two libraries in this folder, or use those there")
    parser.add_argument("--priors", default=PRIORS, help=f"by default {PRIORS}")
    options = parser.parse_args()
    priors = [float(each) for each in options.priors.split(",")]
    flickr = load_dataset(f"flickr8k:{options.data / 'flickr8k_224'}").split("dev").samples
    coco = load_dataset(f"coco:{options.data / 'coco_mini'}").samples
    sets = (
        Words("flickr8k, labels", "flickr8k", flickr, lambda sample: sample.labels),
        Words("flickr8k, other words", "flickr8k", flickr, lambda sample: sample.extra.get("text_tags", ())),
        Words("coco, labels", "coco", coco, lambda sample: sample.labels),
    )
    with tempfile.TemporaryDirectory(prefix="imsearch-") as folder:
        for words in sets:
            report(words.name, judge(words, (options.library or Path(folder)) / words.library, priors), False)


def judge(words: Words, folder: Path, priors: Sequence[float]) -> list[dict[str, object]]:
    """A row for each prior."""
    settings = Settings(library=folder, annotators=(ANNOTATOR,))
    with Library.open(settings=settings, write=True, create=True) as library:
        library.runs.index([sample.file for sample in words.samples], [ANNOTATOR])
        found = [compared(library, words, prior) for prior in priors]
    return [
        {
            "prior": prior,
            "log loss": f"{log_loss(chances, true):.4f}",
            "shown": int((chances >= SHOWN).sum()),
            "rightly": f"{(true & (chances >= SHOWN)).sum() / max(1, (chances >= SHOWN).sum()):.2f}",
            "frequency alone": f"{log_loss(np.full(true.shape, true.mean()), true):.4f}",
        }
        for prior, (chances, true) in zip(priors, found, strict=True)
    ]


def compared(library: Library, words: Words, prior: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How likely each picture shows each word, and whether it does; shape (words, pictures)."""
    facts = library.facts
    said = {image.id: set(words.of(each)) for each in words.samples if (image := facts.image(each.file))}
    frequent = Counter(word for each in said.values() for word in each)
    texts = [word for word, number in frequent.items() if number >= LEAST]
    encoder = TextEncoders(lambda: library.plugins).get(ANNOTATOR)
    directions = encoder.encode(texts)
    table = library.engine.finder.texts.table(ANNOTATOR)
    chances, true = [], []
    for text, direction in zip(texts, directions, strict=True):
        if direction.any():
            both = table.compare(direction)
            base = baseline(both.usual, encoder.scale)
            chances.append(probabilities(encoder, both.cosines, base, prior).astype(np.float64))
            true.append([text in said.get(image, ()) for image in both.ids.tolist()])
    return np.stack(chances), np.array(true, np.bool_)


def log_loss(chances: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    inside = np.clip(chances, 1e-6, 1 - 1e-6)
    return float(-np.where(true, np.log(inside), np.log(1 - inside)).mean())


if __name__ == "__main__":
    main()
