"""The command line: `main` runs it and returns the exit code.

0: done, or the reader of the results has gone.  1: done with failures, or nothing found.  2: a mistake in the call, a
library that cannot be used, or results that cannot be written.  130: interrupted.  Results go to stdout; progress and
messages go to stderr.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import click

from imsearch.cli.leaving import INTERRUPTED, end, end_at_once
from imsearch.cli.root import root
from imsearch.cli.stdout import ReaderGone, results_alone
from imsearch.errors import ImsearchError
from imsearch.system.doing import Doing

__all__ = ["main", "root"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Without arguments, runs the process's own command line; the process is expected to exit with that code.
    """
    # Pillow warns about oddities in files (damaged EXIF, large pictures); those that matter are recorded as failures.
    warnings.filterwarnings("ignore", module="PIL")
    own = arguments is None
    doing = Doing(own)
    with results_alone(for_good=own):
        code = _run(arguments, doing)
        if own and code == INTERRUPTED:
            return end(code)
    return end_at_once(code) if doing.brief else code


def _run(arguments: Sequence[str] | None, doing: Doing) -> int:
    try:
        code = root.main(args=arguments, prog_name="imsearch", standalone_mode=False, obj=doing)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("Stopped. What was finished is kept; run the same command again to go on.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return 2
    except ReaderGone:
        return 0
    except (ImsearchError, OSError) as error:
        from imsearch.system.refusals import in_words

        told = in_words(error) if isinstance(error, OSError) else None
        click.echo(f"imsearch: {told or error}", err=True)
        _let_go_of_stdout()
        return 2
    return code if isinstance(code, int) else 0


def _let_go_of_stdout() -> None:
    """Discard buffered output after a failed write, such as to a full disk; Python would retry at exit."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
