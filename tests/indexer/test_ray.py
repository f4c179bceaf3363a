"""Indexing on a Ray cluster of two nodes on this machine: the catalog is that of a local run, whatever is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imsearch.indexer.cluster import REASON
from imsearch.indexer.report import Observer, Report, SilentObserver
from imsearch.library import Library
from imsearch.locations import Location
from imsearch.plugins.manager import make_manager
from imsearch.settings import Settings
from tests.indexer.ray_nodes import (
    DEADLY,
    GO,
    HOLD,
    IN_HAND,
    SLOW,
    Nodes,
    exit_code,
    path_with,
    two_nodes,
    write_plugin,
)
from tests.make_pictures import BLUE, GREEN, RED, broken_pictures, noise, plain, xmp
from tests.patience import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="addresses of the nodes are those of Linux's loopback"),
    # Ray leaves files and sockets of its own to the garbage collector, and asks Python what it will not say any more.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("decoder_processes", "ray_on_path"),
]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    write_plugin(folder)
    return folder


@pytest.fixture(scope="module")
def nodes(plugins: Path, ray_on_path: None) -> Iterator[Nodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        with two_nodes(plugins) as started:
            yield started


@pytest.fixture(autouse=True)
def installed(plugins: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.syspath_prepend(plugins)
    monkeypatch.setenv("IMSEARCH_CONFIG", os.fspath(tmp_path / "config.toml"))
    yield
    for name in (GO, HOLD, IN_HAND):
        (plugins / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New ones, copies, broken ones, and one with a file beside it that describes it."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(14):
        plain(folder / f"plain{number:02}.png", (RED, GREEN, BLUE)[number % 3], seed=number + 1)
    for number in range(2):
        noise(folder / f"noise{number}.jpg", (320, 240), seed=number)
    shutil.copy(folder / "plain00.png", folder / "zcopy.png")
    (folder / "broken.jpg").write_bytes(broken_pictures()["truncated.jpg"])
    (folder / "broken copy.jpg").write_bytes(broken_pictures()["truncated.jpg"])
    (folder / "plain01.xmp").write_bytes(xmp("harbour"))
    return folder


NEW = 16
"""Pictures of that folder that are no copies, and not broken."""


def settings(library: Location, workers: int = 2) -> Settings:
    return Settings(library=library, annotators=("colours",), workers=workers, batch_size=2)


def index(
    library: Location, pictures: Path, nodes: Nodes | None = None, observer: Observer | None = None, workers: int = 2
) -> Report:
    """Index here, or on the nodes."""
    chosen = settings(library, workers)
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
        assert index(library, pictures).new == NEW
    found = catalog(library)
    assert len(found["images"]) == len(found["vectors"]) == NEW
    assert len(found["files"]) == NEW + 1 and len(found["failures"]) == 2
    assert len(found["texts"]) >= 1
    return found


def test_the_catalog_is_that_of_a_local_run(nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path) -> None:
    report = index(tmp_path / "library", pictures, nodes)
    assert (report.new, report.copied, report.failed, report.annotated) == (NEW, 1, 2, NEW)
    assert catalog(tmp_path / "library") == expected
    again = index(tmp_path / "library", pictures)
    assert (again.unchanged, again.annotated, again.failed) == (NEW + 1, 0, 2)


def test_two_nodes_and_a_database_find_what_a_folder_does(
    nodes: Nodes, pictures: Path, postgres_url: str, tmp_path: Path
) -> None:
    report = index(postgres_url, pictures, nodes)
    assert (report.new, report.failed) == (NEW, 2)
    index(tmp_path / "library", pictures)
    with (
        Library.open(settings=settings(postgres_url)) as database,
        Library.open(settings=settings(tmp_path / "library")) as folder,
    ):
        for query in ("red", "green OR blue", "harbour", "path:plain* -red", "is:untagged", "sort:name", "width:320"):
            expected = folder.search.query(query, facets=True)
            assert database.search.query(query, facets=True) == expected, query
            assert expected.hits or query == "is:untagged"


def test_so_it_is_when_the_command_line_sends_the_bytes(
    nodes: Nodes, expected: Any, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(pictures), "--annotator", "colours", "--library", str(tmp_path / "library")]
    assert exit_code([*command, "--ray", nodes.address, "--ship-bytes", "--batch-size", "2", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert (told["new"], told["copied"], told["failed"], told["annotated"]) == (NEW, 1, 2, NEW)
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
    assert report.new == NEW
    assert any("left alone until it changes" in each.reason for each in again.failures if each.path == deadly)
    found = catalog(tmp_path / "library")
    assert {**found, "failures": [row for row in found["failures"] if b"deadly" not in row[0]]} == expected


def test_after_ctrl_c_the_next_run_goes_on(
    nodes: Nodes, expected: Any, pictures: Path, plugins: Path, tmp_path: Path
) -> None:
    class Presses(SilentObserver):
        def done(self, files: int, size: int) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    slow = plain(pictures / "zz slow.png", SLOW)  # nobody ends with that before it is pressed
    try:
        with pytest.raises(KeyboardInterrupt):
            index(tmp_path / "library", pictures, nodes, observer=Presses())
        stored = len(catalog(tmp_path / "library")["vectors"])
        assert 0 < stored <= NEW
        (plugins / GO).touch()
        assert index(tmp_path / "library", pictures).annotated == NEW + 1 - stored
    finally:
        slow.unlink()
    found = [row[0] for row in catalog(tmp_path / "library")["files"]]
    assert [path for path in found if b"slow" not in path] == [row[0] for row in expected["files"]]


def test_a_worker_with_another_annotator_is_refused(
    nodes: Nodes, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOURS", "2")  # here, and not there
    command = ["index", str(pictures), "--annotator", "colours", "--library", str(tmp_path / "library")]
    assert exit_code([*command, "--ray", nodes.address]) == 2
    told = capfd.readouterr().err
    assert "has version 1 of the annotator colours, and here it is 2" in told
    assert "Install the same version on all machines" in told and "Nothing was indexed." in told
    assert not (tmp_path / "library").exists()


def test_ray_is_not_imported_without_its_option(plugins: Path, pictures: Path, tmp_path: Path) -> None:
    command = ["index", str(pictures / "plain00.png"), "--annotator", "colours", "--library", str(tmp_path / "library")]
    code = f"import sys; from imsearch.cli import main; print(main({command!r}), 'ray' in sys.modules)"
    environment = os.environ | path_with(plugins)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "False"], done.stderr


class Notes(SilentObserver):
    """What a run told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(text)


def test_a_node_that_is_lost_costs_nothing_but_time(
    nodes: Nodes, expected: Any, pictures: Path, plugins: Path, tmp_path: Path
) -> None:
    in_hand, notes = plugins / IN_HAND, Notes()
    (plugins / HOLD).touch()

    def lose(node: Any) -> None:
        wait_until(in_hand.exists)
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)

    with nodes.one_more() as doomed, ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lose, doomed)
        report = index(tmp_path / "library", pictures, nodes, observer=notes, workers=3)
        assert in_hand.exists(), "the third node got no work"
        lost.result()
    assert any("was lost; others do what it had in hand" in note for note in notes.told), notes.told
    assert (report.new, report.failed) == (NEW, 2)
    assert catalog(tmp_path / "library") == expected
