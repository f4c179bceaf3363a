"""Everything at once: a process indexes while others correct, readers read, and nobody meets an error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.settings import Settings
from imsearch.webui.app import create_app
from tests.make_pictures import plain
from tests.make_plugins import Plugins
from tests.patience import PATIENCE, wait_until
from tests.webui.conftest import fake_plugins

ROOT = Path(__file__).parents[2]
GATED = """
from pathlib import Path
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(seconds=0.02, words=("red", "green", "shared 3"), gate=Path({gate!r}), before_gate=40)]
"""
PICTURES = 80
CORRECT = """
import sys
from pathlib import Path
from imsearch.engine.stores.changes import Verdict
from imsearch.library import Library
from imsearch.settings import Settings

with Library.open(settings=Settings(library=Path(sys.argv[1]), semantic="off")) as library:
    for number in range(12):
        library.tags.correct([number % 6 + 1], [f"other {number}", f"shared {number}"], Verdict.ADD)
        assert library.search.query("red", limit=1).hits
"""
"""The other process that corrects: it invents tags that the others invent too."""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Runs wait half way until this file is there."""
    return tmp_path / "gate"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: Path) -> Settings:
    Plugins(tmp_path / "plugins", monkeypatch).add("fake", GATED.format(gate=str(gate)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "plugins"), str(ROOT)]))
    monkeypatch.setenv("IMSEARCH_CONFIG", str(tmp_path / "config.toml"))
    return Settings(library=tmp_path / "library", semantic="off", device="cpu")


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process; what it says, and how it ends, counts when the block is left."""
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            yield running
        except BaseException:
            running.kill()
            raise
        said, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, said


class Threads:
    """Functions that are called again and again until the end, each in a thread of its own; the first error counts."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self.calls = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *functions: Callable[[], object]) -> None:
        for function in functions:
            thread = threading.Thread(target=self._repeat, args=(function,))
            self._threads.append(thread)
            thread.start()

    def _repeat(self, function: Callable[[], object]) -> None:
        while not self._stop.wait(0.01):
            try:
                function()
                self.calls += 1
            except BaseException as error:  # noqa: BLE001 - raised again in the test
                self.errors.append(error)
                return

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.errors:
            raise self.errors[0]


def corrector(library: Library, left: list[str]) -> Callable[[], None]:
    """Adds, renames, rejects and undoes, one step a call; `left` are the tags that must hold in the end."""
    steps = iter(range(10_000))

    def step() -> None:
        number = next(steps)
        image, tag = number % 6 + 1, f"mine {number}"
        library.tags.correct([image], [tag, f"shared {number}"], Verdict.ADD)
        if number % 4 == 1:
            library.tags.rename(tag, f"renamed {number}")
            tag = f"renamed {number}"
        if number % 4 == 2:
            library.tags.correct([image], [tag], Verdict.REJECT)
            return
        left.append(tag)

    return step


def test_readers_and_correctors_beside_a_run(library: Library, photos: Path, gate: Path) -> None:
    folder = str(library.settings.library)
    for number in range(PICTURES):
        plain(photos / f"more{number:03}.png", seed=number + 1)
    threads, left, totals = Threads(), [], []  # type: ignore[var-annotated]

    def search() -> None:
        totals.append(library.search.query("path:more", limit=5).total)
        library.search.query("red green", facets=True)

    def enough() -> bool:
        """Whether all have met while the run waits at the gate: pictures were found, and much else was done."""
        return bool(threads.errors) or (any(totals) and threads.calls > 100 and len(left) > 5)

    with (
        TestClient(create_app(library), base_url="http://localhost:8000") as client,
        Library.open(settings=library.settings, plugins=fake_plugins()) as other,
    ):

        def ask(path: str) -> Callable[[], object]:
            def asked() -> None:
                answer = client.get(path)
                assert answer.status_code == 200, answer.text

            return asked

        try:
            with (
                process("-m", "imsearch", "index", str(photos), "--library", folder, "--annotator", "colours"),
                process("-c", CORRECT, folder),
            ):
                threads.start(search, search, corrector(other, left))
                threads.start(*map(ask, ("/api/status", "/api/tags", "/api/images/1", "/api/indexing", "/api/history")))
                wait_until(enough)
                gate.touch()
        finally:
            threads.end()
    assert library.health.verify() == []
    assert library.search.query("path:more", limit=1).total == PICTURES
    for tag in left[:20] + left[-20:]:
        assert library.search.query(f'+tag:"{tag}"', limit=5).total == 1, tag
    assert {change.action for change in library.tags.history()} >= {"add", "rename", "reject"}
    assert len([name for name, _ in library.tags.counts("other ")]) == 12
    assert library.health.notes == ()


def test_new_pictures_are_found_while_the_run_goes_on(library: Library, photos: Path, gate: Path) -> None:
    for number in range(PICTURES):
        plain(photos / f"more{number:03}.png", seed=number + 1)
    before = library.search.query("path:png", limit=1).total
    folder = str(library.settings.library)
    with process("-m", "imsearch", "index", "--library", folder, "--annotator", "colours") as run:
        wait_until(lambda: run.poll() is not None or library.search.query("path:png", limit=1).total > before)
        stored = library.health.status().images - 1  # one is no PNG
        wait_until(lambda: run.poll() is not None or library.search.query("path:png", limit=1).total >= stored)
        assert run.poll() is None and stored < before + PICTURES
        gate.touch()
    assert library.search.query("path:png", limit=1).total == library.health.status().images - 1 == before + PICTURES
