"""``imsearch status``, ``imsearch verify`` and ``imsearch rebuild``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imsearch.cli.common import count, format_option, library_option, open_library, say
from imsearch.cli.output import make_table, print_json, print_table, printable, tell_failure
from imsearch.indexer.runs import indexing_record
from imsearch.semantic import encoder_state
from imsearch.settings import Settings, config_path, load_settings
from imsearch.views.as_json import status_record
from imsearch.views.profile_words import tell_bound, tell_busy
from imsearch.views.run_words import tell_last_run, tell_left_out, tell_missing, tell_not_read, tell_progress

if TYPE_CHECKING:
    from rich.table import Table

    from imsearch.engine.review.health import Status
    from imsearch.engine.stores.annotator_status import AnnotatorStatus
    from imsearch.indexer.profile import Profile
    from imsearch.indexer.runs import LastRun, Progress
    from imsearch.records import Failure, Folder


@click.command()
@click.option("--failures", "only_failures", is_flag=True, help="List every file that failed, and why.")
@format_option("table", "json")
@library_option
def status(only_failures: bool, form: str, library: Path | None) -> int:
    """Show the contents of the library, its location, and failures."""
    settings = load_settings({"library": library})
    with open_library(settings) as opened:
        found, failures = opened.health.status(), opened.facts.failures()
        running, last, folders = opened.runs.progress(), opened.runs.last_run(), opened.runs.folders()
        space, languages = opened.search.text_space(), opened.search.languages()
        installed = opened.annotators.installed()
    if form == "json":
        encoder = encoder_state(settings.semantic)
        record = status_record(found, failures, config_path(), encoder, space, installed, languages)
        print_json(record | indexing_record(running, last, folders))
    elif only_failures:
        _print_failures(failures)
    else:
        _print_status(settings, found, failures, space, installed, languages)
        _print_runs(running, last, folders)
    return 0


@click.command()
@library_option
def verify(library: Path | None) -> int:
    """Check the integrity and consistency of catalog and indexes.  Exit code 1 when something is wrong."""
    with open_library(load_settings({"library": library})) as opened:
        problems = opened.health.verify()
    for problem in problems:
        click.echo(printable(problem))
    if problems:
        say(f'{count(len(problems), "problem")}. "imsearch rebuild" rebuilds the indexes from the catalog.')
        return 1
    say("The library is sound.")
    return 0


@click.command()
@library_option
def rebuild(library: Path | None) -> int:
    """Rebuild the indexes from the catalog.

    Never needed in normal use: damaged indexes are detected and repaired automatically.  No picture is read again.
    """
    with open_library(load_settings({"library": library}), write=True) as opened:
        opened.health.rebuild()
        images = opened.health.status().images
    say(f"The indexes are rebuilt; {count(images, 'picture')} can be found.")
    return 0


def _print_status(
    settings: Settings,
    found: Status,
    failures: tuple[Failure, ...],
    space: str,
    installed: frozenset[str],
    languages: Mapping[str, str],
) -> None:
    table = make_table("", "")
    table.show_header = False
    table.add_row("library", printable(found.place))
    table.add_row("configuration", printable(config_path()) + ("" if config_path().exists() else " (not there)"))
    table.add_row("pictures", f"{found.images:,} in {count(found.files, 'file')}")
    table.add_row("tags in use", f"{found.tags:,}")
    table.add_row("corrections", f"{found.corrections:,}")
    table.add_row("languages", printable(", ".join(languages.values())))
    table.add_row("free text", printable(space))
    table.add_row("sentence encoder", encoder_state(settings.semantic))
    table.add_row("size on disk", f"{found.bytes / 1e6:,.1f} MB")
    table.add_row("failures", f"{found.failures:,}" + (" (imsearch status --failures)" if failures else ""))
    print_table(table)
    if found.annotators:
        click.echo()
        table = make_table("annotator", "version", ">pictures", "")
        for each in found.annotators:
            table.add_row(each.name, each.version, f"{each.images:,}", each.state(each.name in installed))
        print_table(table)
        for name in sorted({each.name for each in found.annotators if _is_gone(each, installed)}):
            told = printable(name)
            say(f'{told} is no longer installed; its tags stay. "imsearch annotators forget {told}" removes them.')


def _is_gone(each: AnnotatorStatus, installed: frozenset[str]) -> bool:
    """Return True if there are tags of an annotator that can no longer run."""
    return bool(each.images) and not each.forgotten and each.name not in installed


def _print_runs(running: Progress | None, last: LastRun | None, folders: Sequence[Folder]) -> None:
    table = make_table("", "")
    table.show_header = False
    if running is not None:
        table.add_row("indexing now", f"{tell_progress(running)} (process {running.pid})")
        _add_profile(table, running.profile)
    if last is not None:
        table.add_row("last run", printable(tell_last_run(last)))
        if last.missing:
            table.add_row("not there", f"{printable(tell_missing(last.missing))} (pictures are kept)")
        if not_read := tell_not_read(last.not_read):
            table.add_row("not read", not_read)
        if left_out := tell_left_out(last.left_out):
            table.add_row("left out", f"{left_out} by rules")
        _add_profile(table, last.profile)
    for number, folder in enumerate(folders):
        when = "" if folder.indexed_at is None else f" (indexed {folder.indexed_at.astimezone():%Y-%m-%d %H:%M})"
        table.add_row("" if number else "folders", printable(folder.path) + when)
    if table.rows:
        click.echo()
        print_table(table)


def _add_profile(table: Table, profile: Profile | None) -> None:
    if profile is not None and profile.pictures:
        table.add_row("at work", tell_busy(profile))
        table.add_row("", tell_bound(profile))


def _print_failures(failures: tuple[Failure, ...]) -> None:
    if not failures:
        say("Nothing failed.")
    for failure in failures:
        click.echo(tell_failure(failure))
