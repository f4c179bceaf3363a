"""``imsearch library copy``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from imsearch.cli.common import LibraryPlace, count, say
from imsearch.cli.output import printable
from imsearch.cli.progress import CopyingProgress
from imsearch.locations import shown
from imsearch.settings import load_settings

_PLACE = LibraryPlace(path_type=Path, file_okay=False)


@click.group()
def library() -> None:
    """Move a library between a folder and a PostgreSQL database."""


@library.command(
    epilog="""\b
Examples:
  imsearch library copy library copied-library        from a folder to another one
"""
)
@click.argument("source", type=_PLACE, metavar="FROM")
@click.argument("target", type=_PLACE, metavar="TO")
def copy(source: Path | str, target: Path | str) -> int:
    """Copy the library at FROM to TO, each a folder or the URL of a PostgreSQL database.

    TO must be new or empty.  FROM is only read.  The whole catalog is copied, including corrections and
    their history, and compared row by row; then the indexes are built.  An interrupted copy is resumed by the same
    command; until it is complete, no other command accepts TO as a library.  The pictures stay where they are.
    """
    from imsearch.library.copying import copy_library

    began = time.monotonic()
    with CopyingProgress() as progress:
        copied = copy_library(source, target, load_settings({"library": target}), progress)
    seconds = time.monotonic() - began
    before = copied.rows - copied.copied
    and_before = f" ({before:,} were there)" if before else ""
    say(f"Copied {count(copied.copied, 'row')}{and_before} to {printable(shown(target))} in {seconds:,.1f} s.")
    say(f"The same: {count(copied.tables, 'table')}, {count(copied.rows, 'row')} compared.")
    return 0
