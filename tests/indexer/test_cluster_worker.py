"""A worker of a cluster: what it tells of itself, and where it has the bytes of files from."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import pytest

import imsearch
from imsearch.indexer.cluster_worker import Job, Worker
from imsearch.indexer.item import Item
from imsearch.specs import AnnotatorSpec
from tests.fakes import Calls, colour_spec
from tests.make_pictures import RED, plain


def test_a_worker_tells_what_it_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.mkdir()
    greeting = Worker(Job(("nobody's",), "cpu", None, 1, 6.0, (there, absent))).greet()
    assert (
        greeting.unseen == (absent,)
        and greeting.imsearch == imsearch.__version__
        and greeting.python == ".".join(platform.python_version_tuple()[:2])
    )
    assert "nobody's" in greeting.problem and not greeting.versions


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    class Manager:
        def choose(self, names: Sequence[str]) -> tuple[AnnotatorSpec, ...]:
            return (colour_spec(Calls()),)

    monkeypatch.setattr("imsearch.plugins.manager.make_manager", Manager)
    return Worker(Job(("colours",), "cpu", None, 1, 6.0))


@pytest.mark.parametrize("kept", [True, False])
def test_bytes_that_a_worker_does_not_have_any_more_are_read_again(worker: Worker, tmp_path: Path, kept: bool) -> None:
    assert worker.greet(["colours"]).broken == {}
    path = plain(tmp_path / "a.png", RED)
    (item,) = worker.read([Item(path, path.stat().st_size, 0)])
    assert item.sha256 and not item.data
    if not kept:
        worker._kept.clear()
    item.decode, item.wanted = True, ("colours",)
    ((done,), _) = worker.annotate([item])
    assert not done.reason and done.annotations["colours"].tags[0].name == "red"


def test_a_file_that_changed_since_it_was_read_fails(worker: Worker, tmp_path: Path) -> None:
    worker.greet(["colours"])
    path = plain(tmp_path / "a.png", RED)
    (item,) = worker.read([Item(path, path.stat().st_size, 0)])
    worker._kept.clear()
    path.write_bytes(path.read_bytes() + b"more")
    item.decode, item.wanted = True, ("colours",)
    ((done,), _) = worker.annotate([item])
    assert done.reason == "it changes while it is being read; index it again later"
