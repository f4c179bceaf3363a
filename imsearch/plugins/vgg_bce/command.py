"""``imsearch wordcloud``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.errors import ImsearchError, PictureError, PluginError
from imsearch.settings import load_settings
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from imsearch.records import Tag
    from imsearch.specs import AnnotatorSpec


@click.command(
    epilog="""\b
Examples:
  imsearch wordcloud photo.jpg
  imsearch wordcloud photo.jpg --annotator vgg-bce --output cloud.svg
""",
)
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--annotator", "annotators", multiple=True, metavar="NAME", help="Whose tags; may be given again.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it; .png or .svg (default: IMAGE's name with -cloud.png, in the current folder).",
)
@click.option("--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N (default: auto).")
def wordcloud(image: Path, annotators: tuple[str, ...], output: Path | None, device: str | None) -> int:
    """Draw the tags of a picture as a cloud of words, each as large as it is likely."""
    from imsearch.cloud import FORMATS, draw_cloud, likeliest  # with NumPy, which the help does without
    from imsearch.plugins.manager import make_manager
    from imsearch.training.device import choose_device

    output = output or Path(f"{image.stem}-cloud.png")
    form = output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise ImsearchError(f"--output wants a file name that ends in .png or .svg, not {output}")
    if not output.parent.is_dir():
        raise ImsearchError(f"The folder {output.parent} for the word cloud does not exist")
    if output.exists() and image.exists() and output.samefile(image):
        raise ImsearchError(f"{output} is the picture itself; choose another --output")
    settings = load_settings({"annotators": annotators, "device": device})
    manager = make_manager()
    specs = manager.choose(settings.annotators)
    for problem in manager.problems():
        click.echo(problem, err=True)
    if not specs:
        raise PluginError('no annotator is installed that works. "imsearch plugins" tells more.')
    tags = [tag for spec in specs for tag in _said(spec, image, str(choose_device(settings.device)))]
    output.write_bytes(draw_cloud(likeliest(tags), form))
    click.echo(str(output))
    return 0


def _said(spec: AnnotatorSpec, file: Path, device: str) -> Sequence[Tag]:
    """The tags of one annotator for one file, without those that are never shown."""
    from imsearch.pictures.picture import read_picture
    from imsearch.plugins.problems import annotation_problems

    try:
        picture = read_picture(file, spec.input_size)
    except PictureError as error:
        raise PictureError(f"{file}: {error}") from error
    try:
        with foreign(), closing(spec.factory(device)) as annotator:
            (annotation,) = annotator.annotate([annotator.prepare(picture)])
            problems = annotation_problems(spec, annotation)
    except BaseException as error:
        if is_ctrl_c(error) or isinstance(error, ImsearchError):
            raise
        raise PluginError(f"the annotator {spec.name} failed: {reason(error)}") from error
    if problems:
        raise PluginError(f"the annotator {spec.name} breaks its contract: {problems[0]}")
    return [tag for tag in spec.marked(annotation.tags) if not spec.hides(tag.name)]
