"""``imsearch query`` and ``imsearch similar``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imsearch.cli.common import (
    annotator_option,
    calling_plugin,
    count,
    device_option,
    format_option,
    library_option,
    limit_option,
    nul_option,
    open_library,
    say,
)
from imsearch.cli.output import pointed, print_results, printable
from imsearch.errors import QueryError
from imsearch.records import Results
from imsearch.settings import command_line, load_settings
from imsearch.system.foreign import foreign
from imsearch.views.wording import left_out

if TYPE_CHECKING:
    from imsearch.library import Library

_EXCLUDED = re.compile(r"-(?!-|[0h]$|n\d*$).+", re.DOTALL)
"""Arguments that begin with a minus and are query words, not options."""

_MARK = "\0"


class QueryCommand(click.Command):
    """Passes ``-word`` through to the query; click would parse it as a bundle of short options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [_MARK + arg if _EXCLUDED.fullmatch(arg) else arg for arg in args])


@click.command(
    cls=QueryCommand,
    epilog="""\b
Examples:
  imsearch query sunset mountain            both words, the likeliest first
  imsearch query '"traffic light" OR bus'   one of them
  imsearch query dog +beach -person         surely a beach, no person
  imsearch query dog --explain --facets     why each was found, and what all have in common
  imsearch query tag:cat                    this very tag, no synonyms or kinds
  imsearch query dogs last summer without people  facts in plain words
  imsearch query dog date:2023 camera:canon       conditions beside words
  imsearch query 'iso:>800 sort:-date'      quote what the shell would take for itself
  imsearch query cat -0 | xargs -0 cp -t cats/
""",
)
@click.argument("words", nargs=-1, required=True)
@limit_option
@click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N results.")
@click.option(
    "--min-score",
    type=float,
    metavar="P",
    help="Leave out results scored lower (0 to 1; default: those far below the best).",
)
@click.option("--all", "everything", is_flag=True, help="List the unlikeliest results too.")
@click.option("--explain", is_flag=True, help="Print what each result was found by: word, tag, probability, source.")
@click.option("--facets", is_flag=True, help="Print what all results have in common: tags, years, cameras ...")
@click.option(
    "--facet-values",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print at most N values of each kind of facet (default: 10); implies --facets.",
)
@format_option("table", "json", "paths")
@nul_option
@library_option
def query(
    words: tuple[str, ...],
    limit: int | None,
    offset: int,
    min_score: float | None,
    everything: bool,
    explain: bool,
    facets: bool,
    facet_values: int | None,
    form: str,
    nul: bool,
    library: Path | None,
) -> int:
    """Find pictures by words.

    Pictures are ranked by how likely they show all the words.  Dates, cameras and places can be plain words; their
    interpretation is printed.  docs/query.md describes the whole language: conditions on dates, places, cameras and
    files, sources, prefixes and sorting.  If nothing matches the whole query, parts of it are dropped, which is
    reported first; not with --format paths and -0.  Exit code 1 when there is none.
    """
    text = " ".join(word.removeprefix(_MARK) for word in words)
    settings = load_settings({"library": library, "limit": limit, "min_score": min_score})
    # Output for another program must match the whole query: it reads no messages.
    relax = form != "paths" and not nul
    with open_library(settings, look=True) as opened:
        with pointing(text), foreign():  # like: may run a model
            results = opened.search.query(
                text,
                offset=offset,
                everything=everything,
                facets=facets or facet_values is not None,
                facet_values=facet_values,
                relax=relax,
            )
        if results.relaxed and results.hits:
            say(printable(left_out(results.relaxed, results.relevant)))
        print_results(results, form, nul, explain)
        if results.understood:
            say(_understood(results))
        if results.unknown:
            say(_unknown(results))
        if not results.hits:
            say(_nothing(opened, text, offset, results))
        else:
            _say_more(results, offset, results.less_likely if form == "table" and not nul else 0)
    return 0 if results.hits else 1


@click.command(
    cls=QueryCommand,
    epilog="""\b
Examples:
  imsearch similar holiday/beach.jpg
  imsearch similar ~/Downloads/unknown.png -n 5     any file, in the library or not
  imsearch similar holiday/beach.jpg at night       like it, but at night
""",
)
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("words", nargs=-1)
@limit_option
@format_option("table", "json", "paths")
@nul_option
@annotator_option
@device_option
@library_option
def similar(image: Path, words: tuple[str, ...], form: str, nul: bool, **flags: Any) -> int:
    """Find pictures that look like IMAGE.

    IMAGE may be any picture file; one outside the library is read and goes through the model first.  WORDS are a query
    that further restricts the pictures.
    """
    text = " ".join(word.removeprefix(_MARK) for word in words)
    with open_library(load_settings(flags), look=True) as opened, calling_plugin("an annotator"), pointing(text):
        results = opened.search.similar(image, text)
    print_results(results, form, nul)
    if results.unknown:
        say(_unknown(results))
    if not results.hits and text:
        say(f"Nothing found for {text!r}.")
    elif not results.hits:
        say("Nothing found: the library holds no other picture with a vector.")
    return 0 if results.hits else 1


@contextmanager
def pointing(text: str) -> Iterator[None]:
    """Point at the position of a syntax error."""
    try:
        yield
    except QueryError as error:
        raise QueryError(f"{error}\n{pointed(text, error.position)}", error.position) from error


def _say_more(results: Results, offset: int, rest: int) -> None:
    """rest: number of hits too unlikely to be listed."""
    last = offset + len(results.hits)
    more = []
    if last < results.total:
        more = [f"{last - len(results.hits) + 1} to {last} of {count(results.total, 'picture')}; -n prints more."]
    if rest:
        more.append(f"{rest:,} less likely; --all shows them.")
    if more:
        say(" ".join(more))


def _understood(results: Results) -> str:
    """Return how words were interpreted: ``Understood: last summer (date:2026-06..2026-08).``"""
    told = (f"{printable(typed)} ({printable(meaning)})" for typed, meaning in results.understood)
    return f"Understood: {', '.join(told)}."


def _unknown(results: Results) -> str:
    words = printable(", ".join(results.unknown))
    meant = [" or ".join(names) for names in results.suggestions.values()]
    instead = [f"The sense of {printable(repr(results.sense))} counts instead."] if results.sense else []
    asked = [f"Did you mean {printable(', '.join(meant))}?"] if meant else []
    return " ".join(
        [f"No picture is tagged with, and no word known for: {words}.", *(instead + asked or ["Left out."])]
    )


def _nothing(library: Library, text: str, offset: int, results: Results) -> str:
    if offset and results.total:
        return f"There are only {count(results.total, 'picture')}."
    if not library.health.status().images:
        fill = command_line("index", library.settings)
        return f'The library is empty. Fill it with "{fill} FOLDER".'
    if results.less_likely:
        return f"No picture is likely to show {text!r}. {results.less_likely:,} less likely; --all shows them."
    return f'Nothing found for {text!r}. --all lists unlikely pictures too; "imsearch tags" lists the words in use.'
