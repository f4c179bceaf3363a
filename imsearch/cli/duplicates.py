"""``imsearch duplicates``: pictures that are copies of one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imsearch.cli.common import count, format_option, library_option, limit_option, nul_option, open_library, say
from imsearch.cli.output import (
    make_table,
    near,
    print_json,
    print_paths,
    print_table,
    printable,
    shorten,
    terminal_width,
)
from imsearch.settings import load_settings

if TYPE_CHECKING:
    from imsearch.engine.search.duplicates import Group


@click.command(
    epilog="""\b
Examples:
  imsearch duplicates                       groups of copies, those that waste most space first
  imsearch duplicates holiday/ -n 100       with a copy in this folder
  imsearch duplicates --exact               files with the very same bytes only
  imsearch duplicates --rest -0 | xargs -0 mv -t /tmp/look-at-these/
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@limit_option
@click.option(
    "--threshold",
    type=click.FloatRange(0.1, 1),
    metavar="S",
    help="Minimum similarity of copies (default: 0.26); higher values find fewer, surer ones.",
)
@click.option("--exact", is_flag=True, help="Only files with the very same bytes.")
@click.option("--rest", is_flag=True, help="With paths: leave out the best copy of each group.")
@format_option("table", "json", "paths")
@nul_option
@library_option
def duplicates(
    paths: tuple[Path, ...],
    limit: int | None,
    threshold: float | None,
    exact: bool,
    rest: bool,
    form: str,
    nul: bool,
    library: Path | None,
) -> int:
    """Find copies of the same picture.

    Groups copies that were scaled, compressed, slightly cropped, rotated, mirrored or recoloured, and files with the
    same bytes.  The best copy of a group comes first: most pixels, then most bytes, then the earliest.  Missing or
    changed files are not copies, nor are links and other names of one file.  With --rest, every file is read again
    before it is listed.  Nothing is deleted.  With PATH, lists groups with a copy in these folders.  Exit code 1 when
    there is none.
    """
    settings = load_settings({"library": library, "limit": limit})
    with open_library(settings) as opened:
        groups = opened.search.duplicates(paths, threshold=threshold, exact=exact)
    page = groups[: settings.limit]
    if nul or form == "paths":
        print_paths(_rest(page) if rest else (file.path for group in page for _, file in group.files), nul)
    elif form == "json":
        print_json({"total": len(groups), "groups": [_record(group) for group in page]})
    elif page:
        _print_groups(page)
    if not groups:
        say("No copies found.")
    elif len(page) < len(groups):
        say(f"1 to {len(page)} of {count(len(groups), 'group')}; -n prints more.")
    return 0 if groups else 1


def _rest(groups: Sequence[Group]) -> Iterator[Path]:
    """Yield all files but the best of each group, once they were verified by their hashes."""
    from imsearch.engine.search.duplicates import rest_of

    doubtful = 0
    for group in groups:
        found = rest_of(group)
        doubtful += len(found.doubtful)
        yield from found.files
    if doubtful:
        say(f"{count(doubtful, 'file')} left out: no longer what was indexed. Index again, then repeat the command.")


def _print_groups(groups: Sequence[Group]) -> None:
    table = make_table(">similarity", ">pixels", ">bytes", "picture")
    table.columns[3].no_wrap = True
    room = max(24, terminal_width() - 42)
    for group in groups:
        for line in _lines(group):
            table.add_row(*line[:3], shorten(printable(near(line[3])), room))
        table.add_section()
    print_table(table)


def _lines(group: Group) -> Iterator[tuple[str, str, str, Path]]:
    for number, copy in enumerate(group.copies):
        image = copy.image
        for again, file in enumerate(copy.files):
            told = "same bytes" if again else f"{copy.similarity:.2f}" if number else "best"
            yield told, f"{image.width} x {image.height}", f"{image.bytes:,}", file.path


def _record(group: Group) -> dict[str, Any]:
    return {
        "spare_bytes": group.spare_bytes,
        "images": [
            {
                "id": copy.image.id,
                "path": str(copy.files[0].path),
                "files": [str(file.path) for file in copy.files],
                "similarity": round(copy.similarity, 4),
                "width": copy.image.width,
                "height": copy.image.height,
                "format": copy.image.format,
                "bytes": copy.image.bytes,
                "taken_at": copy.image.taken_at.isoformat() if copy.image.taken_at else None,
            }
            for copy in group.copies
        ],
    }
