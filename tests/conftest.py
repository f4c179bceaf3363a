"""What all tests share."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """A process started in the background inherits that Ctrl-C is ignored; tests press it, here and in children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
