"""What all tests share."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# How long an example takes says more of the machine than of the program.
settings.register_profile("imsearch", deadline=None)
settings.load_profile("imsearch")


def pytest_configure() -> None:
    """A process started in the background inherits that Ctrl-C is ignored; tests press it, here and in children.

    Tests in several processes share the processors: PyTorch and FAISS, which would each take all of them, get a part.
    They read it when they are imported, which happens after this.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
