from __future__ import annotations

import json
from pathlib import Path

import pytest

from imsearch.errors import DatasetError
from imsearch.training.datasets import hold_out, load_dataset


def write(folder: Path, rows: list[object], teacher: list[object] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if teacher is not None:
        (folder / "objects_teacher.jsonl").write_text("".join(json.dumps(row) + "\n" for row in teacher))
    for row in rows:
        if isinstance(row, dict) and "file" in row:
            (folder / row["file"]).touch()
    return folder


ROWS: list[object] = [
    {"file": "a.jpg", "labels": ["sea", "sky"], "split": "train", "captions": ["A sea ."]},
    {"file": "b.jpg", "labels": ["sun"], "split": "test"},
]


def test_samples_carry_labels_split_teacher_and_the_rest(tmp_path: Path) -> None:
    folder = write(tmp_path, ROWS, [{"file": "a.jpg", "objects": {"boat": 0.25}}])
    dataset = load_dataset(f"corel5k:{folder}")
    assert dataset.labels == ("sea", "sky", "sun")
    first, second = dataset.samples
    assert (first.file, first.labels, first.split) == (folder / "a.jpg", ("sea", "sky"), "train")
    assert first.soft == {"boat": 0.25} and second.soft is None
    assert first.extra == {"captions": ["A sea ."]}
    assert dataset.truth().tolist() == [[True, True, False], [False, False, True]]


def test_a_split_keeps_the_vocabulary(tmp_path: Path) -> None:
    dataset = load_dataset(f"jsonl:{write(tmp_path, ROWS)}").split("test")
    assert [sample.file.name for sample in dataset.samples] == ["b.jpg"]
    assert dataset.truth().tolist() == [[False, False, True]]


def test_holding_out_is_the_same_for_every_order_and_folder(tmp_path: Path) -> None:
    rows: list[object] = [{"file": f"{number}.jpg", "labels": []} for number in range(200)]
    samples = load_dataset(f"jsonl:{write(tmp_path, rows)}").samples
    kept, held = hold_out(samples, 5)
    assert len(kept) + len(held) == 200 and 20 <= len(held) <= 60
    again = hold_out(samples[::-1], 5)[1]
    assert {s.file.name for s in again} == {s.file.name for s in held}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("corel5k", "KIND:PATH"),
        ("pascal:{folder}", "one of corel5k"),
        ("jsonl:{folder}/nowhere", "does not exist"),
        ("jsonl:{folder}/empty", "holds no samples"),
        ("jsonl:{folder}/broken", "line 2 is not JSON"),
        ("jsonl:{folder}/keyless", 'line 1 needs a "file"'),
        ("jsonl:{folder}/gone", "1 of 1 pictures"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, spec: str, message: str) -> None:
    write(tmp_path / "empty", [])
    write(tmp_path / "keyless", [{"labels": []}])
    write(tmp_path / "gone", [{"file": "a.jpg", "labels": []}])
    (tmp_path / "gone" / "a.jpg").unlink()
    write(tmp_path / "broken", [])
    (tmp_path / "broken" / "labels.jsonl").write_text('{"file": "a.jpg", "labels": []}\n{"file"\n')
    with pytest.raises(DatasetError, match=message):
        load_dataset(spec.format(folder=tmp_path))


def test_an_empty_split_names_those_that_exist(tmp_path: Path) -> None:
    dataset = load_dataset(f"jsonl:{write(tmp_path, ROWS)}")
    with pytest.raises(DatasetError, match="it has: test, train"):
        dataset.split("dev")
