"""Measures the languages of queries: how many words each knows, and what it costs to use one.

    python -m benchmarks.languages [--english FILE]

Prints a row for each language that comes with imsearch.  Times are those of the processor, the middle one of several.
--english: a file with an English sentence on each line; the last column says how many of them are not left as they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

from imsearch.engine.query.grammar import parse
from imsearch.engine.words.words import Words
from imsearch.languages.language import Language
from imsearch.languages.lexicon import Lexicon
from imsearch.languages.table import read_table
from imsearch.library.languages import shipped

REPEATS = 21


def main() -> None:
    """Print the table of docs/languages.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--english", type=Path)
    file = parser.parse_args().english
    sentences = file.read_text("utf-8").replace('"', " ").splitlines() if file else []
    heads = ("language", "tags and kinds", "words", "words of questions", "to read it", "to translate six words")
    print(f"| {' | '.join((*heads, 'English sentences changed'))} |")
    print("|---" * (len(heads) + 1) + "|")
    for code, spec in shipped().items():
        table = read_table(spec.path)
        names = {name for found in table.tags.values() for name in found}
        language = Language(code, spec.path)
        words = Words(Lexicon.load(languages=[language]), names)
        some = parse(" ".join(list(table.tags)[:: len(table.tags) // 6][:6])).tree
        words.translate(some)
        read = _milliseconds(lambda path=spec.path: read_table(path))  # type: ignore[misc]
        translated = _milliseconds(lambda words=words, some=some: words.translate(some))  # type: ignore[misc]
        trees = [parse(sentence).tree for sentence in sentences if sentence.strip()]
        changed = sum(words.translate(tree) != tree for tree in trees)
        print(
            f"| {table.name} (`{code}`) | {len(names):,} | {len(table.tags):,} | {len(table.questions):,} | "
            f"{read:.0f} ms | {translated:.1f} ms | {changed} of {len(trees):,} |"
        )


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = process_time()
        work()
        times.append(process_time() - start)
    return 1000 * median(times)


if __name__ == "__main__":
    main()
