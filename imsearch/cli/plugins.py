"""``imsearch plugins`` and ``imsearch plugins check``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from imsearch.cli.common import device_option, doing, say
from imsearch.cli.output import make_table, print_json, print_table, printable
from imsearch.errors import PluginError
from imsearch.settings import load_settings
from imsearch.views.as_json import plugins_record


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  imsearch plugins                  what is installed, and what is wrong with it
  imsearch plugins check colors     try an annotator on generated pictures
  imsearch plugins add runs/mine    use weights that you trained, as annotator mine
  imsearch plugins remove mine      forget them
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> int:
    """List the installed plugins.

    Lists their annotators too, and what is wrong with those that are broken.
    """
    if context.invoked_subcommand:
        return 0
    from imsearch.engine.query.keys import KEYS
    from imsearch.plugins.manager import make_manager

    manager = make_manager()
    keys = manager.query_keys(KEYS.names)
    found = manager.plugins()
    specs = manager.offered()
    if as_json:
        print_json(plugins_record(found, specs))
        return 0
    table = make_table("plugin", "package", "version", "state")
    for each in found:
        table.add_row(each.name, each.package, each.version, printable(each.error or "works"))
    print_table(table)
    if specs:
        click.echo()
        table = make_table("annotator", "version", ">tags", ">vector", "description")
        for spec in specs:
            words = f"{len(spec.visible_vocabulary)}" if spec.vocabulary else "any"
            vector = f"{spec.vector_length or '-'}"
            table.add_row(spec.name, spec.version, words, vector, printable(spec.description))
        print_table(table)
    if keys:
        click.echo()
        table = make_table("query key", "example", "finds")
        for key in keys:
            table.add_row(f"{key.name}:", printable(key.example), printable(key.hint))
        print_table(table)
    return 0


@plugins.command()
@click.argument("name")
@device_option
def check(name: str, device: str | None) -> int:
    """Check that an annotator meets the contract; NAME is an annotator or a plugin.

    Builds the model, runs it on a few generated pictures and checks the results.  Exit code 1 when a rule is broken.
    """
    from imsearch.indexer.annotating import pick_device
    from imsearch.plugins.contract import check_annotator
    from imsearch.plugins.manager import make_manager

    manager = make_manager()
    broken = [plugin for plugin in manager.plugins() if plugin.name == name and plugin.error]
    for plugin in broken:
        say(plugin.details.rstrip())
        say(f"The plugin {plugin} is broken: {plugin.error}")
    specs = [spec for spec in manager.offered() if spec.name == name] or manager.offered(plugin=name)
    if not specs and not broken:
        raise PluginError(manager.unknown("annotator", name, [spec.name for spec in manager.offered()]))
    failed = bool(broken)
    where = pick_device(load_settings({"device": device}).device)
    for spec in specs:
        click.echo(f"{spec.name} {spec.version}")
        with doing().at(f"the annotator {spec.name} is being checked"):
            checks = check_annotator(spec, where)
        for each in checks:
            click.echo(f"  {'ok    ' if each.passed else 'BROKEN'}  {each.rule}")
            for problem in each.problems:
                click.echo(f"            {printable(problem)}")
            failed = failed or not each.passed
    return int(failed)


@plugins.command(
    epilog="""\b
Examples:
  imsearch plugins add runs/mine
  imsearch plugins add runs/vgg-bce/weights.safetensors --name mine
""",
)
@click.argument("weights", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="Name of the annotator (default: the name of the folder).")
def add(weights: Path, name: str | None) -> int:
    """Use weights that you trained as an annotator, in every library.

    WEIGHTS is the folder of a run of "imsearch train", or its weights.safetensors.  The file stays where it is; when it
    is trained again, pictures are annotated again.
    """
    from imsearch.plugins import trained
    from imsearch.plugins.manager import make_manager

    file = trained.weights_at(weights)
    item = trained.Trained(name or file.parent.name.lower(), file)
    spec = make_manager().trained_spec(item)
    trained.keep(item)
    say(f"{spec.name} is an annotator now: {spec.description}. Use it:")
    click.echo(f"imsearch index --annotator {shlex.quote(spec.name)}")
    return 0


@plugins.command(
    epilog="""\b
Example:
  imsearch plugins remove mine
"""
)
@click.argument("name")
def remove(name: str) -> int:
    """Remove weights that were added; the file stays, and so do its tags.

    "imsearch annotators forget NAME" removes the tags.
    """
    from imsearch.plugins import trained

    found = trained.drop(name)
    say(f"{name} is no longer an annotator; {found.weights} stays where it is.")
    return 0
