"""Every kind of dataset on generated files: what is read, and what is said when it cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from imsearch.errors import DatasetError
from imsearch.training.data.datasets import READERS, Dataset, hold_out, load_dataset
from imsearch.training.features import load_square

Tree = Mapping[str, list[object] | dict[str, object] | str | bytes | None]


def write(folder: Path, files: Tree) -> Path:
    """Files by name: texts and bytes as they are, lists as JSON lines, dictionaries as JSON; None for an empty file."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        elif isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content or b"")
    return folder


def rows(dataset: Dataset) -> dict[str, tuple[tuple[str, ...], str]]:
    """Labels and split by the file's path inside the folder."""
    folder = dataset.folder if dataset.folder.is_dir() else dataset.folder.parent
    return {str(s.file.relative_to(folder)): (s.labels, s.split) for s in dataset.samples}


def voc(*objects: tuple[str, int]) -> str:
    things = "".join(f"<object><name>{name}</name><difficult>{d}</difficult></object>" for name, d in objects)
    return f"<annotation><filename>x.jpg</filename>{things}</annotation>"


def coco(*annotations: dict[str, int]) -> dict[str, object]:
    return {
        "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
        "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
        "annotations": list(annotations),
    }


DOG, PERSON, NEXT = {"image_id": 1, "category_id": 18}, {"image_id": 1, "category_id": 1}, {"image_id": 2}
LINES: list[object] = [
    {"file": "a.jpg", "labels": ["sea", "sky"], "split": "train", "captions": ["A sea ."]},
    {"file": "b.jpg", "labels": ["sun"], "split": "test"},
]
TWO: Tree = {"a.jpg": None, "b.jpg": None}
AS_TOLD = {"a.jpg": (("sea", "sky"), "train"), "b.jpg": (("sun",), "test")}
SCENES: list[object] = [
    {"file": "a.jpg", "labels": ["kitchen"], "set": "rooms", "split": "train"},
    {"file": "b.jpg", "labels": ["sea"], "set": "places"},
]
STUFF_LINES: list[object] = [
    {"file": "a.jpg", "labels": ["boat"], "stuff_labels": ["sky-other-merged", "sea", "banner"]},
    {"file": "b.jpg", "labels": ["park"], "set": "places", "stuff_seen": ["sky", "tree", "crowd"]},
    {"file": "c.jpg", "labels": ["road", "car"], "set": "streets", "complete": True, "split": "dev"},
    {"file": "d.jpg", "labels": ["sofa"], "set": "places", "complete": False},
]
RATED: list[object] = [
    {"file": "a.jpg", "labels": ["lake"], "valence": 6.1, "arousal": 2.5, "split": "train"},
    {"file": "b.jpg", "labels": ["wall"], "valence": 4, "arousal": 3.5},
]
VOC: Tree = {
    "JPEGImages/1.jpg": None,
    "JPEGImages/2.jpg": None,
    "JPEGImages/3.jpg": None,
    "Annotations/1.xml": voc(("dog", 0), ("car", 1), ("dog", 0)),
    "Annotations/2.xml": voc(("cat", 0), ("cat", 1)),
    "Annotations/3.xml": voc(),
}

