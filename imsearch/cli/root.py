"""The root command: knows its commands by name, and imports each one on first use."""

from __future__ import annotations

import gc
from importlib import import_module

import click

from imsearch import __version__
from imsearch.cli.leaving import second_ctrl_c_leaves
from imsearch.cli.stdout import given_away
from imsearch.system.doing import Doing

COMMANDS = {
    "index": "imsearch.cli.index:index",
    "query": "imsearch.cli.query:query",
    "similar": "imsearch.cli.query:similar",
    "duplicates": "imsearch.cli.duplicates:duplicates",
    "serve": "imsearch.cli.serve:serve",
    "show": "imsearch.cli.show:show",
    "tags": "imsearch.cli.tags:tags",
    "tag": "imsearch.cli.tag:tag",
    "annotate": "imsearch.cli.annotate:annotate",
    "status": "imsearch.cli.maintain:status",
    "verify": "imsearch.cli.maintain:verify",
    "rebuild": "imsearch.cli.maintain:rebuild",
    "library": "imsearch.cli.library:library",
    "annotators": "imsearch.cli.annotators:annotators",
    "plugins": "imsearch.cli.plugins:plugins",
    "train": "imsearch.cli.train:train",
    "evaluate": "imsearch.cli.evaluate:evaluate",
}
"""Our own commands in the order of the help: those for daily use come first."""
BRIEF = frozenset(("query", "similar", "duplicates", "show", "tags", "status", "verify", "annotators", "plugins"))
"""Commands that look something up: they are over soon, and nothing but their results outlives them."""


class Root(click.Group):
    """A group that loads its commands on demand, so that a query does not wait for imports of training."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(_from_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        return _from_plugins(ctx).get(cmd_name)

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
