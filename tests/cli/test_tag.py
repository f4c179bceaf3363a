"""``imsearch tag``: how pictures and tags are told apart, what is said, and the exit codes."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
from tests.cli.conftest import Ran, Run
from tests.make_pictures import plain


def by_user(run: Run) -> dict[str, int]:
    return {tag["name"]: tag["images"] for tag in run("tags", "--by", "user", "--format", "json").json["tags"]}


def test_one_picture_and_one_tag(run: Run, indexed: Path) -> None:
    ran = run("tag", "add", indexed / "red.png", "hot dog")
    assert (ran.code, ran.out, ran.err) == (0, "", "hot dog: added to 1 picture.\n")
    shown = run("show", indexed / "red.png", "--format", "json").json
    assert shown["tags"][0] == {"name": "hot dog", "score": 1.0, "source": "user", "shown": True}
    assert run("query", "hot dog", "--format", "paths").out == f"{indexed / 'red.png'}\n"


def test_pictures_come_first_and_tags_after_them(run: Run, indexed: Path) -> None:
    assert run("tag", "add", indexed / "red.png", indexed / "green.png", "beach", "grandma").code == 0
    assert by_user(run) == {"beach": 2, "grandma": 2}


def test_a_mark_between_pictures_and_tags(run: Run, indexed: Path) -> None:
    assert run("tag", "add", indexed / "red.png", indexed / "green.png", "--", "beach", "-x").code == 0
    assert run("tag", "add", indexed / "red.png", indexed / "green.png", "-t", "hot dog", "--tag", "sea").code == 0
    assert by_user(run) == {"-x": 2, "beach": 2, "hot dog": 2, "sea": 2}


def test_pictures_by_id_and_tags_that_are_numbers(run: Run, indexed: Path) -> None:
    assert run("tag", "add", "1", "2").code == 0
    assert by_user(run) == {"2": 1}
    assert run("tag", "add", "1", "3", "2023").code == 0
    assert by_user(run) == {"2023": 2, "2": 1}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["red.png"], "at least one picture and one tag"),
        (["red.png", "green.png"], "green.png looks like a picture, but comes after a tag"),
        (["red.png", "green.png", "1"], "All of them are pictures; which are the tags?"),
        (["red.png", "absent.png", "beach"], "absent.png looks like a picture, but is not in the library"),
        (["red.png", "beach", "green.png"], "green.png looks like a picture, but comes after a tag"),
        (["absent.png", "beach"], "absent.png is not in the library. Index it"),
        (["absent.png", "--", "beach"], "absent.png is not in the library. Index it"),
        ([".", "beach"], "is a folder. Name its pictures instead"),
        (["--", "beach"], "Name the pictures as well"),
        (["red.png", "--"], "Name the tags as well"),
        (["red.png", " "], "A tag needs a name"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_unclear_changes_nothing(
    run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(indexed)
    ran = run("tag", "add", *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert by_user(run) == {}


def test_an_unknown_picture_among_others_is_left_out_and_named(run: Run, indexed: Path) -> None:
    ran = run("tag", "add", indexed / "red.png", indexed / "absent.png", "--", "beach")
    assert ran.code == 1
    assert "absent.png is not in the library and was left out" in ran.err
    assert by_user(run) == {"beach": 1}


def test_pictures_of_a_query(run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(data: bytes, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return run("tag", "add", *arguments)

    found = run("query", "red OR blue", "-0").out
    assert typed(found.encode(), "-0", "beach", "sea").code == 0
    lines = run("query", "red", "--format", "paths").out
    assert typed(lines.encode(), "--images-from", "-", "sky").code == 0
    assert by_user(run) == {"beach": 2, "sea": 2, "sky": 1}
    empty = typed(b"", "-0", "beach")
    assert (empty.code, "no picture in the list" in empty.err) == (2, True)


def test_pictures_of_a_file(run: Run, indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"{indexed}/red.png\n{indexed}/sub/blue.png\n")
    assert run("tag", "reject", "--images-from", tmp_path / "list", "red").code == 0
    assert [tag["name"] for tag in run("tags", "--format", "json").json["tags"]] == ["blue", "green"]
    assert run("tag", "add", "--images-from", tmp_path / "absent", "red").code == 2


def test_words_become_tags_and_that_is_said(run: Run, indexed: Path) -> None:
    ran = run("tag", "add", indexed / "red.png", "Puppies")
    assert "puppies was taken for dog" in ran.err
    assert run("tag", "add", "--exact", indexed / "green.png", "puppies").err == "puppies: added to 1 picture.\n"
    assert by_user(run) == {"dog": 1, "puppies": 1}


def test_reject_hides_and_show_tells(run: Run, indexed: Path) -> None:
    assert run("tag", "reject", indexed / "red.png", "red").err == "red: rejected on 1 picture.\n"
    assert run("query", "red").code == 1
    assert run("show", indexed / "red.png", "--format", "json").json["rejected"] == ["red"]
    assert "You rejected: red" in run("show", indexed / "red.png").out
    assert run("index", indexed).code == 0
    assert run("query", "red").code == 1


def test_a_moved_file_keeps_its_corrections(run: Run, indexed: Path) -> None:
    run("tag", "add", indexed / "red.png", "grandma")
    run("tag", "reject", indexed / "red.png", "red")
    (indexed / "red.png").rename(indexed / "sub" / "moved.png")
    assert run("index", indexed).code == 0
    assert run("query", "grandma", "--format", "paths").out == f"{indexed / 'sub' / 'moved.png'}\n"
    assert run("query", "red").code == 1


def test_accept_confirms_what_was_suggested(run: Run, indexed: Path) -> None:
    assert run("tag", "accept", indexed / "red.png", "red").err == "red: confirmed on 1 picture.\n"
    assert run("tag", "accept", indexed / "red.png", "red").err == "red is confirmed already on 1 picture.\n"
    ran = run("tag", "accept", indexed / "red.png", "zebra")
    assert ran.code == 1
    assert 'nobody suggested it. "imsearch tag add" adds it.' in ran.err


def test_remove_tells_who_else_says_so(run: Run, indexed: Path) -> None:
    run("tag", "accept", indexed / "red.png", "red")
    assert (
        'colours says so too; "imsearch tag reject" hides that' in run("tag", "remove", indexed / "red.png", "red").err
    )
    ran = run("tag", "remove", indexed / "red.png", "red")
    assert ran.code == 1
    assert 'colours says so, not you. "imsearch tag reject" hides it.' in ran.err
    assert "you have not added it" in run("tag", "remove", indexed / "red.png", "zebra").err


def test_tags_of_one_source(run: Run, indexed: Path) -> None:
    run("tag", "add", indexed / "red.png", "beach")
    run("tag", "reject", indexed / "green.png", "green")
    machine = run("tags", "--by", "colours", "--format", "json").json["tags"]
    assert [tag["name"] for tag in machine] == ["blue", "red"]
    assert by_user(run) == {"beach": 1}
    ran = run("tags", "--by", "nobody")
    assert (ran.code, "user, colours" in ran.err) == (2, True)


def test_rename_merge_undo_and_history(run: Run, indexed: Path) -> None:
    # The fake gives no tag of probability 0, so each colour is on one picture.
    assert run("tag", "rename", "red", "crimson").err == "red: called crimson now, on 1 picture.\n"
    assert run("tag", "merge", "crimson", "green", "warm").err == "crimson, green: called warm now, on 2 pictures.\n"
    assert {tag["name"]: tag["images"] for tag in run("tags", "--format", "json").json["tags"]} == {
        "warm": 2,
        "blue": 1,
    }
    in_use = run("tag", "rename", "blue", "warm")
    assert (in_use.code, 'imsearch tag merge "blue" "warm"' in in_use.err) == (2, True)
    assert run("tag", "undo").err == "Undone: merged crimson, green to warm, on 2 pictures.\n"
    changes = run("tag", "history", "--format", "json").json["changes"]
    assert [(each["action"], each["tags"], each["name"], each["undone"]) for each in changes] == [
        ("merge", ["crimson", "green"], "warm", True),
        ("rename", ["red"], "crimson", False),
    ]
    assert "undone" in run("tag", "history").out
    assert len(run("tag", "history", "-n", "1", "--format", "json").json["changes"]) == 1
    assert run("tag", "rename", "red", "red").err == "red: has its own name again, on 1 picture.\n"


def test_nothing_to_undo(run: Run, indexed: Path) -> None:
    ran = run("tag", "undo")
    assert (ran.code, "nothing to undo" in ran.err) == (2, True)
    assert "not changed any tags" in run("tag", "history").err


def test_review_gives_the_commands(run: Run, indexed: Path) -> None:
    assert run("tag", "review").err == "There is no tag in doubt.\n"
    plain(indexed / "grey.png", (120, 120, 0))  # red .47 and green .47; both are shown from .5 on
    assert run("index", indexed).code == 0
    doubts = run("tag", "review", "--format", "json").json["tags"]
    assert [(Path(each["path"]).name, each["tag"]["name"]) for each in doubts] == [
        ("grey.png", "green"),
        ("grey.png", "red"),
    ]
    number = doubts[0]["id"]
    assert doubts[0]["reject"] == f"imsearch tag reject {number} green"
    assert f"accept {number} green\n" in run("tag", "review").out
    assert run(*doubts[0]["reject"].split()[1:]).code == 0
    assert [each["tag"]["name"] for each in run("tag", "review", "--format", "json").json["tags"]] == ["red"]
    assert run("tag", "reject", number, "red").code == 0
    assert run("tag", "review").err == "You have judged all that was in doubt: 2 tags.\n"
    assert run("tag", "review", "zebra").code == 2


def test_corrections_need_not_wait_for_a_run(run: Run, indexed: Path, tmp_path: Path) -> None:
    with Engine.open(tmp_path / "library", Lexicon(), write=True) as running:
        assert run("tag", "add", indexed / "red.png", "beach").err == "beach: added to 1 picture.\n"
        assert run("tag", "rename", "red", "crimson").code == 0
        assert run("tag", "undo").err == "Undone: renamed red to crimson, on 1 picture.\n"
        assert by_user(run) == {"beach": 1}
        running.catch_up()
        assert run("query", "beach", "--format", "paths").out == f"{indexed / 'red.png'}\n"
    assert run("verify").code == 0
