"""Indexing on a Ray cluster of two nodes on this machine: the catalog is that of a local run, whatever is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imsearch.cli import main
from imsearch.indexer.cluster import REASON
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.library import Library
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from tests.make_pictures import BLUE, GREEN, RED, broken_pictures, noise, plain, xmp

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="addresses of the nodes are those of Linux's loopback"),
    # Ray leaves files and sockets of its own to the garbage collector, and asks Python what it will not say any more.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("decoder_processes", "ray_on_path"),
]

DEADLY = (200, 10, 200)
"""The colour of a picture that ends the process that annotates it."""

ROOT = Path(__file__).parents[2]
PLUGIN = f"""
import os, sys
sys.path.append({os.fspath(ROOT)!r})
import imsearch
from tests.fakes import Calls, ColourAnnotator, colour_spec
from imsearch.specs import AnnotatorSpec

class Deadly(ColourAnnotator):
    def annotate(self, batch):
        if any(abs(pixels.mean(axis=(0, 1)) - {DEADLY!r}).max() < 3 for pixels in batch):
            os._exit(3)
        return super().annotate(batch)

@imsearch.hookimpl
def imsearch_annotators():
    return [AnnotatorSpec("colours", os.environ.get("COLOURS", "1"), lambda device: Deadly(Calls(), seconds=0.03),
        vocabulary=("red", "green", "blue"), vector_length=4, input_size=8)]
"""


class Nodes:
    """A cluster in processes of this machine."""

    def __init__(self, plugins: Path) -> None:
        from ray.cluster_utils import Cluster

        self._path = {"PYTHONPATH": os.pathsep.join([os.fspath(plugins), os.fspath(ROOT)])}
        head = {"include_dashboard": False, "no_monitor": True, "_system_config": {"health_check_period_ms": 500}}
        self.cluster: Any = Cluster(initialize_head=True, head_node_args=self._node(**head))
        self._second: Any = self.cluster.add_node(**self._node())

    def _node(self, **arguments: Any) -> dict[str, Any]:
        small = {
            "num_cpus": 1,
            "include_log_monitor": False,
            "object_store_memory": 100 << 20,
            "node_ip_address": "127.0.0.2",
        }
        return {**small, "env_vars": self._path, **arguments}

    def remove_second(self) -> None:
        """Kill a node with all that it runs, once."""
        if self._second is not None:
            self.cluster.remove_node(self._second, allow_graceful=False)
            self._second = None

    @property
    def address(self) -> str:
        return str(self.cluster.address)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "ray_colours.py").write_text(PLUGIN)
    metadata = folder / "ray_colours-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ray-colours\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[imsearch]\ncolours = ray_colours\n")
    return folder


@pytest.fixture(scope="module")
def nodes(plugins: Path, ray_on_path: None) -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        started = Nodes(plugins)
        yield started
        started.cluster.shutdown()


@pytest.fixture(autouse=True)
def installed(plugins: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(plugins)
    monkeypatch.setenv("IMSEARCH_CONFIG", os.fspath(tmp_path / "config.toml"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New ones, copies, broken ones, and one with a file beside it that describes it."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(40):
        plain(folder / f"plain{number:02}.png", (RED, GREEN, BLUE)[number % 3], seed=number + 1)
    for number in range(8):
        noise(folder / f"noise{number}.jpg", (320, 240), seed=number)
    shutil.copy(folder / "plain00.png", folder / "zcopy.png")
    (folder / "broken.jpg").write_bytes(broken_pictures()["truncated.jpg"])
    (folder / "broken copy.jpg").write_bytes(broken_pictures()["truncated.jpg"])
    (folder / "plain01.xmp").write_bytes(xmp("harbour"))
    return folder


def settings(library: Path) -> Settings:
    return Settings(library=library, annotators=("colours",), workers=2, batch_size=4)


def index(library: Path, pictures: Path, nodes: Nodes | None = None, observer: Observer | None = None) -> Report:
    """Index here, or on the nodes."""
    chosen = settings(library)
    if nodes is None:
        with Library.open(settings=chosen, write=True, create=True) as opened:
            return opened.runs.index([pictures], observer=observer)
    from imsearch.indexer.ray import on_ray

    specs = make_manager().choose(["colours"])
    with (
        on_ray(nodes.address, specs, chosen, [pictures], ship_bytes=False) as cluster,
        Library.open(settings=chosen, write=True, create=True) as opened,
    ):
        return opened.runs.index([pictures], cluster=cluster, observer=observer)


def catalog(library: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row, ids and all, but for moments and numbers of transactions."""
    connection = sqlite3.connect(library / "catalog.sqlite3")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = {}
    for name in sorted({*names} - {"library", "changes"}):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        kept = ", ".join(f'"{each}"' for each in columns if each not in ("generation", "seen", "indexed_at"))
        tables[name] = sorted(connection.execute(f"SELECT {kept} FROM {name}"), key=repr)
    connection.close()
    return tables


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, plugins: Path
) -> dict[str, list[tuple[Any, ...]]]:
    """The catalog of a local run."""
    library = tmp_path_factory.mktemp("local") / "library"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(plugins)
        assert index(library, pictures).new == 48
    found = catalog(library)
    assert len(found["images"]) == len(found["vectors"]) == 48
    assert len(found["files"]) == 49 and len(found["failures"]) == 2
    assert len(found["texts"]) >= 1
    return found


