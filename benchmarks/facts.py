"""How many captions are read as if they held facts: dates, formats, shapes, things that are missing.

python -m benchmarks.facts --data DATA [--show 20] [--json]

The captions of Flickr8k's dev split and of coco_mini describe what is seen, so that a fact in them is a mistake, but
for "no shirt" and the like.  The library is taken to have all tags of the lexicon, and no cameras or places.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeAlias

from benchmarks.pictures import report
from imsearch.engine.query.grammar import parse
from imsearch.engine.words.dates import Times
from imsearch.engine.words.fact_words import FACT_WORDS
from imsearch.engine.words.facts import FactReader, Understood
from imsearch.engine.words.words import Words
from imsearch.errors import QueryError
from imsearch.languages.lexicon import Lexicon

Read: TypeAlias = tuple[str, list[Understood]]
TODAY = date(2026, 11, 27)


class NoNames:
    """A library without cameras and places."""

    def camera(self, text: str, *, sure: bool) -> str | None:
        return None

    def place(self, text: str) -> str | None:
        return None


def captions(data: Path) -> Iterator[str]:
    for name, splits in (("flickr8k_224", {"dev"}), ("coco_mini", None)):
        for line in (data / name / "labels.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if splits is None or row.get("split") in splits:
                yield from row.get("captions", ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", type=int, default=0, help="so many of the captions are printed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    lexicon, english = Lexicon.load(), FACT_WORDS["en"]
    words = Words(lexicon, lexicon.tags)
    read, conditions, excluding = 0, list[Read](), list[Read]()
    for caption in captions(options.data):
        reader = FactReader(words, english, Times(TODAY, english), NoNames())
        try:
            reader.read(parse(caption).tree)
        except QueryError:
            continue
        read += 1
        if reader.understood:
            without = all(meaning.startswith("-") for _, meaning in reader.understood)
            (excluding if without else conditions).append((caption, reader.understood))
    for caption, understood in conditions[: options.show]:
        print(caption, *(f"{typed} ({meaning})" for typed, meaning in understood), sep="\n    ")
    row = {"captions": read, "with a condition": len(conditions), "with something left out": len(excluding)}
    report("Captions that are read as if they held facts", [row], options.json)


if __name__ == "__main__":
    main()
