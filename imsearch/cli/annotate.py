"""``imsearch annotate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.cli.common import annotator_option, device_option, doing, format_option, say
from imsearch.cli.output import make_table, near, print_json, print_table, printable, shorten, terminal_width
from imsearch.settings import load_settings
from imsearch.system.foreign import foreign
from imsearch.views.as_json import annotated_record

if TYPE_CHECKING:
    from imsearch.indexer.annotating import Annotated


@click.command(
    epilog="""\b
Examples:
  imsearch annotate photo.jpg
  imsearch annotate *.jpg --annotator everyday --format json
""",
)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(path_type=Path))
@annotator_option
@format_option("table", "json")
@device_option
def annotate(images: tuple[Path, ...], annotators: tuple[str, ...], form: str, device: str | None) -> int:
    """Tag pictures without indexing them.

    The table shows the tags an annotator is sure of; JSON holds the long tail too.  Exit code 1 when a picture failed.
    """
    from imsearch.indexer.annotating import annotate_files

    settings = load_settings({"annotators": annotators, "device": device})
    with foreign():
        answers = annotate_files(images, settings, note=say, doing=doing())
    if form == "json":
        print_json({"images": [annotated_record(answer) for answer in answers]})
    else:
        _print(answers)
    return 1 if any(answer.error for answer in answers) else 0


def _print(answers: list[Annotated]) -> None:
    table = make_table("picture", "tags")
    table.columns[0].no_wrap = True
    room = max(24, terminal_width() * 45 // 100)
    for answer in answers:
        if answer.error:
            say(f"{printable(near(answer.path))}: {printable(answer.error)}")
        if answer.tags or not answer.error:
            tags = ", ".join(f"{tag.name} {tag.probability:.2f}" for tag in answer.tags if tag.shown)
            table.add_row(shorten(printable(near(answer.path)), room), tags or "nothing sure")
    if table.row_count:
        print_table(table)
