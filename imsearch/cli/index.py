"""``imsearch index``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imsearch.cli.common import annotator_option, count, device_option, library_option, open_library, say
from imsearch.cli.output import make_table, print_json, print_table, tell_failure
from imsearch.errors import ImsearchError
from imsearch.settings import Settings, load_settings
from imsearch.system.foreign import foreign
from imsearch.views.run_words import tell_left_out, tell_not_read

if TYPE_CHECKING:
    from imsearch.indexer.profile import Profile
    from imsearch.indexer.report import Report
    from imsearch.indexer.run import Run
    from imsearch.specs import AnnotatorSpec

TOLD = 20
"""Maximum number of failures printed; ``imsearch status`` and ``--json`` list all."""


@click.command(
    epilog="""\b
Examples:
  imsearch index ~/Pictures                 everything below the folder
  imsearch index a.jpg b.png holiday/       files and folders
  imsearch index                            the folders it was given before
  imsearch index ~/Pictures --exclude drafts/ --exclude "*.gif"
  imsearch index ~/Pictures --annotator everyday --device cpu

Run it again whenever pictures were added, moved or deleted: only what is new is looked at.
""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@annotator_option
@device_option
@click.option("--batch-size", type=click.IntRange(min=1), metavar="N", help="Pictures a model sees at once.")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Pictures read at once.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="GLOB",
    help='Leave out what matches, as in a .gitignore file: "*.png", "drafts/"; may be given again.',
)
@click.option(
    "--forget-missing", is_flag=True, help="Remove pictures of folders that are not there or empty (a lost disk)."
)
@click.option("--ray", "address", metavar="ADDRESS", help="Read and annotate on a Ray cluster: HOST:PORT, or auto.")
@click.option("--ship-bytes", is_flag=True, help="With --ray: send the files to machines that do not see them.")
@click.option(
    "--profile",
    "with_profile",
    is_flag=True,
    help="Print how long each stage took, and which one all others waited for; --json has it anyway.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@library_option
def index(
    paths: tuple[Path, ...],
    exclude: tuple[str, ...],
    forget_missing: bool,
    address: str | None,
    ship_bytes: bool,
    with_profile: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Tag and index pictures and folders; without a PATH, the folders that were indexed before.

    A run can be stopped with Ctrl-C at any time; the next one continues where it was.  Exit code 1 when a picture
    failed.
    """
    from imsearch.cli.leaving import leaving_at_once
    from imsearch.cli.progress import IndexingProgress
    from imsearch.engine.query.keys import KEYS
    from imsearch.engine.stores.registry import is_library
    from imsearch.indexer.exclusions import Exclusions
    from imsearch.indexer.interrupt import sigterm_is_ctrl_c
    from imsearch.plugins.manager import make_manager

    settings = load_settings(flags)
    # Report mistakes before creating a library.
    Exclusions(settings.exclude, exclude)
    if ship_bytes and not address:
        raise click.UsageError("--ship-bytes is for --ray ADDRESS.")
    plugins = make_manager()
    specs = plugins.choose(settings.annotators)
    plugins.query_keys(KEYS.names)  # so that the run tells of names that are in use
    known = is_library(settings.library)
    for path in paths or settings.folders:
        if not known and not os.path.lexists(path):
            raise ImsearchError(f"{path} does not exist. Check the path; nothing was indexed.")
    opened = open_library(settings, write=True, create=bool(paths or settings.folders), plugins=plugins)
    elsewhere = nullcontext() if address is None else _on_ray(address, specs, settings, paths, ship_bytes)
    progress = IndexingProgress()
    try:
        with (
            sigterm_is_ctrl_c(),
            elsewhere as cluster,
            opened as library,
            leaving_at_once(),
            progress,
            foreign(),
        ):
            report = library.runs.index(
                paths, observer=progress, forget_missing=forget_missing, exclude=exclude, cluster=cluster
            )
    finally:  # also of a run that was stopped
        if with_profile and not as_json and progress.profile is not None:
            _print_profile(progress.profile)
    if as_json:
        print_json(_record(report))
    _summarize(report, progress.tells_failures)
    return 0 if report.complete else 1


def _on_ray(
    address: str, specs: Sequence[AnnotatorSpec], settings: Settings, paths: Sequence[Path], ship_bytes: bool
) -> AbstractContextManager[Callable[..., Run]]:
    """Workers of a Ray cluster, found and greeted before the library is opened."""
    try:
        from imsearch.indexer.ray import on_ray
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ImsearchError(
            "To index on a Ray cluster, install imsearch with its extra \"ray\": pip install 'imsearch-engine[ray]'"
        ) from error
    folders = [path.absolute() for path in paths or settings.folders or _remembered(settings)]
    return on_ray(address, specs, settings, list(filter(os.path.lexists, folders)), ship_bytes=ship_bytes)


def _remembered(settings: Settings) -> Sequence[Path]:
    """The folders that a run without a PATH brings up to date."""
    with open_library(settings) as library:
        return [folder.path for folder in library.runs.folders()]


def _print_profile(profile: Profile) -> None:
    from imsearch.views.profile_words import profile_rows, tell_bound, tell_busy

    table = make_table("stage", ">seconds", ">ms a picture", ">share")
    for row in profile_rows(profile):
        table.add_row(*row)
    print_table(table)
    click.echo(f"At work: {tell_busy(profile)}")
    click.echo(tell_bound(profile))


def _summarize(report: Report, failures_told: bool) -> None:
    """Print what was done and what was not."""
    from imsearch.pictures.kinds import RAW
    from imsearch.pictures.raw import HOW_TO_READ

    if report.failures and not failures_told:
        say(f"{count(len(report.failures), 'failure')}:")
        for failure in report.failures[:TOLD]:
            say(f"  {tell_failure(failure)}")
        if len(report.failures) > TOLD:
            say(f'  and {len(report.failures) - TOLD:,} more; "imsearch status --failures" lists them.')
    if report.missing:
        say("If the missing pictures are gone for good, --forget-missing removes them from the library.")
    if not_read := tell_not_read(report.not_read):
        say(f"Not read: {not_read}.{f' {HOW_TO_READ}.' if RAW.name in report.not_read else ''}")
    if left_out := tell_left_out(report.left_out.counts()):
        say(f'Left out by rules: {left_out}; "imsearch index --json" tells which.')
    if report.excluded:
        are, were = ("is", "was") if report.excluded == 1 else ("are", "were")
        say(f"{count(report.excluded, 'picture')} that {are} left out now {were} removed from the library.")
    say(_counts(report))


_COUNTED = {
    "new": "new",
    "updated": "updated",
    "touched": "checked and found unchanged",
    "copied": "copied",
    "moved": "moved",
    "removed": "removed",
    "unchanged": "unchanged",
    "failed": "failed",
}


def _counts(report: Report) -> str:
    """Return one sentence: ``12 new, 3 unchanged; 12 annotated in 4.2 s (2.9 a second).``"""
    done = ", ".join(f"{number:,} {words}" for kind, words in _COUNTED.items() if (number := getattr(report, kind)))
    if not done:
        return _nothing(report)
    if report.reread:
        done += f"; date, camera, place and texts of {report.reread:,} read again"
    if not report.annotated:
        return f"{done}."
    return f"{done}; {report.annotated:,} annotated in {report.seconds:.1f} s ({report.files_per_second:.1f} a second)."


def _nothing(report: Report) -> str:
    from imsearch.pictures.formats import SUFFIXES

    if report.missing or report.unreadable:
        return "Nothing was indexed."
    endings = ", ".join(sorted(ending[1:] for ending in SUFFIXES))
    return f"No pictures found. Pictures are files whose names end in {endings}."


def _record(report: Report) -> dict[str, Any]:
    from imsearch.indexer.profile import profile_record

    files = ("new", "updated", "touched", "copied", "moved", "unchanged", "removed", "excluded", "failed")
    return {
        **{name: getattr(report, name) for name in ("found", *files, "annotated", "reread", "read")},
        "bytes_read": report.bytes_read,
        "seconds": round(report.seconds, 3),
        "failures": [
            {"path": str(failure.path), "annotator": failure.annotator or None, "reason": failure.reason}
            for failure in report.failures
        ],
        "missing": [str(folder) for folder in report.missing],
        "unreadable": [str(folder) for folder in report.unreadable],
        "broken": dict(report.broken),
        "not_read": {kind: dict(endings) for kind, endings in report.not_read.items()},
        "left_out": {
            **report.left_out.counts(),
            "paths": [{"path": str(path), "reason": str(reason)} for path, reason in report.left_out.listed()],
        },
        "profile": profile_record(report.profile),
    }
