"""Results on stdout: JSON, paths, or tables."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imsearch.cli.stdout import put, takes_utf8
from imsearch.records import FOLDER
from imsearch.views.as_json import results_record

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from imsearch.records import Failure, Hit, Results, Tag

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NARROWEST = 20
"""Columns; a narrower table could show nothing."""
TAGS_SHOWN = 8
"""Maximum number of tags printed for a result; ``imsearch show`` prints all."""


def print_json(value: Any) -> None:
    """Print one JSON document in UTF-8, or in ASCII with escapes if the terminal uses another encoding.

    Undecodable bytes of a name are escaped in both.
    """
    text = json.dumps(value, ensure_ascii=not takes_utf8(), indent=2, allow_nan=False)
    put(re.sub(r"[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", text) + "\n")


def print_paths(paths: Iterable[Path], nul: bool) -> None:
    """Print each path on a line, or followed by NUL; byte for byte as in the file system."""
    end = b"\0" if nul else b"\n"
    if sys.stdout is not None:
        sys.stdout.flush()
        for path in paths:
            sys.stdout.buffer.write(os.fsencode(path) + end)


def print_results(results: Results, form: str, nul: bool, explain: bool = False) -> None:
    """Print the hits of a query in the chosen format; explain: include what each was found by."""
    if nul or form == "paths":
        print_paths((hit.image.path for hit in results.hits), nul)
    elif form == "json":
        print_json(results_record(results))
    elif results.hits:
        _print_hits(results.hits, explain)
        _print_facets(results.facets)


def printable(text: str | Path) -> str:
    """Return text for a table, with line breaks, control characters and undecodable bytes escaped."""
    return _UNPRINTABLE.sub(lambda match: _escape(match[0]), str(text))


def pointed(text: str, position: int) -> str:
    """Return two lines: a text, and a caret under its character at `position`, by display width."""
    from rich.cells import cell_len

    return f"  {printable(text)}\n  {' ' * cell_len(printable(text[:position]))}^"


def shorten(text: str, width: int) -> str:
    """Shorten to `width` characters; the middle is cut, because the ends of a path are the most informative."""
    if len(text) <= width:
        return text
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[-tail:]}"


def near(path: Path) -> Path:
    """Return the path relative to the current folder if it is below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def tell_failure(failure: Failure) -> str:
    """Return ``photos/a.jpg: it is damaged``, with the name of the annotator that failed on it."""
    who = f" [{failure.annotator}]" if failure.annotator else ""
    return f"{printable(near(failure.path))}{who}: {printable(failure.reason)}"


def make_table(*columns: str) -> Table:
    """Return a plain table with bold headings; columns whose heading starts with ``>`` are right-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table


def print_table(table: Table) -> None:
    from rich.console import Console

    if sys.stdout is not None:
        width = terminal_width()
        Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False, emoji=False, markup=False).print(table)


def terminal_width() -> int:
    """Return the width of the terminal that shows the results, or of another one of the process; 80 without any."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and 0 < int(said) < 100_000:
        return max(int(said), _NARROWEST)
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (AttributeError, OSError, ValueError):  # closed, or not a terminal
            continue
        if columns > 0:
            return max(columns, _NARROWEST)
    return 80


def _print_hits(hits: Sequence[Hit], explain: bool) -> None:
    from rich.text import Text

    table = make_table(">score", "picture", "found by" if explain else "tags")
    table.columns[1].no_wrap = True
    room = max(24, terminal_width() * 45 // 100)
    for hit in hits:
        last = Text("\n").join(Text(reason) for reason in _reasons(hit)) if explain else _tags(hit)
        table.add_row(f"{hit.score:.2f}", shorten(printable(near(hit.image.path)), room), last)
    print_table(table)


def _tags(hit: Hit) -> Text:
    """Return the shown tags; then, with a question mark, those not shown that match the query."""
    from rich.text import Text

    matched = {tag.name for tag in hit.why.values()}
    names = [tag.name for tag in hit.tags if tag.shown][:TAGS_SHOWN]
    guesses = [tag.name for tag in hit.tags if not tag.shown and tag.name in matched]
    told = [Text(name, style="bold" if name in matched else "") for name in names]
    return Text(", ").join([*told, *(Text(f"{name}?", style="dim") for name in guesses)])


def _reasons(hit: Hit) -> list[str]:
    """Return the evidence for each word, such as ``automobile: car 0.70 (everyday)``."""
    return [
        f"{printable(word)}: {printable(tag.name)} {tag.probability:.2f} ({_source(tag)})"
        for word, tag in hit.why.items()
    ]


def _source(tag: Tag) -> str:
    if tag.source == FOLDER:
        return "a folder's name"
    return tag.source if tag.shown else f"{tag.source}, not shown"


def _print_facets(facets: Mapping[str, Sequence[tuple[str, int]]]) -> None:
    for kind, values in facets.items():
        names = (printable(near(Path(value)) if kind == "folder" else value) for value, _ in values)
        found = ", ".join(f"{name} {number:,}" for name, (_, number) in zip(names, values, strict=True))
        click.echo(f"{kind}: {found}")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte, smuggled through by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\u{code:04x}")
