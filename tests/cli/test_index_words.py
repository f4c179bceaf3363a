"""What ``imsearch index`` says of a run, and what of it ``imsearch status`` and the JSON repeat."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.make_pictures import plain


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_other_times_are_told_as_such(run: Run, indexed: Path) -> None:
    for path in indexed.rglob("*.png"):
        os.utime(path, (1577847600, 1577847600))
    ran = run("index", indexed)
    assert last_line(ran.err) == "3 checked and found unchanged."
    assert last_line(run("index", indexed).err) == "3 unchanged."


def test_a_move_is_one_thing(run: Run, indexed: Path) -> None:
    (indexed / "red.png").rename(indexed / "sub" / "rouge.png")
    ran = run("index", indexed, "--json")
    assert (ran.json["moved"], ran.json["removed"]) == (1, 0)
    assert last_line(ran.err) == "1 moved, 2 unchanged."
    (indexed / "sub").rename(indexed / "renamed")
    assert last_line(run("index", indexed).err) == "2 moved, 1 unchanged."


def test_a_move_onto_another_picture_is_no_removal(run: Run, indexed: Path) -> None:
    (indexed / "red.png").replace(indexed / "green.png")
    assert last_line(run("index", indexed).err) == "1 updated, 1 unchanged."


def test_each_path_of_a_picture_is_moved_once(run: Run, indexed: Path) -> None:
    data = (indexed / "red.png").read_bytes()
    (indexed / "copy.png").write_bytes(data)
    run("index", indexed)
    (indexed / "red.png").unlink()
    (indexed / "copy.png").rename(indexed / "moved.png")
    assert last_line(run("index", indexed).err) == "1 moved, 1 removed, 2 unchanged."
    (indexed / "moved.png").rename(indexed / "again.png")
    (indexed / "more.png").write_bytes(data)
    assert last_line(run("index", indexed).err) == "1 copied, 1 moved, 2 unchanged."


def test_no_pictures_are_told_with_what_would_be_one(run: Run, indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").touch()
    said = run("index", tmp_path / "notes").err
    assert "No pictures found. Pictures are files whose names end in" in said and "jpeg" in said
    for path in indexed.rglob("*.png"):
        path.unlink()
    (indexed / "sub").rmdir()
    (indexed / "a.txt").touch()
    assert last_line(run("index", indexed).err) == "3 removed."


def test_what_is_missing_is_not_told_as_no_pictures(
    run: Run, indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    indexed.rename(tmp_path / "unplugged")
    ran = run("index", indexed)
    assert "No pictures found" not in ran.err
    assert ran.code == 1
    assert f"{indexed} (pictures are kept)" in run("status").out
    assert run("status", "--format", "json").json["last_run"]["missing"] == [str(indexed)]


@pytest.mark.parametrize("terminal", [False, True])
def test_failures_are_told_once(run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    (indexed / "broken.png").write_bytes(b"no picture")
    monkeypatch.setenv("COLUMNS", "400")
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    ran = run("index", indexed)
    assert ran.code == 1
    assert ran.err.count("broken.png") == 1
    assert last_line(ran.err).endswith("3 unchanged, 1 failed.")


def test_kinds_that_are_not_read_are_counted_and_no_failures(run: Run, indexed: Path) -> None:
    for name in ("1.mp4", "2.MP4", "3.mov", "4.jxl", "notes.txt", ".5.mp4", "@eaDir/6.mp4"):
        (indexed / name).parent.mkdir(exist_ok=True)
        (indexed / name).write_bytes(b"something")
    ran = run("index", indexed, "--json")
    assert ran.code == 0
    assert "Not read: 3 videos (mp4, mov), 1 JPEG XL picture (jxl).\n" in ran.err
    told = {"video": {"mp4": 2, "mov": 1}, "jpeg-xl": {"jxl": 1}}
    assert ran.json["not_read"] == told
    assert "3 videos (mp4, mov), 1 JPEG XL picture (jxl)" in run("status").out
    assert run("status", "--format", "json").json["last_run"]["not_read"] == told


def test_what_rules_leave_out_is_counted_once(run: Run, indexed: Path) -> None:
    (indexed / "@eaDir").mkdir()
    plain(indexed / "@eaDir" / "red.png", seed=1)
    plain(indexed / "._red.png", seed=2)
    ran = run("index", indexed, "--json", "--exclude", "sub", "--exclude", "gre*")
    assert ran.code == 0
    assert 'Left out by rules: 2 folders and 2 files; "imsearch index --json" tells which.\n' in ran.err
    assert "2 pictures that are left out now were removed from the library.\n" in ran.err
    assert (ran.json["removed"], ran.json["excluded"], ran.json["unchanged"]) == (2, 2, 1)
    assert (ran.json["left_out"]["folders"], ran.json["left_out"]["files"]) == (2, 2)
    told = {each["path"]: each["reason"] for each in ran.json["left_out"]["paths"]}
    assert told == {
        str(indexed / "@eaDir"): "machine-made",
        str(indexed / "sub"): "excluded",
        str(indexed / "green.png"): "excluded",
    }
    assert "2 folders and 2 files by rules" in run("status").out
    assert run("status", "--format", "json").json["last_run"]["left_out"] == {"folders": 2, "files": 2}
    ran = run("index", indexed)
    assert "1 folder and 1 file" in ran.err
    assert last_line(ran.err) == "2 copied, 1 unchanged."


def test_the_setting_counts_in_every_run(run: Run, indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('exclude = ["sub/", "green.png"]\n')
    assert run("index", "--json").json["excluded"] == 2
    assert run("index", "--json", "--exclude", "!sub/").json["copied"] == 1


def test_bad_globs_are_refused_before_anything_is_done(run: Run, indexed: Path, tmp_path: Path) -> None:
    ran = run("index", indexed, "--exclude", "[z-a]")
    assert ran.code == 2 and "'[z-a]' cannot be used" in ran.err
    (tmp_path / "config.toml").write_text("exclude = [1]\n")
    assert "must be a list of globs" in run("index", indexed).err


def test_a_disk_below_the_folder_is_told_with_the_way_out(run: Run, indexed: Path) -> None:
    (indexed / "sub" / "blue.png").unlink()
    ran = run("index", indexed, "--json")
    assert ran.code == 1
    assert ran.json["missing"] == [str(indexed / "sub")]
    assert "--forget-missing removes them" in ran.err
    assert last_line(run("index", indexed, "--forget-missing").err) == "1 removed, 2 unchanged."


def test_a_profile_tells_where_the_time_went_and_is_kept(run: Run, indexed: Path) -> None:
    plain(indexed / "more.png", seed=7)
    ran = run("index", indexed, "--profile")
    heading, _, *rows = ran.out.splitlines()
    assert heading.split() == ["stage", "seconds", "ms", "a", "picture", "share"]
    assert [row.split()[0] for row in rows[:8]] == [
        "scan", "load", "read", "decode", "prepare", "forward", "post", "write",
    ]  # fmt: skip
    assert rows[8].startswith("At work: scan ") and " bounds this run: " in rows[9]
    assert last_line(ran.err).startswith("1 new, 3 unchanged; 1 annotated")
    kept = run("status", "--format", "json").json["last_run"]["profile"]
    assert kept["pictures"] == 1 and list(kept["annotators"]) == ["colours"]
    told = run("status").out
    assert "at work" in told and "bounds this run" in told
    plain(indexed / "another.png", seed=8)
    ran = run("index", indexed, "--profile", "--json")
    profile = ran.json["profile"]
    assert profile == run("status", "--format", "json").json["last_run"]["profile"] | {"seconds": profile["seconds"]}
    assert profile["bound"] in profile["busy"]
    run("index", indexed)
    assert "at work" not in run("status").out  # nothing was decoded
