"""The text index in arrays beside one on Whoosh, with the same documents in one run.

    python -m benchmarks.text_index [--images 20000] [--batch 32 5000] [--json]

The documents are those of the images of `benchmarks.query_latency`.  A commit is one call of `apply`, with so many
documents as `--batch` says: 32 as a run records them, 5000 as a missing index is made anew.  Posting lists are read in
a newly opened index: of the 200 most frequent tags, and of 200 words that one picture has.  All lists that are read are
compared, to the last digit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.pictures import report
from benchmarks.query_latency import _vocabulary, synthetic
from benchmarks.whoosh_index import WhooshTextIndex
from imsearch.engine.stores.local.text_arrays import ArrayTextIndex
from imsearch.engine.stores.text_index import TextIndex
from imsearch.engine.words.postings import Postings, weight_of
from imsearch.engine.words.texts import evidence, key
from imsearch.languages.lexicon import Lexicon

Documents: TypeAlias = dict[int, Mapping[str, float] | None]
KINDS: dict[str, Callable[[Path], TextIndex]] = {"arrays": ArrayTextIndex, "Whoosh": WhooshTextIndex}
READ = 200
SHOWN = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 5000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    documents = made(options.images)
    counts = Counter(word for document in documents.values() for word in document or ())
    by_count = [word for word, _ in counts.most_common()]
    rows = []
    for batch in options.batch:
        found: list[list[Postings]] = []
        for name, kind in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                row, lists = measure(kind, Path(folder) / "text", documents, batch, (by_count[:READ], by_count[-READ:]))
            rows.append({"index": name, "batch": batch, **row})
            found.append(lists)
        for one, other in zip(*found, strict=True):
            check_same(one, other)
    report(f"The text index, {options.images:,} images", rows, options.json)


def made(count: int) -> Documents:
    """The documents of so many synthetic images, as `imsearch.engine.stores.follow` makes them."""
    documents: Documents = {}
    for batch in synthetic(count, *_vocabulary(Lexicon.load()), length=1):
        for reading in batch:
            written = evidence([reading.file.path], ())
            document = {key(word): weight_of(each.probability, each.shown) for word, each in written.items()}
            tags = reading.annotations["synthetic"].tags
            document |= {tag.name: weight_of(tag.probability, tag.probability >= SHOWN) for tag in tags}
            documents[len(documents) + 1] = document
    return documents


def measure(
    kind: Callable[[Path], TextIndex], folder: Path, documents: Documents, batch: int, words: Sequence[Sequence[str]]
) -> tuple[dict[str, object], list[Postings]]:
    """Write all documents, and read posting lists in a newly opened index."""
    index = kind(folder)
    index.clear()
    images, commits = list(documents), []
    for start in range(0, len(images), batch):
        piece = {image: documents[image] for image in images[start : start + batch]}
        begun = time.perf_counter()
        index.apply(piece, ("benchmark", start))
        commits.append(time.perf_counter() - begun)
    index.close()
    row: dict[str, object] = {
        "ms an image": 1000 * sum(commits) / len(images),
        "longest commit, s": max(commits),
        "MB": sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
    }
    index = kind(folder)
    begun = time.perf_counter()
    index.images()
    row["opened, ms"] = 1000 * (time.perf_counter() - begun)
    lists: list[Postings] = []
    for name, some in zip(("frequent, ms", "rare, ms"), words, strict=True):
        begun = time.perf_counter()
        lists += [index.postings(word) for word in some]
        row[name] = 1000 * (time.perf_counter() - begun) / len(some)
    index.close()
    return row, lists


def check_same(one: Postings, other: Postings) -> None:
    """Raise `AssertionError` unless two posting lists say the same."""
    first, second = np.argsort(one.images), np.argsort(other.images)
    for name in ("images", "probabilities", "shown", "rejected"):
        np.testing.assert_array_equal(getattr(one, name)[first], getattr(other, name)[second])


if __name__ == "__main__":
    main()
