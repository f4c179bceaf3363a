"""The command line: `main` runs it and returns the exit code.

0: done.  1: done with failures, or nothing found.  2: a mistake in the call, or a library that cannot be used.
130: interrupted.  Results go to stdout; progress and messages go to stderr.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import click

from imsearch.cli.root import root
from imsearch.errors import ImsearchError
from imsearch.refusals import in_words

__all__ = ["main", "root"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default the process's own) and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that is not UTF-8 must not end in a traceback
    # Pillow warns of oddities in files (damaged EXIF, large pictures); what matters of them is recorded as a failure.
    warnings.filterwarnings("ignore", module="PIL")
    try:
        code = root.main(args=arguments, prog_name="imsearch", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("Stopped. What was finished is kept; run the same command again to go on.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        # The reader (`| head`) has seen enough.  Python would complain when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImsearchError, OSError) as error:
        told = in_words(error) if isinstance(error, OSError) else None
        click.echo(f"imsearch: {told or error}", err=True)
        _let_go_of_stdout()
        return 2
    return code if isinstance(code, int) else 0


def _let_go_of_stdout() -> None:
    """What is printed may go to a full disk; Python would try once more at exit, and complain."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
