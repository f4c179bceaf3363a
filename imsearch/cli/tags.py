"""``imsearch tags``: list the tags, and define tags by phrases."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from imsearch.cli.common import count, format_option, library_option, open_library, say
from imsearch.cli.output import make_table, print_json, print_table, printable
from imsearch.settings import command_line, load_settings
from imsearch.views.as_json import definitions_record, tags_record


class ListOrDo(click.Group):
    """A group that lists by default, taking a word that is none of its commands as the argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] in self.commands:
            return super().parse_args(ctx, ["", *args])  # no word
        ctx.allow_interspersed_args = True  # options may follow the word
        return super().parse_args(ctx, args)


@click.group(
    cls=ListOrDo,
    invoke_without_command=True,
    epilog="""\b
Examples:
  imsearch tags                          all of them, the most frequent first
  imsearch tags bea                      those that begin with "bea"
  imsearch tags --by user                those that you gave yourself
  imsearch tags define "birthday cake"   a tag of your own that finds pictures by itself
""",
)
@click.argument("word", default="")
@click.option(
    "--by", default="", metavar="NAME", help='Only the tags of this annotator, or of "user", or of "defined" ones.'
)
@format_option("table", "json")
@library_option
@click.pass_context
def tags(context: click.Context, word: str, by: str, form: str, library: Path | None) -> int:
    """List the tags in use.

    Prints how many pictures show each, the most frequent first.  With WORD, lists those that begin with it.
    """
    context.obj = library
    if context.invoked_subcommand is not None:
        return 0
    with open_library(load_settings({"library": library})) as opened:
        counts = opened.tags.counts(word, by)
    if form == "json":
        print_json(tags_record(counts))
    elif counts:
        table = make_table("tag", ">pictures")
        for name, number in counts:
            table.add_row(printable(name), f"{number:,}")
        print_table(table)
    else:
        whose = f" of {by}" if by else ""
        say(f"No tag{whose} begins with {word!r}." if word else f"The library has no tags{whose} yet.")
    return 0


@tags.command(
    epilog="""\b
Examples:
  imsearch tags define "birthday cake"
  imsearch tags define grandpas-boat --as "a small white sailing boat"
  imsearch tags define                   lists what is defined
"""
)
@click.argument("name", default="")
@click.option("--as", "text", default="", metavar="TEXT", help="What the tag stands for, where its name does not say.")
@format_option("table", "json")
@library_option
@click.pass_obj
def define(above: Path | None, name: str, text: str, form: str, library: Path | None) -> int:
    """Define the tag NAME by its own words, or by TEXT, on all pictures.

    Every picture of the library is compared with the text, and those that match well get the tag, as do pictures
    indexed later.  No model is run again.  Without NAME, lists the definitions.
    """
    with open_library(load_settings({"library": library or above})) as opened:
        found = (opened.tags.define(name, text),) if name else opened.tags.definitions()
        review = command_line("tag review", opened.settings)
    if form == "json":
        print_json(definitions_record(found))
    elif name:
        each = found[0]
        more = f", perhaps on {each.perhaps:,} more" if each.perhaps else ""
        say(f"{printable(each.name)}: shown on {count(each.shown, 'picture')}{more}.")
        if each.perhaps:
            say(f'"{review} {printable(shlex.quote(each.name))}" asks about the doubtful ones.')
    elif found:
        table = make_table("tag", ">pictures", ">perhaps", "stands for")
        for each in found:
            table.add_row(printable(each.name), f"{each.shown:,}", f"{each.perhaps:,}", printable(each.text))
        print_table(table)
    else:
        say("No tag is defined by a phrase yet.")
    return 0


@tags.command(
    epilog="""\b
Examples:
  imsearch tags undefine "birthday cake"
"""
)
@click.argument("name")
@library_option
@click.pass_obj
def undefine(above: Path | None, name: str, library: Path | None) -> int:
    """Remove the definition of the tag NAME, and the tag from all pictures; your own corrections stay."""
    with open_library(load_settings({"library": library or above})) as opened:
        shown = opened.tags.undefine(name)
    say(f"{printable(name)} is no longer defined; {count(shown, 'picture')} showed it.")
    return 0