def test_the_catalog_is_that_of_a_local_run(nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path) -> None:
    report = index(tmp_path / "library", pictures, nodes)
    assert (report.new, report.copied, report.failed, report.annotated) == (48, 1, 2, 48)
    assert catalog(tmp_path / "library") == expected
    again = index(tmp_path / "library", pictures)
    assert (again.unchanged, again.annotated, again.failed) == (49, 0, 2)


def test_so_it_is_when_the_command_line_sends_the_bytes(
    nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(pictures), "--annotator", "colours", "--library", str(tmp_path / "library")]
    assert run([*command, "--ray", nodes.address, "--ship-bytes", "--batch-size", "4", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert (told["new"], told["copied"], told["failed"], told["annotated"]) == (48, 1, 2, 48)
    assert catalog(tmp_path / "library") == expected


def test_a_picture_that_ends_its_worker_is_found_and_recorded(
    nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path
) -> None:
    deadly = plain(pictures / "zz deadly.png", DEADLY)
    try:
        report = index(tmp_path / "library", pictures, nodes)
        again = index(tmp_path / "library", pictures)
    finally:
        deadly.unlink()
    (failure,) = [each for each in report.failures if each.path == deadly]
    assert failure.reason == REASON and REASON.startswith("annotating it ends the program (")
    assert report.new == 48
    assert any("left alone until it changes" in each.reason for each in again.failures if each.path == deadly)
    found = catalog(tmp_path / "library")
    assert {**found, "failures": [row for row in found["failures"] if b"deadly" not in row[0]]} == expected


def test_after_ctrl_c_the_next_run_goes_on(nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path) -> None:
    class Presses(SilentObserver):
        def done(self, files: int, size: int) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        index(tmp_path / "library", pictures, nodes, observer=Presses())
    stored = len(catalog(tmp_path / "library")["vectors"])
    assert 0 < stored < 48
    assert index(tmp_path / "library", pictures).annotated == 48 - stored
    found = catalog(tmp_path / "library")
    assert [row[0] for row in found["files"]] == [row[0] for row in expected["files"]]


def test_a_worker_with_another_annotator_is_refused(
    nodes: Nodes, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOURS", "2")  # here, and not there
    command = ["index", str(pictures), "--annotator", "colours", "--library", str(tmp_path / "library")]
    assert run([*command, "--ray", nodes.address]) == 2
    told = capfd.readouterr().err
    assert "has version 1 of the annotator colours, and here it is 2" in told
    assert "Install the same version on all machines" in told and "Nothing was indexed." in told
    assert not (tmp_path / "library").exists()


def test_an_address_without_a_cluster_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken, socket.socket() as listening:
        taken.bind(("127.0.0.1", 0))
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        closed = f"127.0.0.1:{taken.getsockname()[1]}"
        for address, why in ((closed, "refused"), ("http://127.0.0.1", "an address is HOST:PORT")):
            command = ["index", str(tmp_path), "--ray", address, "--library", str(tmp_path / "library")]
            assert run(command) == 2
            told = capfd.readouterr().err
            assert f"No Ray cluster was found at {address}" in told and why in told
    assert not (tmp_path / "library").exists()


def test_without_the_extra_it_is_told_what_to_install(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "imsearch.indexer.ray", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    command = ["index", str(tmp_path), "--library", str(tmp_path / "library")]
    assert run([*command, "--ray", "127.0.0.1:6379"]) == 2
    assert "pip install 'imsearch-engine[ray]'" in capfd.readouterr().err
    assert run([*command, "--ship-bytes"]) == 2
    assert not (tmp_path / "library").exists()


def test_ray_is_not_imported_without_its_option(plugins: Path, pictures: Path, tmp_path: Path) -> None:
    command = ["index", str(pictures / "plain00.png"), "--annotator", "colours", "--library", str(tmp_path / "library")]
    code = f"import sys; from imsearch.cli import main; print(main({command!r}), 'ray' in sys.modules)"
    path = {"PYTHONPATH": os.pathsep.join([os.fspath(plugins), os.fspath(ROOT)])}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | path, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "False"], done.stderr


def run(arguments: list[str]) -> int:
    try:
        return main(arguments) or 0
    except SystemExit as error:
        return int(error.code or 0)


def test_a_node_that_is_lost_costs_nothing_but_time(
    nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path
) -> None:
    """The last one here, as starting a node takes long."""

    class Watch(SilentObserver):
        notes: list[str] = []  # noqa: RUF012 - of one test

        def done(self, files: int, size: int) -> None:
            nodes.remove_second()

        def note(self, text: str) -> None:
            self.notes.append(text)

    report = index(tmp_path / "library", pictures, nodes, observer=Watch())
    assert any("was lost; others do what it had in hand" in note for note in Watch.notes), Watch.notes
    assert (report.new, report.failed) == (48, 2)
    assert catalog(tmp_path / "library") == expected
