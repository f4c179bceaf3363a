"""``imsearch train``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from imsearch.cli.common import calling_plugin, dataset_option, device_option, library_option, say
from imsearch.cli.datasets import open_dataset
from imsearch.errors import ImsearchError
from imsearch.settings import load_settings
from imsearch.system.refusals import refused, what_refuses


@click.command(
    epilog="""\b
Examples:
  imsearch train everyday --dataset corel5k:data/corel5k --dataset flickr8k:data/flickr8k_224 \\
      --dataset coco:data/coco_mini
  imsearch train everyday --dataset corel5k:data/corel5k --set epochs=5 --output runs/quick
  imsearch train multimodal --dataset library: --output runs/mine
""",
)
@click.argument("name")
@dataset_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Checkpoints, plots and weights go here (default: runs/NAME).",
)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Same seed, same weights.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A setting of the recipe.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Cache outputs of frozen layers here, for other runs too (default: maps in the output folder).",
)
@click.option("--fresh", is_flag=True, help="Start over; deletes the checkpoint and weights in the output folder.")
@library_option
@device_option
def train(
    name: str,
    datasets: tuple[str, ...],
    output: Path | None,
    seed: int,
    assignments: tuple[str, ...],
    cache: Path | None,
    fresh: bool,
    library: Path | None,
    device: str | None,
) -> int:
    """Run the training recipe NAME.

    An interrupted run is resumed after its last finished epoch when it is started again with the same output folder,
    pictures, labels and settings; with others it is refused.

    The dataset "library:" consists of your corrections in your library: tags that you added or accepted, and those that
    you rejected.
    """
    from imsearch.cli.progress import TrainingProgress
    from imsearch.plugins.manager import make_manager
    from imsearch.training.device import choose_device
    from imsearch.training.identity import keep, refuse_other
    from imsearch.training.run import Run

    recipe = make_manager().recipe(name)
    options = dict(_assignment(text) for text in assignments)
    folder = output or Path("runs") / name
    settings = load_settings({"device": device, "library": library})
    loaded = [open_dataset(spec, settings) for spec in datasets]
    where = choose_device(settings.device)
    folder.mkdir(parents=True, exist_ok=True)
    recipe_runs = calling_plugin(f"the training recipe {name}")
    with TrainingProgress() as progress, recipe_runs, _refusals_told(folder):
        run = Run(folder, loaded, where, seed, options, progress, cache, recipe.name, recipe.version(), fresh)
        if not fresh:
            refuse_other(folder, run.identity, settings=False)
        weights = recipe.run(run)
        keep(folder, run.identity)
    say("Training is done. The weights:")
    click.echo(str(weights))
    _tell_next(name, weights)
    return 0


def _tell_next(recipe: str, weights: Path) -> None:
    """Print the command that uses the weights; nothing if a recipe writes no annotator's weights."""
    if not weights.with_suffix(".json").exists():
        return
    folder = weights.parent
    name = folder.name.lower() if folder.name.lower() != recipe else f"my-{recipe}"
    say("Use them once, or keep them:")
    say(f"  imsearch index PICTURES --annotator {shlex.quote(f'{name}={weights}')}")
    say(f"  imsearch plugins add {shlex.quote(str(folder))} --name {shlex.quote(name)}")


@contextmanager
def _refusals_told(folder: Path) -> Iterator[None]:
    """Report a full disk as such: the writer of tensors says only that it failed."""
    try:
        yield
    except Exception as error:
        known = isinstance(error, ImsearchError | OSError)
        number = None if known else what_refuses(folder / "last.partial")
        if number is None:
            raise
        then = "The epochs that were stored are kept; the same command goes on after them."
        raise refused(number, folder, then) from error


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ImsearchError(f"--set wants NAME=VALUE, not {text!r}")
    return name, value
