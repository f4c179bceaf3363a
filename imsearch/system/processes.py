"""Start parts of the program in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from importlib import import_module; import_module(sys.argv[2]).main()"
)


def start(module: str, **options: Any) -> subprocess.Popen[bytes]:
    """Run ``main()`` of a module in a new interpreter with the same module search path as this one.

    Avoids ``python -m``, which would search the current folder first.  options: passed to `subprocess.Popen`.  Raises
    OSError when no process can be started.
    """
    return subprocess.Popen([sys.executable, "-P", "-c", _START, json.dumps(sys.path), module], **options)
