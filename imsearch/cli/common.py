"""Shared by several commands: common options, and messages to the user."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imsearch.cli.stdout import ReaderGone
from imsearch.errors import ImsearchError, PluginError
from imsearch.languages.counting import count as count  # re-exported for the commands, next to `say`
from imsearch.settings import Settings
from imsearch.system.doing import Doing
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from imsearch.library import Library
    from imsearch.plugins.manager import PluginManager

Function = TypeVar("Function", bound=Callable[..., Any])


class LibraryPlace(click.Path):
    """The folder or URL of a library; a URL is kept as text, since a path would lose its double slash."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a path, or a URL as text."""
        return value if isinstance(value, str) and "://" in value else super().convert(value, param, ctx)


library_option = click.option(
    "--library",
    type=LibraryPlace(path_type=Path, file_okay=False),
    metavar="DIR|URL",
    help="The library's folder or URL (else IMSEARCH_LIBRARY, else the user's data folder).",
)
limit_option = click.option(
    "-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Print at most N results (default: 20)."
)
annotator_option = click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="NAME[=WEIGHTS]",
    help="Use this annotator only, or weights you trained, under a name of yours; may be given again.",
)
device_option = click.option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto).")
dataset_option = click.option(
    "--dataset",
    "datasets",
    multiple=True,
    required=True,
    metavar="KIND:PATH",
    help="Labelled pictures: their kind (folders, csv, jsonl, voc, coco-json, corel5k, flickr8k, coco, "
    "sentiment, emotion, ratings, scenes or stuff) and where they are, or library: for those that you tagged; "
    "may be given again.",
)
nul_option = click.option("-0", "nul", is_flag=True, help='Print bare paths, each followed by a NUL, for "xargs -0".')


def format_option(*formats: str) -> Callable[[Function], Function]:
    """Return the option ``--format`` with these choices; the first is the default."""
    return click.option(
        "--format", "form", type=click.Choice(formats), default=formats[0], show_default=True, help="How to print."
    )


@contextmanager
def open_library(
    settings: Settings,
    *,
    write: bool = False,
    create: bool = False,
    look: bool = False,
    plugins: PluginManager | None = None,
) -> Iterator[Library]:
    """Open the library of the settings for the duration of the context; reports any repairs.

    look: True to let queries open files, which is only for users of this machine.
    """
    from imsearch.library import Library

    with Library.open(settings=settings, write=write, create=create, look=look, plugins=plugins) as library:
        for note in library.health.notes:
            say(note)
        yield library


@contextmanager
def calling_plugin(who: str, *, checkable: str = "") -> Iterator[None]:
    """Run plugin code in the context: its output is no result, and if it exits the program, it counts as failed.

    Other exceptions are passed on, with their tracebacks for the plugin's author; but those of an annotator (checkable:
    its name) are reported in a line, since a command gives the details.
    """
    with foreign(), doing().at(f"{who} is at work"):
        try:
            yield
        except BaseException as error:
            known = isinstance(error, ImsearchError | OSError | ReaderGone) or is_ctrl_c(error)
            if known or (isinstance(error, Exception) and not checkable):
                raise
            more = f'. "imsearch plugins check {checkable}" may tell more' if checkable else ""
            raise PluginError(f"{who} failed: {reason(error)}{more}") from error


def doing() -> Doing:
    """Return the notes on work in progress of this command."""
    context = click.get_current_context(silent=True)
    return (context and context.find_object(Doing)) or Doing()


def say(message: str) -> None:
    """Print a message for the user on stderr, apart from the results."""
    click.echo(message, err=True)
