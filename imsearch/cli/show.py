"""``imsearch show``: everything the library knows about one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.cli.common import format_option, library_option, open_library
from imsearch.cli.facts import fact_lines
from imsearch.cli.output import make_table, near, print_json, print_table, printable
from imsearch.records import Image, Tag, Text
from imsearch.settings import load_settings
from imsearch.views.as_json import image_record

if TYPE_CHECKING:
    from rich.table import Table

_BARS = len(f"{'█' * 10} 1.00")
"""The width of the highest probability with its bar."""


@click.command(
    epilog="""\b
Examples:
  imsearch show holiday/beach.jpg
  imsearch show 17 --format json            by the id that JSON results hold
"""
)
@click.argument("image")
@format_option("table", "json")
@library_option
def show(image: str, form: str, library: Path | None) -> int:
    """Show everything known about one picture.

    Prints its files, when, where and with what it was taken, what people wrote about it, and every tag with its
    probability.  Tags that are not shown elsewhere, because they are too unlikely or only help ranking, are listed
    separately.  IMAGE is the path of a file or the id of an image.
    """
    with open_library(load_settings({"library": library})) as opened:
        found, tags = opened.facts.show(image)
        texts = opened.facts.texts(found)
        rejected = opened.tags.rejected(found.id)
    if form == "json":
        print_json(image_record(found, tags, texts, rejected))
    else:
        _print_image(found, tags, texts)
        if rejected:
            click.echo(f"\nYou rejected: {', '.join(map(printable, rejected))}")
    return 0


def _print_image(image: Image, tags: Sequence[Tag], texts: Sequence[Text]) -> None:
    for path in image.files:
        click.echo(printable(near(path)) + ("" if path.is_file() else " (not there)"))
    for path in image.companions:
        click.echo(f"{printable(near(path))} (raw file of the same shot)")
    click.echo(f"{image.width} x {image.height} {image.format}, {image.bytes:,} bytes")
    for line in fact_lines(image, texts):
        click.echo(line)
    click.echo(f"image {image.id}, sha256 {image.sha256}")
    _print_tags(tags)


def _print_tags(tags: Sequence[Tag]) -> None:
    """Print the shown tags; then the others, dim and without bars, so that none looks likelier than a shown one."""
    from rich.cells import cell_len

    shown, others = [tag for tag in tags if tag.shown], [tag for tag in tags if not tag.shown]
    # Aligns the columns of both.
    widest = max((cell_len(printable(tag.name)) for tag in tags), default=0)
    if shown:
        table = _tag_table(widest)
        for tag in shown:
            table.add_row(f"{'█' * round(tag.probability * 10)} {tag.probability:.2f}", printable(tag.name), tag.source)
        click.echo()
        print_table(table)
    if others:
        table = _tag_table(widest)
        table.show_header = False
        for tag in others:
            table.add_row(f"{tag.probability:.2f}", printable(tag.name), tag.source, style="dim")
        click.echo(f"\n{'Not shown elsewhere' if shown else 'No tag is shown'}: too unlikely, or only for ranking")
        print_table(table)
    if not tags:
        click.echo("\nNo tags")


def _tag_table(widest: int) -> Table:
    table = make_table(">probability", "tag", "source")
    table.columns[0].min_width, table.columns[1].min_width = _BARS, widest
    return table
