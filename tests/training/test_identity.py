"""A run goes on for the same pictures, labels, splits and settings only, and says what differs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imsearch.errors import ModelError
from imsearch.training.data.datasets import load_dataset
from imsearch.training.identity import FILE, begin, keep, refuse_other
from imsearch.training.run import Run

NEARLY = (
    '{"recipe": "", "version": "", "seed": 0, "settings": {}, '
    '"datasets": [{"kind": "csv", "vocabulary": "", "pictures": {"a": ["b"]}}]}'
)
"""A ``run.json`` whose entries are too short."""
Lines = list[dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of six files and their list; nothing here decodes them."""
    (found := tmp_path / "set").mkdir()
    lines: Lines = []
    for number in range(6):
        (found / f"{number}.jpg").write_bytes(b"picture %d" % number)
        split = "dev" if number == 5 else "train"
        lines.append({"file": f"{number}.jpg", "labels": ["sea", "sky"], "split": split, "captions": ["A sea."]})
    write(found, lines)
    return found


def write(folder: Path, lines: Lines) -> None:
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))


def lines_of(folder: Path) -> Lines:
    return list(map(json.loads, (folder / "labels.jsonl").read_text().splitlines()))


def run_on(folder: Path, **changes: Any) -> Run:
    """A run in ``run`` beside the set, that has asked for its settings."""
    run = replace(Run(folder.parent / "run", [load_dataset(f"jsonl:{folder}")], recipe="small", version="1"), **changes)
    run.folder.mkdir(exist_ok=True)
    run.settings({"epochs": 5, "rate": 0.1})
    return run


@pytest.fixture
def begun(folder: Path) -> Path:
    """The folder of a run with a checkpoint."""
    run = run_on(folder)
    begin(run.folder, run.identity)
    (run.folder / "checkpoint.pt").write_bytes(b"an epoch")
    return run.folder


def change_bytes(folder: Path) -> None:
    before = (folder / "1.jpg").stat()
    (folder / "1.jpg").write_bytes(b"pictura 1")
    os.utime(folder / "1.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))


def change_line(**fields: object) -> Callable[[Path], None]:
    return lambda folder: write(
        folder, [{**line, **fields} if n < 2 else line for n, line in enumerate(lines_of(folder))]
    )


def add_picture(folder: Path) -> None:
    (folder / "new.jpg").write_bytes(b"new")
    write(folder, [*lines_of(folder), {"file": "new.jpg", "labels": ["sea"], "split": "train"}])


def list_labels(folder: Path) -> None:
    (folder / "vocabulary.txt").write_text("sea\nsky\nsun\n")


def swap_pictures(folder: Path) -> None:
    for old, new in (("0.jpg", "x"), ("1.jpg", "0.jpg"), ("x", "1.jpg")):
        (folder / old).rename(folder / new)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "bytes": (change_bytes, "1 picture with other contents"),
    "swapped": (swap_pictures, "2 pictures with other contents"),
    "labels": (change_line(labels=["sea"]), "2 pictures with other labels"),
    "split": (change_line(split="dev"), "2 pictures of another split"),
    "captions": (change_line(captions=["A lake."]), "2 pictures with other fields"),
    "soft labels": (change_line(teacher={"boat": 0.5}), "2 pictures with other fields"),
    "added": (add_picture, "1 more"),
    "removed": (lambda folder: write(folder, lines_of(folder)[1:]), "1 fewer"),
    "vocabulary": (list_labels, "another vocabulary"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_dataset_is_refused_in_words(folder: Path, begun: Path, name: str) -> None:
    change, told = CHANGES[name]
    before = (begun / FILE).read_bytes()
    change(folder)
    run = Run(begun, [load_dataset(f"jsonl:{folder}")], recipe="small", version="1")
    ways: list[Callable[[], object]] = [
        lambda: refuse_other(begun, run.identity, settings=False),
        lambda: run.settings({"epochs": 5, "rate": 0.1}),
        lambda: begin(begun, run.identity),
    ]
    for compare in ways:
        with pytest.raises(ModelError, match=rf"the dataset jsonl:\S+ has changed: {told}\). Choose another .*--fresh"):
            compare()
    assert (begun / FILE).read_bytes() == before and (begun / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seed": 3}, "seed 0, now 3"),
        ({"recipe": "large"}, "recipe small, now large"),
        ({"version": "2"}, "version 1, now 2"),
        ({"version": ""}, r"version 1, now \(none\)"),
        ({"options": {"rate": "0.2"}}, r"rate 0.1, now 0.2"),
        ({"datasets": []}, "datasets of kind jsonl, now none"),
    ],
)
def test_another_recipe_seed_or_setting_is_refused(folder: Path, begun: Path, changes: Any, told: str) -> None:
    with pytest.raises(ModelError, match=rf"begun otherwise \({told}\). Choose"):
        begin(begun, run_on(folder, **changes).identity)


def test_order_place_and_what_is_said_twice_do_not_matter(folder: Path, begun: Path) -> None:
    write(folder, [{**line, "labels": line["labels"][::-1]} for line in lines_of(folder)[::-1]])
    begin(begun, run_on(folder, options={"rate": "0.1"}, shared=folder / "maps").identity)
    shutil.copytree(folder, folder.with_name("moved"))
    begin(begun, run_on(folder.with_name("moved")).identity)


def test_samples_are_in_the_order_of_their_paths(folder: Path) -> None:
    (expected,) = run_on(folder).datasets
    write(folder, lines_of(folder)[::-1])
    (found,) = run_on(folder).datasets
    assert [s.file.name for s in found.samples] == [f"{n}.jpg" for n in range(6)] and found.samples == expected.samples


@pytest.mark.parametrize("said", [None, "", "nonsense", "{}", '{"datasets": [{}]}', "[]", NEARLY])
@pytest.mark.parametrize("file", ["checkpoint.pt", "weights.safetensors"])
def test_a_folder_that_does_not_tell_is_refused(folder: Path, said: str | None, file: str) -> None:
    run = run_on(folder)
    (run.folder / file).write_bytes(b"of an older version")
    if said is not None:
        (run.folder / FILE).write_text(said)
    with pytest.raises(ModelError, match=r"does not say which pictures and labels it learned from: .*older.*--fresh"):
        begin(run.folder, run.identity)
    assert (run.folder / file).read_bytes() == b"of an older version"


def test_where_nothing_can_be_lost_a_run_begins(folder: Path, begun: Path) -> None:
    (begun / "checkpoint.pt").unlink()
    change_bytes(folder)
    begin(begun, run_on(folder).identity)
    assert json.loads((begun / FILE).read_text()) == run_on(folder).identity


def test_a_fresh_run_deletes_what_the_earlier_one_made_and_nothing_else(folder: Path, begun: Path) -> None:
    for name in ("weights.safetensors", "weights.json", "history.json", "mine.txt"):
        (begun / name).write_text("earlier")
    change_bytes(folder)
    begin(begun, run_on(folder, fresh=True).identity, fresh=True)
    assert sorted(file.name for file in begun.iterdir()) == ["mine.txt", FILE]


def test_what_is_kept_at_the_end_is_compared_at_the_next_start(folder: Path) -> None:
    run = run_on(folder)
    (run.folder / "weights.safetensors").write_bytes(b"done")
    keep(run.folder, run.identity)
    refuse_other(run.folder, run_on(folder).identity)
