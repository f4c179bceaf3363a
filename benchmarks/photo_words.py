"""How many pictures teach everyday's photos head a word, and from which set: present, and absent.

    python -m benchmarks.photo_words --data DATA [WORD ...]

Without words: the occasions, lights and places that no set is about.  A number after a plus counts pictures where the
word is only likely (implied, or said by one caption of several).  "seen" are pictures of the scene sets that somebody
looked at for the word (``word_seen``); they teach nothing and serve checking.  "against" is the sum of weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from imsearch.cli.output import make_table, print_table
from imsearch.errors import DatasetError
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins.everyday.sources import Sources
from imsearch.training.data.datasets import Dataset, load_dataset

SETS = {
    "coco_mini": "coco", "corel5k": "corel5k", "flickr8k_224": "flickr8k", "scenes": "scenes", "oasis": "jsonl",
    "caltech101": "jsonl",
}  # fmt: skip
WORDS = (
    "wedding", "bride", "birthday", "party", "concert", "band", "parade", "festival", "picnic", "fireworks",
    "christmas", "family", "sunset", "sunrise", "night", "rain", "fog", "storm", "lightning", "rainbow", "beach",
    "church", "bridge", "restaurant", "cafe", "market", "city", "town", "park", "garden", "lake", "river", "playground",
)  # fmt: skip
SURE = 0.75
"""From this probability on, a picture counts as one that has the word."""


def seen(scenes: Dataset, word: str) -> str:
    """In how many of the pictures looked at for the word it was."""
    looked = [sample.extra["word_seen"] for sample in scenes.samples if word in sample.extra.get("word_seen", {})]
    return f"{sum(each[word] for each in looked)} of {len(looked)}" if looked else ""


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.argument("words", nargs=-1)
def main(data: Path, words: Sequence[str]) -> None:
    """Print the pictures for and against each WORD."""
    lexicon = Lexicon.load()
    sources = Sources(lexicon)
    tags = [lexicon.canonical(word) or word for word in words or WORDS]
    unknown = [tag for tag in tags if tag not in sources.tags]
    if unknown:
        raise DatasetError(f"The photos head is not taught {unknown[0]!r}")
    datasets = {name: load_dataset(f"{kind}:{data / name}") for name, kind in SETS.items()}
    found = {
        name: [sources.evidence(dataset, sample) for sample in dataset.samples if sample.split != "test"]
        for name, dataset in datasets.items()
    }
    table = make_table("word", *(f">{name}" for name in SETS), ">against", ">seen")
    for tag in tags:
        cells = []
        for each in found.values():
            sure = sum(evidence.present.get(tag, 0) >= SURE for evidence in each)
            maybe = sum(0 < evidence.present.get(tag, 0) < SURE for evidence in each)
            cells.append(f"{sure}+{maybe}" if maybe else str(sure or ""))
        against = sum(evidence.absent.get(tag, 0) for each in found.values() for evidence in each)
        table.add_row(tag, *cells, f"{against:,.0f}", seen(datasets["scenes"], tag))
    print_table(table)


if __name__ == "__main__":
    main()
