"""Starting a part of the program in a process of its own."""

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
    """Run ``main()`` of a module in a new interpreter that finds its modules where this one does.

    Not by ``python -m``, which would look for modules in the current folder first.  options: those of
    `subprocess.Popen`.  Raises OSError when no process can be started.
    """
    return subprocess.Popen([sys.executable, "-P", "-c", _START, json.dumps(sys.path), module], **options)
