"""``imsearch annotators``: list the annotators with tags in the library, and forget one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.cli.common import count, format_option, library_option, open_library, say
from imsearch.cli.output import make_table, print_json, print_table, printable
from imsearch.errors import ImsearchError
from imsearch.settings import load_settings
from imsearch.views.as_json import annotators_record

if TYPE_CHECKING:
    from imsearch.engine.stores.annotator_status import AnnotatorStatus


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  imsearch annotators                        whose tags the library holds
  imsearch annotators forget old-model       leave out all that one said
  imsearch annotators restore old-model     undo that
""",
)
@format_option("table", "json")
@library_option
@click.pass_context
def annotators(context: click.Context, form: str, library: Path | None) -> int:
    """List the annotators whose tags the library holds.

    Prints for each if it is still installed, the number of pictures it has annotated, the number of tags it shows, and
    the length of its vectors.  "imsearch plugins" lists what is installed.
    """
    context.obj = library
    if context.invoked_subcommand is not None:
        return 0
    with open_library(load_settings({"library": library})) as opened:
        found, installed = opened.annotators.held(), opened.annotators.installed()
    if form == "json":
        print_json(annotators_record(found, installed))
    elif found:
        _print(found, installed)
    else:
        say("No annotator has tagged pictures of this library yet.")
    return 0


@annotators.command(
    epilog="""\b
Examples:
  imsearch annotators forget old-model
  imsearch annotators forget old-model --yes      without confirmation
"""
)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@library_option
@click.pass_obj
def forget(above: Path | None, name: str, yes: bool, library: Path | None) -> int:
    """Remove the results of an annotator.

    Its tags and vectors disappear from results and pages at once; the next "imsearch index" deletes them for good, and
    "imsearch annotators restore" undoes it until then.  Your own corrections stay.  A run that uses the annotator
    restores it, too.  Exit code 1 when the question is answered with no.
    """
    with open_library(load_settings({"library": library or above})) as opened:
        known = [each for each in opened.annotators.held() if each.name == name and not each.forgotten]
        if known and not yes and not _agreed(known):
            say("Nothing was changed.")
            return 1
        images = opened.annotators.forget(name)
        installed = name in opened.annotators.installed()
    say(
        f"{printable(name)} is forgotten; {count(images, 'picture')} had tags or vectors of it. The next run removes "
        f'them for good. Until then "imsearch annotators restore {printable(name)}" takes it back.'
    )
    if installed:
        say("It is installed: a run that uses it restores it. The setting annotators says which ones run.")
    return 0


@annotators.command(
    epilog="""\b
Examples:
  imsearch annotators restore old-model
"""
)
@click.argument("name")
@library_option
@click.pass_obj
def restore(above: Path | None, name: str, library: Path | None) -> int:
    """Undo "forget", until the next run."""
    with open_library(load_settings({"library": library or above})) as opened:
        images = opened.annotators.restore(name)
    say(f"{printable(name)} is heard again, on {count(images, 'picture')}.")
    return 0


def _agreed(known: list[AnnotatorStatus]) -> bool:
    """Return the user's answer; raises ImsearchError without a terminal."""
    name, images = printable(known[0].name), sum(each.images for each in known)
    if not sys.stdin.isatty():
        raise ImsearchError(
            f"Nothing was changed: forgetting {name} would leave out its tags on {count(images, 'picture')}, and "
            "there is no terminal to ask. Add --yes if that is wanted."
        )
    return click.confirm(f"Leave out all that {name} said of {count(images, 'picture')}?", err=True)


def _print(found: tuple[AnnotatorStatus, ...], installed: frozenset[str]) -> None:
    table = make_table("annotator", "version", ">pictures", ">tags", ">vector length", "")
    for each in found:
        table.add_row(
            printable(each.name),
            printable(each.version),
            f"{each.images:,}",
            f"{each.tags:,}",
            f"{each.vector_length:,}" if each.vector_length else "",
            each.state(each.name in installed),
        )
    print_table(table)