READ: dict[str, tuple[str, Tree, dict[str, tuple[tuple[str, ...], str]]]] = {
    "json lines in a folder": ("jsonl:{}", {"labels.jsonl": LINES, **TWO}, AS_TOLD),
    "a file of json lines": ("jsonl:{}/mine.jsonl", {"mine.jsonl": LINES, **TWO}, AS_TOLD),
    "no split": ("sentiment:{}", {"labels.jsonl": [{"file": "a.jpg", "labels": []}], **TWO}, {"a.jpg": ((), "")}),
    "the split of coco": ("coco:{}", {"labels.jsonl": [{"file": "a.jpg", "labels": ["cat"]}], **TWO},
                          {"a.jpg": (("cat",), "train2017")}),
    "emotions": ("emotion:{}", {"labels.jsonl": [{"file": "a.jpg", "labels": ["baby"], "emotions": ["happy"]}], **TWO},
                 {"a.jpg": (("happy",), "")}),
    "scenes": ("scenes:{}", {"labels.jsonl": SCENES, **TWO},
               {"a.jpg": (("kitchen",), "train"), "b.jpg": (("sea",), "")}),
    "stuff": ("stuff:{}", {"labels.jsonl": STUFF_LINES, **TWO, "c.jpg": None, "d.jpg": None},
              {"a.jpg": (("sky", "water", "sea"), "train2017"), "b.jpg": (("sky", "tree"), "train2017"),
               "c.jpg": (("road",), "dev")}),
    "a line separator in a text": (
        "jsonl:{}", {"labels.jsonl": '{"file": "a.jpg", "labels": ["x"], "captions": ["one\u2028two"]}', **TWO},
        {"a.jpg": (("x",), "")}),
    "a label said twice": ("jsonl:{}", {"labels.jsonl": [{"file": "a.jpg", "labels": ["x", "y", "x"]}], **TWO},
                           {"a.jpg": (("x", "y"), "")}),
    "csv in a folder": ("csv:{}", {"labels.csv": "file,labels,split\na.jpg,sea;sky,train\nb.jpg,sun,test\n", **TWO},
                        AS_TOLD),
    "csv of a spreadsheet": (
        "csv:{}/x.csv",
        {"x.csv": '\ufeffsplit,labels,file\r\ntrain,"sea | sky",a.jpg\r\n\r\ntest,sun,b.jpg\r\n', **TWO}, AS_TOLD),
    "csv without splits": ("csv:{}", {"labels.csv": "file,labels\na.jpg,\nb.jpg,sun", **TWO},
                           {"a.jpg": ((), ""), "b.jpg": (("sun",), "")}),
    "ratings": ("ratings:{}", {"labels.jsonl": RATED, **TWO},
                {"a.jpg": (("calm", "positive"), "train"), "b.jpg": ((), "")}),
    "folders": ("folders:{}", {"cat/1.jpg": None, "cat/more/2.PNG": None, "dog/1.jpg": None, "dog/notes.txt": None,
                               ".trash/3.jpg": None, "read me.txt": None},
                {"cat/1.jpg": (("cat",), ""), "cat/more/2.PNG": (("cat",), ""), "dog/1.jpg": (("dog",), "")}),
    "folders of parts": ("folders:{}", {"train/cat/1.jpg": None, "validation/cat/1.jpg": None, "Test/dog/.x.jpg": None,
                                        "Test/dog/2.jpg": None},
                         {"train/cat/1.jpg": (("cat",), "train"), "validation/cat/1.jpg": (("cat",), "validation"),
                          "Test/dog/2.jpg": (("dog",), "test")}),
    "folders of labels that are called like parts": (
        "folders:{}", {"train/1.jpg": None, "bus/1.jpg": None, "test/1.jpg": None},
        {"train/1.jpg": (("train",), ""), "bus/1.jpg": (("bus",), ""), "test/1.jpg": (("test",), "")}),
    "a label train in each part": (
        "folders:{}", {"train/train/1.jpg": None, "train/bus/1.jpg": None, "val/train/1.jpg": None, "test/x": None},
        {"train/train/1.jpg": (("train",), "train"), "train/bus/1.jpg": (("bus",), "train"),
         "val/train/1.jpg": (("train",), "val")}),
    "coco as downloaded": (
        "coco-json:{}",
        {"annotations/instances_train2017.json": coco(PERSON, DOG, DOG), "annotations/captions_train2017.json": {},
         "train2017/a.jpg": None, "train2017/b.jpg": None},
        {"train2017/a.jpg": (("dog", "person"), "train"), "train2017/b.jpg": ((), "train")}),
    "one coco file beside its pictures": (
        "coco-json:{}/instances_val.json", {"instances_val.json": coco(NEXT | {"category_id": 1}), **TWO},
        {"a.jpg": ((), "val"), "b.jpg": (("person",), "val")}),
    "coco with a name of its own": ("coco-json:{}/my.json", {"my.json": coco(DOG), **TWO},
                                    {"a.jpg": (("dog",), ""), "b.jpg": ((), "")}),
    "voc": ("voc:{}", {**VOC, "ImageSets/Main/train.txt": "1\n", "ImageSets/Main/val.txt": "2  1\n",
                       "ImageSets/Main/trainval.txt": "1\n2\n", "ImageSets/Main/test.txt": "3\n"},
            {"JPEGImages/1.jpg": (("dog",), "train"), "JPEGImages/2.jpg": (("cat",), "val"),
             "JPEGImages/3.jpg": ((), "test")}),
    "voc with one list": ("voc:{}", {**VOC, "ImageSets/Main/trainval.txt": "1\n2\n"},
                          {"JPEGImages/1.jpg": (("dog",), "train"), "JPEGImages/2.jpg": (("cat",), "train")}),
    "voc without lists": ("voc:{}", VOC, {"JPEGImages/1.jpg": (("dog",), ""), "JPEGImages/2.jpg": (("cat",), ""),
                                          "JPEGImages/3.jpg": ((), "")}),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_each_kind_is_read(tmp_path: Path, name: str) -> None:
    spec, files, expected = READ[name]
    dataset = load_dataset(spec.format(write(tmp_path, files)))
    assert rows(dataset) == expected
    assert dataset.labels == tuple(sorted({label for labels, _ in expected.values() for label in labels}))


def test_every_kind_has_an_example_here() -> None:
    alike = {"corel5k", "flickr8k"}  # read as jsonl
    assert {spec.partition(":")[0] for spec, _, _ in READ.values()} | alike == set(READERS)


def test_samples_carry_what_else_is_known(tmp_path: Path) -> None:
    teacher: list[object] = [{"file": "a.jpg", "objects": {"boat": 0.25}}]
    folder = write(tmp_path / "lines", {"labels.jsonl": LINES, "objects_teacher.jsonl": teacher, **TWO})
    dataset = load_dataset(f"corel5k:{folder}")
    first, second = dataset.samples
    assert first.soft == {"boat": 0.25} and second.soft is None
    assert first.extra == {"captions": ["A sea ."]}
    assert second.place == f"{folder}/labels.jsonl, line 2"
    assert dataset.truth().tolist() == [[True, True, False], [False, False, True]]
    table = write(tmp_path / "table", {"labels.csv": "file,labels,author\na.jpg,sea,Ann\n", **TWO})
    assert load_dataset(f"csv:{table}").samples[0].extra == {"author": "Ann"}
    marked = load_dataset(f"voc:{write(tmp_path / 'voc', VOC)}").samples
    assert [sample.extra for sample in marked] == [{"difficult": ("car",)}, {}, {}]  # a plain cat is there as well
    kept = write(tmp_path / "emotions", {"labels.jsonl": [{"file": "a.jpg", "labels": ["x"], "emotions": []}], **TWO})
    assert load_dataset(f"emotion:{kept}").samples[0].extra == {"emotions": [], "nouns": ("x",)}


def test_a_scene_is_judged_by_the_words_of_its_own_set(tmp_path: Path) -> None:
    more: list[object] = [*SCENES, {"file": "c.jpg", "labels": ["bedroom"], "set": "rooms"}]
    dataset = load_dataset(f"scenes:{write(tmp_path, {'labels.jsonl': more, **TWO, 'c.jpg': None})}")
    assert [sample.judged for sample in dataset.samples] == [("bedroom", "kitchen"), ("sea",), ("bedroom", "kitchen")]
    assert dataset.labels == ("bedroom", "kitchen", "sea")
    assert dataset.judged().tolist() == [[True, True, False], [False, False, True], [True, True, False]]
    assert dataset.judged(("sea", "kitchen")).tolist() == [[False, True], [True, False], [False, True]]


def test_stuff_is_judged_as_far_as_it_is_labelled(tmp_path: Path) -> None:
    files: Tree = {"labels.jsonl": STUFF_LINES, **TWO, "c.jpg": None, "d.jpg": None}
    named, seen, pixels = load_dataset(f"stuff:{write(tmp_path, files)}").samples
    assert {"sky", "grass", "wall", "plant"} <= set(named.judged or ())
    assert "grass" in (seen.judged or ()) and "wall" not in (seen.judged or ())
    assert pixels.judged == ("road",)
    meadow: list[object] = [{"file": "a.jpg", "labels": [], "stuff_labels": ["grass-merged"]}]
    (sample,) = load_dataset(f"stuff:{write(tmp_path, {'labels.jsonl': meadow})}").samples
    assert not {"field", "plant"} & set(sample.judged or ())  # grass, to those who labelled it


def test_other_kinds_judge_every_label(tmp_path: Path) -> None:
    dataset = load_dataset(f"jsonl:{write(tmp_path, {'labels.jsonl': LINES, **TWO})}")
    assert dataset.judged().all()


def test_a_vocabulary_file_fixes_the_labels(tmp_path: Path) -> None:
    folder = write(tmp_path, {"labels.jsonl": LINES, "vocabulary.txt": "sky\nsea\n\nzebra\nsun\n", **TWO})
    assert load_dataset(f"jsonl:{folder}").labels == ("sea", "sky", "sun", "zebra")
    write(tmp_path, {"vocabulary.txt": "sky\nsea\n"})
    with pytest.raises(
        DatasetError, match=r"b.jpg has the label 'sun' \(.*, line 2\), which .*vocabulary.txt does not"
    ):
        load_dataset(f"jsonl:{folder}/labels.jsonl")


def test_a_split_keeps_the_vocabulary_and_an_empty_one_names_those_that_exist(tmp_path: Path) -> None:
    dataset = load_dataset(f"jsonl:{write(tmp_path, {'labels.jsonl': LINES, **TWO})}")
    part = dataset.split("test")
    assert [sample.file.name for sample in part.samples] == ["b.jpg"]
    assert part.truth().tolist() == [[False, False, True]]
    with pytest.raises(DatasetError, match="no samples of split dev; it has: test, train"):
        dataset.split("dev")


def test_holding_out_is_the_same_for_every_order_and_folder(tmp_path: Path) -> None:
    listed: list[object] = [{"file": f"{number}.jpg", "labels": []} for number in range(200)]
    pictures = {f"{number}.jpg": None for number in range(200)}
    samples = load_dataset(f"jsonl:{write(tmp_path, {'labels.jsonl': listed, **pictures})}").samples
    kept, held = hold_out(samples, 5)
    assert len(kept) + len(held) == 200 and 20 <= len(held) <= 60
    again = hold_out(samples[::-1], 5)[1]
    assert {s.file.name for s in again} == {s.file.name for s in held}


def line(**fields: object) -> Tree:
    return {"labels.jsonl": [{"file": "a.jpg", "labels": []}, fields], **TWO}


REFUSED: dict[str, tuple[str, Tree, str]] = {
    "no path": ("corel5k", {}, "KIND:PATH"),
    "unknown kind": ("pascal:{}", {}, "one of corel5k"),
    "no folder": ("jsonl:{}/nowhere", {}, "nowhere does not exist"),
    "a file for a folder": ("voc:{}/a.jpg", TWO, "a.jpg is a file; a dataset of kind voc is a folder"),
    "empty": ("jsonl:{}", {"labels.jsonl": []}, "holds no samples"),
    "no list": ("jsonl:{}", TWO, "labels.jsonl is missing"),
    "not text": ("jsonl:{}", {"labels.jsonl": b"\xff\xfe"}, "labels.jsonl cannot be read.*UTF-8"),
    "not JSON": ("jsonl:{}", {"labels.jsonl": '{"file": "a.jpg", "labels": []}\n{"file"\n'}, "line 2 is not JSON"),
    "not an object": ("jsonl:{}", {"labels.jsonl": "[]\n"}, "line 1 is not a JSON object"),
    "no file": ("jsonl:{}", line(labels=[]), 'line 2 needs a "file"'),
    "labels are no list": ("jsonl:{}", line(file="b.jpg", labels="sea"), 'line 2 needs .* a list of "labels"'),
    "no emotions": ("emotion:{}", line(file="b.jpg", labels=[]), 'line 1: a.jpg needs a list of "emotions"'),
    "scenes without sets": ("scenes:{}", line(file="b.jpg", labels=["sea"]), 'line 1 needs the name of its "set"'),
    "no stuff": ("stuff:{}", {"labels.jsonl": LINES, **TWO}, 'no picture with "stuff_labels"'),
    "a label is empty": ("jsonl:{}", line(file="b.jpg", labels=["sea", " "]), r"b.jpg has the label ' ' \(.*line 2\)"),
    "a label is no text": ("jsonl:{}", line(file="b.jpg", labels=[["sea"]]), r"has the label \['sea'\] \(.*line 2\)"),
    "missing pictures": ("jsonl:{}", {"labels.jsonl": LINES}, r"2 of 2 pictures.*a.jpg, is not there \(.*line 1\)"),
    "a folder for a picture": ("jsonl:{}", {"labels.jsonl": LINES, "a.jpg/x": None, "b.jpg": None},
                               r"1 of 2 .*a.jpg, is not a file"),
    "a picture twice": ("jsonl:{}", line(file="./a.jpg", labels=["sea"]), r"a.jpg is listed twice \(.*1 and .*2\)"),
    "odd teacher": ("jsonl:{}", {"labels.jsonl": LINES, "objects_teacher.jsonl": [{"file": "a.jpg"}], **TWO},
                    'objects_teacher.jsonl, line 1 needs a "file" and "objects"'),
    "csv without columns": ("csv:{}", {"labels.csv": "a.jpg,sea\n"}, "line 1 has to name .*; file is not there"),
    "csv without anything": ("csv:{}", {"labels.csv": None}, "line 1 has to name the columns"),
    "csv with too much": ("csv:{}", {"labels.csv": "file,labels\na.jpg,sea,sky"}, "line 2 needs a file and 2 columns"),
    "csv with too little": ("csv:{}", {"labels.csv": "file,labels\na.jpg\n"}, "line 2 needs a file and 2 columns"),
    "csv without a file": ("csv:{}", {"labels.csv": "file,labels\n,sea\n"}, "line 2 needs a file"),
    "csv with an open quote": ("csv:{}", {"labels.csv": 'file,labels\na.jpg,"sea\n'}, "csv is not CSV after line 1"),
    "csv with an empty label": ("csv:{}", {"labels.csv": "file,labels\na.jpg,sea;;sky\n", **TWO},
                                r"the label '' \(.*labels.csv, line 2\)"),
    "no folders": ("folders:{}", TWO, "holds no folders"),
    "parts and labels": ("folders:{}", {"train/cat/1.jpg": None, "dog/2.jpg": None},
                         r"\(train\) and labels \(dog\).*If train is a label"),
    "a picture without a label": ("folders:{}", {"cat/1.jpg": None, "2.jpg": None}, "2.jpg lies in no label's folder"),
    "no coco files": ("coco-json:{}", TWO, "holds no instances"),
    "coco not JSON": ("coco-json:{}", {"instances_val.json": "{"}, "instances_val.json is not JSON"),
    "coco without categories": ("coco-json:{}", {"instances_val.json": {"images": []}}, "it lacks 'categories'"),
    "coco with a list": ("coco-json:{}/x.json", {"x.json": "[]"}, "x.json is not a COCO file"),
    "coco of an unknown category": ("coco-json:{}", {"instances_val.json": coco(DOG, NEXT | {"category_id": 9})},
                                    "annotation 1 is of category 9"),
    "coco of an unknown picture": ("coco-json:{}",
                                   {"instances_val.json": coco({"id": 7, "image_id": 3, "category_id": 1})},
                                   "annotation 7 is of image 3"),
    "coco without pictures": ("coco-json:{}", {"instances_val.json": coco()}, r"2 of 2 .*instances_val.json, image 1"),
    "a picture in two coco files": ("coco-json:{}", {"instances_a.json": coco(), "instances_b.json": coco(), **TWO},
                                    r"a.jpg is listed twice \(.*instances_a.json, image 1 and .*instances_b"),
    "not voc": ("voc:{}", TWO, "has to hold the folders JPEGImages and Annotations"),
    "voc without the annotation": ("voc:{}", {**VOC, "ImageSets/Main/test.txt": "1\n\n4\n"},
                                   r"test.txt, line 3: .*4.xml is missing"),
    "voc without the picture": ("voc:{}", {**VOC, "Annotations/4.xml": voc()}, r"1 of 4 .*4.jpg, is not there"),
    "voc of damaged XML": ("voc:{}", {**VOC, "Annotations/2.xml": "<annotation>"}, "2.xml cannot be read.*well-formed"),
    "voc with entities": ("voc:{}", {**VOC, "Annotations/2.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
                          "2.xml cannot be read: it declares a document type"),
    "voc of nothing": ("voc:{}", {**VOC, "Annotations/2.xml": voc((" ", 0))}, "2.xml: an object has no name"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_named(tmp_path: Path, name: str) -> None:
    spec, files, message = REFUSED[name]
    write(tmp_path, files)
    with pytest.raises(DatasetError, match=message):
        load_dataset(spec.format(tmp_path))


def test_a_file_that_is_no_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a.jpg": "no picture"})
    with pytest.raises(DatasetError, match=r"a.jpg cannot be used: it is not a picture.*out of the dataset"):
        load_square(tmp_path / "a.jpg", 32)
