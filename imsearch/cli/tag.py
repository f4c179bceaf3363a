"""``imsearch tag``: corrections of tags by the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imsearch.cli.common import count, format_option, library_option, open_library, say
from imsearch.cli.output import printable
from imsearch.cli.tag_arguments import Asked, TagCommand, read_list, sort_out
from imsearch.cli.tag_output import print_history, print_review, tell_correction
from imsearch.engine.stores.changes import Renaming, Verdict
from imsearch.settings import command_line, load_settings
from imsearch.views.wording import tell_change

if TYPE_CHECKING:
    from imsearch.library import Library

exact_option = click.option(
    "--exact", is_flag=True, help='Take tags as they are typed; otherwise "puppies" becomes "dog", as in a query.'
)


@click.group(
    epilog="""\b
Examples:
  imsearch tag add beach.jpg "hot dog"
  imsearch tag reject holiday/*.jpg -- dog cat
  imsearch tag rename automobile car
  imsearch tag undo
"""
)
def tag() -> None:
    """Correct tags: add, confirm, reject, rename them.

    Your corrections win over annotators, and hold when pictures are indexed again, even by other models, moved or
    copied.
    """


def _correcting(verdict: Verdict) -> Callable[[Callable[..., int]], click.Command]:
    """Return the command for a verdict, with everything that all four share."""

    def command(function: Callable[..., int]) -> click.Command:
        options = (
            click.argument("words", nargs=-1, metavar="IMAGE... TAG..."),
            click.option(
                "-t", "--tag", "tags", multiple=True, metavar="TAG", help="A tag; all arguments are pictures."
            ),
            click.option(
                "--images-from",
                metavar="FILE",
                help='The pictures are listed in this file, or on standard input for "-"; all arguments are tags.',
            ),
            click.option(
                "-0",
                "nul",
                is_flag=True,
                help='The list is separated by NUL, as of "imsearch query -0" (standard input if no file).',
            ),
            exact_option,
            library_option,
        )
        for option in reversed(options):
            function = option(function)
        examples = f"""\b
Examples:
  imsearch tag {verdict} beach.jpg "hot dog"          one picture, one tag
  imsearch tag {verdict} holiday/*.jpg -- dog beach   -- stands between pictures and tags
  imsearch tag {verdict} *.jpg -t dog                 so does --tag
  imsearch query dog -n 500 -0 | imsearch tag {verdict} -0 pet
"""
        return tag.command(name=verdict.value, cls=TagCommand, epilog=examples)(function)

    return command


@_correcting(Verdict.ADD)
def add(**given: Any) -> int:
    """Add tags to pictures.

    An IMAGE is the path of a file or an id.  Without "--" between pictures and tags, the leading words that are
    pictures of the library are pictures, and the rest are tags.
    """
    return _correct(Verdict.ADD, **given)


@_correcting(Verdict.REMOVE)
def remove(**given: Any) -> int:
    """Remove tags that you added or confirmed.

    An annotator's tags stay; "imsearch tag reject" hides them.
    """
    return _correct(Verdict.REMOVE, **given)


@_correcting(Verdict.ACCEPT)
def accept(**given: Any) -> int:
    """Confirm tags that an annotator suggested.

    A confirmed tag is certain.  Exit code 1 where nobody suggested the tag: "imsearch tag add" adds it.
    """
    return _correct(Verdict.ACCEPT, **given)


@_correcting(Verdict.REJECT)
def reject(**given: Any) -> int:
    """Mark tags as wrong.

    They are hidden and no longer found, whatever annotators return, now or later.
    """
    return _correct(Verdict.REJECT, **given)


def _correct(
    verdict: Verdict,
    words: tuple[str, ...],
    tags: tuple[str, ...],
    images_from: str | None,
    nul: bool,
    exact: bool,
    library: Path | None,
) -> int:
    source = images_from or ("-" if nul else None)
    listed = None if source is None else read_list(source, nul)
    with _correcting_in(library) as opened:
        asked = sort_out(opened, words, tags, listed)
        done = opened.tags.correct(list(asked.images), asked.tags, verdict, exact=exact)
    tell_correction(done, asked.images, exact)
    _tell_unknown(asked)
    # Removing a tag that was never added is no failure, unless an annotator still returns it.
    failed = [pair for pair in done.refused if verdict is Verdict.ACCEPT or pair in done.said]
    return 1 if asked.unknown or failed else 0


@tag.command(
    epilog="""\b
Examples:
  imsearch tag rename automobile car
  imsearch tag rename emotion:happy smiling
  imsearch tag rename car car               it gets its own name back
"""
)
@click.argument("old")
@click.argument("new")
@library_option
def rename(old: str, new: str, library: Path | None) -> int:
    """Rename the tag OLD to NEW, on all pictures.

    Annotators may keep returning OLD; NEW is shown and found.  NEW must not be in use; "imsearch tag merge" combines
    tags.
    """
    with _correcting_in(library) as opened:
        done = opened.tags.rename(old, new)
    return _tell_renaming(done)


@tag.command(
    epilog="""\b
Examples:
  imsearch tag merge kitty pussycat cat     both go by "cat" from now on
"""
)
@click.argument("old", nargs=-1, required=True)
@click.argument("into")
@library_option
def merge(old: tuple[str, ...], into: str, library: Path | None) -> int:
    """Merge the tags OLD into the tag INTO, on all pictures."""
    with _correcting_in(library) as opened:
        done = opened.tags.merge(old, into)
    return _tell_renaming(done)


@tag.command(
    epilog="""\b
Examples:
  imsearch tag undo
  imsearch tag history -n 3     what the next three undo
"""
)
@library_option
def undo(library: Path | None) -> int:
    """Undo the last change of tags; run it again for the one before."""
    with _correcting_in(library) as opened:
        change = opened.tags.undo()
    say(f"Undone: {printable(tell_change(change))}.")
    return 0


@tag.command(
    epilog="""\b
Examples:
  imsearch tag history
  imsearch tag history -n 100 --format json
"""
)
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Print at most N changes (default: 20).")
@format_option("table", "json")
@library_option
def history(limit: int | None, form: str, library: Path | None) -> int:
    """List the changes you made, the newest first."""
    settings = load_settings({"library": library, "limit": limit})
    with open_library(settings) as opened:
        changes = opened.tags.history(settings.limit)
    print_history(changes, form)
    return 0


@tag.command(
    epilog="""\b
Examples:
  imsearch tag review              one picture of every tag first, the most doubtful at the top
  imsearch tag review dog -n 50    only the dogs
"""
)
@click.argument("word", default="")
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Print at most N tags (default: 20).")
@format_option("table", "json")
@library_option
def review(word: str, limit: int | None, form: str, library: Path | None) -> int:
    """List the tags that annotators are most in doubt about.

    Their probability is closest to the annotator's confidence threshold, so that your answers are most informative.
    Tags you have judged are left out.
    """
    with open_library(load_settings({"library": library, "limit": limit})) as opened:
        doubts = opened.tags.review(word)
        why_none = "" if doubts else _why_no_doubts(opened, word)
    print_review(doubts, form, why_none)
    return 0


def _why_no_doubts(library: Library, word: str) -> str:
    if not library.health.status().images:
        fill = command_line("index", library.settings)
        return f'The library is empty. Fill it with "{fill} FOLDER".'
    if word and library.tags.never_asked(word):
        return f"{printable(word)} is not asked about: the annotators never show it. It only helps ranking."
    if judged := library.tags.judged_doubts(word):
        return f"You have judged all that was in doubt: {count(judged, 'tag')}."
    return "There is no tag in doubt."


@contextmanager
def _correcting_in(library: Path | None) -> Iterator[Library]:
    """Open the library for corrections: read-only, since they need not wait for a run that holds the lock."""
    with open_library(load_settings({"library": library})) as opened:
        yield opened


def _tell_renaming(done: Renaming) -> int:
    old, images = ", ".join(map(printable, done.tags)), count(done.images, "picture")
    if done.tags == (done.name,):
        say(f"{old}: has its own name again, on {images}.")
    else:
        say(f"{old}: called {printable(done.name)} now, on {images}.")
    return 0


def _tell_unknown(asked: Asked) -> None:
    for picture in asked.unknown[:20]:
        say(f"{printable(picture)} is not in the library and was left out.")
    if len(asked.unknown) > 20:
        say(f"So were {len(asked.unknown) - 20} more.")
