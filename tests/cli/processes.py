"""Commands as processes of their own, with plugins installed for them: what happens to real pipes and signals."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

PLUGIN = """
import atexit, ctypes, logging, os, subprocess, sys, threading, time
import numpy as np
from imsearch import Annotation, Annotator, AnnotatorSpec, Tag, hookimpl

{at_import}

class Odd(Annotator):
    batch_size = 4

    def __init__(self):
        {built}

    def prepare(self, picture):
        {prepared}
        return picture.array(8, 8)

    def annotate(self, batch):
        {annotated}
        return [Annotation((Tag("odd", 0.9),), np.ones(3, np.float32)) for _ in batch]

    def close(self):
        {closed}

@hookimpl
def imsearch_annotators():
    {asked}
    return [AnnotatorSpec({name!r}, "1", lambda device: Odd(), vocabulary=("odd",), vector_length=3, input_size=8)]

{more}
"""


class Commands:
    """Runs ``imsearch`` in processes that see one plugin beside those that come along, in a library of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._plugins = folder / "installed"
        self._plugins.mkdir()
        paths = [str(self._plugins), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            "IMSEARCH_LIBRARY": str(folder / "library"),
            "IMSEARCH_CONFIG": str(folder / "config.toml"),
            "IMSEARCH_SEMANTIC": "off",
            "IMSEARCH_DEVICE": "cpu",
        }

    def plugin(self, name: str = "odd", **places: str) -> None:
        """Install an annotator; places: what it does when, by the names in `PLUGIN`."""
        blank = {"at_import": "", "more": ""} | dict.fromkeys(
            ("built", "prepared", "annotated", "closed", "asked"), "pass"
        )
        (self._plugins / "plugin_odd.py").write_text(PLUGIN.format_map(blank | {"name": name} | places))
        metadata = self._plugins / "imsearch_odd-1.0.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: imsearch-odd\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text("[imsearch]\nodd = plugin_odd\n")

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command."""
        command = [sys.executable, "-m", "imsearch", *map(str, arguments)]
        environment = self.environment | options.pop("environment", {})
        piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        process: subprocess.Popen[bytes] = subprocess.Popen(command, env=environment, **(piped | options))
        return process

    def run(self, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
