"""The root command: knows the commands by name, and imports one only when it is used."""

from __future__ import annotations

from importlib import import_module

import click

from imsearch import __version__

COMMANDS = {
    "index": "imsearch.cli.index:index",
    "query": "imsearch.cli.query:query",
    "similar": "imsearch.cli.query:similar",
    "duplicates": "imsearch.cli.duplicates:duplicates",
    "serve": "imsearch.cli.serve:serve",
    "show": "imsearch.cli.show:show",
    "tags": "imsearch.cli.show:tags",
    "tag": "imsearch.cli.tag:tag",
    "annotate": "imsearch.cli.annotate:annotate",
    "status": "imsearch.cli.maintain:status",
    "verify": "imsearch.cli.maintain:verify",
    "rebuild": "imsearch.cli.maintain:rebuild",
    "annotators": "imsearch.cli.annotators:annotators",
    "plugins": "imsearch.cli.plugins:plugins",
    "train": "imsearch.cli.train:train",
    "evaluate": "imsearch.cli.evaluate:evaluate",
}
"""Our own commands in the order of the help: what is used daily comes first."""


class Root(click.Group):
    """A group whose commands are loaded on demand, so that a query does not wait for what only training needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *sorted(_from_plugins(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].partition(":")
            command: click.Command = getattr(import_module(module), name)
            return command
        return _from_plugins(ctx).get(cmd_name)


def _from_plugins(ctx: click.Context) -> dict[str, click.Command]:
    """The commands that plugins add; plugins are loaded only when the help or an unknown name asks for them."""
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
    """Tag your pictures by themselves, and find them by words.

    Run "imsearch COMMAND --help" for what a command can do.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
