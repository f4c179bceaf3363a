"""``imsearch index`` without a PATH: the folders of the settings, or those that were indexed before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.engine.stores.local.lock import HOLDER_NAME
from imsearch.indexer.progress_file import PROGRESS_NAME, Beacon
from imsearch.indexer.report import SilentObserver
from imsearch.languages.lexicon import Lexicon
from tests.cli.conftest import Run
from tests.make_pictures import plain


def folders(run: Run) -> list[str]:
    return [folder["path"] for folder in run("status", "--format", "json").json["folders"]]


def test_what_was_indexed_is_brought_up_to_date(run: Run, indexed: Path) -> None:
    plain(indexed / "new.png", seed=7)
    (indexed / "red.png").unlink()
    again = run("index", "--json")
    assert (again.code, again.json["new"], again.json["removed"], again.json["unchanged"]) == (0, 1, 1, 2)
    assert folders(run) == [str(indexed)]


def test_files_are_not_remembered_and_inner_folders_not_told(run: Run, indexed: Path, tmp_path: Path) -> None:
    single = plain(tmp_path / "single.png", seed=9)
    assert run("index", single, indexed / "sub").code == 0
    assert folders(run) == [str(indexed)]
    assert run("index", "--json").json["unchanged"] == 3


def test_the_settings_win(run: Run, indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    plain(other / "new.png", seed=7)
    monkeypatch.setenv("IMSEARCH_FOLDERS", os.pathsep.join([str(other), str(tmp_path / "unplugged")]))
    ran = run("index", "--json")
    assert (ran.code, ran.json["new"], ran.json["unchanged"]) == (0, 1, 0)
    assert f"{tmp_path / 'unplugged'} does not exist and was left out" in ran.err
    assert folders(run) == [str(other), str(tmp_path / "unplugged")]
    monkeypatch.delenv("IMSEARCH_FOLDERS")
    assert folders(run) == [str(other), str(indexed)]


def test_a_remembered_folder_that_is_gone_keeps_its_pictures(run: Run, indexed: Path, tmp_path: Path) -> None:
    indexed.rename(tmp_path / "unplugged")
    ran = run("index")
    assert ran.code == 1
    assert "its 3 pictures are kept" in ran.err
    assert run("query", "red").code == 0
    assert run("index", "--forget-missing").code == 0
    assert folders(run) == []
    assert run("query", "red").code == 1
    ran = run("index")
    assert (ran.code, "No folder of pictures is known yet" in ran.err) == (2, True)


def test_without_anything_known(run: Run, plugins: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = run("index")
    assert (ran.code, "Make one with: imsearch index FOLDER" in ran.err) == (2, True)
    monkeypatch.setenv("IMSEARCH_FOLDERS", str(tmp_path / "absent"))
    assert "does not exist" in run("index").err
    assert not (tmp_path / "library").exists()


def test_status_tells_of_the_last_run(run: Run, indexed: Path) -> None:
    told = run("status").out
    assert "last run" in told and "3 new; 2" in told
    assert "(indexed 2" in told
    (indexed / "broken.jpg").write_text("no picture")
    assert run("index").code == 1
    last = run("status", "--format", "json").json["last_run"]
    assert (last["outcome"], last["counts"]["failed"], last["failures"]) == ("done", 1, 1)
    assert "1 failed; 2" in run("status").out


def test_status_tells_of_a_run_that_goes_on(run: Run, indexed: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    beacon = Beacon(SilentObserver(), library, [indexed], ["colours"])
    with Engine.open(library, Lexicon(), write=True), beacon:
        beacon.scanned(1200)
        beacon.planned(1000, 5_000_000)
        shown = run("status").out
        assert f"0 of 1,000 pictures (process {os.getpid()})" in shown
        assert run("status", "--format", "json").json["indexing"]["found"] == 1200


def test_status_tells_of_a_run_that_was_killed(run: Run, indexed: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    beacon = Beacon(SilentObserver(), library, [indexed], ["colours"])
    beacon.planned(1000, 5_000_000)
    (library / HOLDER_NAME).write_text(f"{os.getpid()}\n")
    status = run("status", "--format", "json").json
    assert (status["indexing"], status["last_run"]["outcome"]) == (None, "killed")
    assert "broken off, 0 pictures stored; 2" in run("status").out
    assert not (library / PROGRESS_NAME).exists()
