"""The root command: knows its commands by name, and imports each one on first use."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import NamedTuple

import click

from imsearch import __version__
from imsearch.cli.leaving import second_ctrl_c_leaves
from imsearch.cli.stdout import given_away
from imsearch.system.doing import Doing


class Own(NamedTuple):
    """A command of the program: the place of its function, and its summary in the help, which so need not import it."""

    place: str
    summary: str


COMMANDS = {
    "index": Own(
        "imsearch.cli.index:index",
        "Tag and index pictures and folders; without a PATH, the folders that were indexed before.",
    ),
    "query": Own("imsearch.cli.query:query", "Find pictures by words."),
    "similar": Own("imsearch.cli.query:similar", "Find pictures that look like IMAGE."),
    "duplicates": Own("imsearch.cli.duplicates:duplicates", "Find copies of the same picture."),
    "serve": Own("imsearch.cli.serve:serve", "Serve web pages and a JSON API for the library."),
    "show": Own("imsearch.cli.show:show", "Show everything known about one picture."),
    "tags": Own("imsearch.cli.tags:tags", "List the tags in use."),
    "tag": Own("imsearch.cli.tag:tag", "Correct tags: add, confirm, reject, rename them."),
    "annotate": Own("imsearch.cli.annotate:annotate", "Tag pictures without indexing them."),
    "status": Own("imsearch.cli.maintain:status", "Show the contents of the library, its location, and failures."),
    "verify": Own("imsearch.cli.maintain:verify", "Check the integrity and consistency of catalog and indexes."),
    "rebuild": Own("imsearch.cli.maintain:rebuild", "Rebuild the indexes from the catalog."),
    "library": Own("imsearch.cli.library:library", "Move a library between a folder and a PostgreSQL database."),
    "annotators": Own("imsearch.cli.annotators:annotators", "List the annotators whose tags the library holds."),
    "plugins": Own("imsearch.cli.plugins:plugins", "List the installed plugins."),
    "train": Own("imsearch.cli.train:train", "Run the training recipe NAME."),
    "evaluate": Own("imsearch.cli.evaluate:evaluate", "Evaluate the annotator NAME on labelled pictures."),
}
"""Our own commands in the order of the help: those for daily use come first."""
BRIEF = frozenset(("query", "similar", "show", "tags", "status", "annotators", "plugins"))
"""Commands that look something up: they are over soon, and nothing but their results outlives them."""


class Root(click.Group):
    """A group that loads its commands on demand, so that a query does not wait for imports of training."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(_from_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].place.partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        return _from_plugins(ctx).get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries of all commands; imports none of our own."""
        room = formatter.width - 6 - max(map(len, self.list_commands(ctx)))  # as click does
        commands = {name: click.Command(name, help=own.summary) for name, own in COMMANDS.items()}
        commands |= dict(sorted(_from_plugins(ctx).items()))
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(room)) for name, command in commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run; one of a plugin may print as it likes."""
        name, command, rest = super().resolve_command(ctx, args)
        doing = ctx.find_object(Doing)
        if doing is not None and doing.of_process and name in BRIEF:
            gc.disable()  # it would take a tenth of a query, looking at modules, which stay
            doing.look_up()
        if command is not None and name not in COMMANDS and not _comes_along(command):
            ctx.with_resource(given_away())
        elif doing is not None and doing.of_process and name != "serve":  # it handles signals itself
            ctx.with_resource(second_ctrl_c_leaves(doing))
        return name, command, rest


def _comes_along(command: click.Command) -> bool:
    """Return True for a command of one of our own plugins."""
    return (getattr(command.callback, "__module__", None) or "").startswith("imsearch.")


def _from_plugins(ctx: click.Context) -> dict[str, click.Command]:
    """Return the commands of plugins; plugins are loaded only for the help or an unknown name."""
    if _from_plugins.__name__ not in ctx.meta:
        from imsearch.plugins.manager import make_manager

        ctx.meta[_from_plugins.__name__] = make_manager().commands(taken=COMMANDS)
    commands: dict[str, click.Command] = ctx.meta[_from_plugins.__name__]
    return commands


EXAMPLES = """\b
First steps:
  imsearch index ~/Pictures           tag and index a folder of pictures
  imsearch query sunset mountain      find pictures by words
  imsearch similar beach.jpg          find pictures that look alike
"""


@click.command(
    cls=Root,
    epilog=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="imsearch %(version)s")
@click.pass_context
def root(context: click.Context) -> None:
    """Tag your pictures automatically, and find them by words.

    Run "imsearch COMMAND --help" for what a command can do.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
