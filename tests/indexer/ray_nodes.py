"""A Ray cluster in processes of this machine, on loopback, and the annotator that its workers have."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imsearch.cli import main

DEADLY = (200, 10, 200)
"""The colour of a picture that ends the process that annotates it."""
SLOW = (10, 200, 200)
"""The colour of a picture that is annotated once there is a file `GO`."""

GO, HOLD, IN_HAND = "go", "hold", "in hand"
"""Files in the folder of the plugin: see `PLUGIN`."""
_DOOMED = "IMSEARCH_TEST_DOOMED"
_ROOT = Path(__file__).parents[2]

PLUGIN = f"""
import os, sys
from pathlib import Path
sys.path.append({os.fspath(_ROOT)!r})
import imsearch
from tests.fakes import Calls, ColourAnnotator
from tests.patience import wait_until
from imsearch.specs import AnnotatorSpec

HERE = Path(__file__).parent

class Scripted(ColourAnnotator):
    '''Tags by colour.  One on a doomed node says that it has work in hand, and never does it; while there is a file
    HOLD, those on other nodes wait for that, so that it gets some.'''

    def annotate(self, batch):
        if any(abs(pixels.mean(axis=(0, 1)) - {DEADLY!r}).max() < 3 for pixels in batch):
            os._exit(3)
        if any(abs(pixels.mean(axis=(0, 1)) - {SLOW!r}).max() < 3 for pixels in batch):
            wait_until((HERE / {GO!r}).exists)
        if {_DOOMED!r} in os.environ:
            (HERE / {IN_HAND!r}).write_text(str(os.getpid()))
            wait_until(lambda: False)
        if (HERE / {HOLD!r}).exists():
            wait_until((HERE / {IN_HAND!r}).exists)
        return super().annotate(batch)

@imsearch.hookimpl
def imsearch_annotators():
    return [AnnotatorSpec("colours", os.environ.get("COLOURS", "1"), lambda device: Scripted(Calls()),
        vocabulary=("red", "green", "blue"), vector_length=4, input_size=8)]
"""


def write_plugin(folder: Path) -> None:
    """Lay down what an installed plugin consists of."""
    (folder / "ray_colours.py").write_text(PLUGIN)
    metadata = folder / "ray_colours-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-colours\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[imsearch]\ncolours = ray_colours\n")


def path_with(plugins: Path) -> dict[str, str]:
    """Variables of an environment in which the plugin and the tests' fakes are installed."""
    return {"PYTHONPATH": os.pathsep.join([os.fspath(plugins), os.fspath(_ROOT)])}


class Nodes:
    """A cluster of two nodes with a processor each."""

    def __init__(self, plugins: Path, folder: str) -> None:
        """folder: where Ray keeps its sockets; their paths are short."""
        from ray.cluster_utils import Cluster

        self._path, self._folder = path_with(plugins), folder
        head = {"include_dashboard": False, "no_monitor": True, "_system_config": {"health_check_period_ms": 500}}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=self._node(**head))
        self.cluster.add_node(**self._node())

    def _node(self, **arguments: Any) -> dict[str, Any]:
        small = {
            "num_cpus": 1,
            "include_log_monitor": False,
            "object_store_memory": 100 << 20,
            "node_ip_address": "127.0.0.2",
            "temp_dir": self._folder,
        }
        return {**small, "env_vars": self._path, **arguments}

    @contextmanager
    def one_more(self) -> Iterator[Any]:
        """A third node, whose annotators never come to an end; what is left of it is ended after the block."""
        node = self.cluster.add_node(**self._node(env_vars={**self._path, _DOOMED: "1"}))
        try:
            yield node
        finally:
            self.cluster.remove_node(node, allow_graceful=False)

    @property
    def address(self) -> str:
        return str(self.cluster.address)


@contextmanager
def two_nodes(plugins: Path) -> Iterator[Nodes]:
    """A cluster for as long as the block runs; afterwards nothing of it is left, neither a process nor a file."""
    folder = tempfile.mkdtemp(prefix="ray")
    nodes = None
    try:
        nodes = Nodes(plugins, folder)
        yield nodes
    finally:
        if nodes is not None:
            nodes.cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def exit_code(arguments: list[str]) -> int:
    """Run a command of imsearch here."""
    try:
        return main(arguments) or 0
    except SystemExit as error:
        return int(error.code or 0)
