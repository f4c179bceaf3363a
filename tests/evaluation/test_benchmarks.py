"""The commands around the measures: which annotator is judged, what is printed, what is drawn."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont

from benchmarks import contact_sheet, seen
from benchmarks.annotators import chosen_spec
from imsearch.annotator import Annotator
from imsearch.errors import ModelError, PluginError
from imsearch.evaluation.answers import Answers
from imsearch.plugins.everyday.files import SUMMARY, WEIGHTS
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import hold_out, load_dataset


def build(device: str) -> Annotator:
    raise AssertionError("no model is needed")


def photos(folder: Path, number: int) -> list[Path]:
    """Pictures of noise in `folder`."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    files = [folder / f"{index}.png" for index in range(number)]
    for file in files:
        Image.fromarray(random.integers(0, 256, (48, 64, 3), np.uint8)).save(file)
    return files


def candidate(folder: Path, **changes: object) -> Path:
    """The installed weights in another place, and a summary that differs from theirs."""
    weights = folder / "weights.safetensors"
    shutil.copy(WEIGHTS, weights)
    summary = json.loads(SUMMARY.read_text("utf-8"))
    weights.with_suffix(".json").write_text(json.dumps({**summary, **changes}))
    return weights


def test_a_candidate_is_shown_by_its_own_thresholds(tmp_path: Path) -> None:
    weights = candidate(tmp_path, threshold=0.9, thresholds={"dog": 0.1}, version="candidate")
    spec = chosen_spec(f"everyday={weights}")
    assert spec.name == "everyday" and spec.version.startswith("candidate+")
    assert spec.shows("dog", 0.2)
    assert not spec.shows("cat", 0.8)
    assert chosen_spec("everyday").threshold < 0.9


def test_what_is_wrong_with_a_candidate_is_told(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="evryday"):
        chosen_spec("evryday")
    with pytest.raises(ModelError, match="There is no file"):
        chosen_spec(f"everyday={tmp_path / 'weights.safetensors'}")
    weights = candidate(tmp_path)
    weights.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match="Keep both files"):
        chosen_spec(f"everyday={weights}")


def test_figures_come_as_a_table_and_as_json(tmp_path: Path) -> None:
    files = photos(tmp_path / "coco_mini" / "images", 12)
    lines = [
        {"file": f"images/{file.name}", "labels": ["dog" if place % 2 else "cat"]} for place, file in enumerate(files)
    ]
    (tmp_path / "coco_mini" / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)))
    held = len(hold_out(load_dataset(f"coco:{tmp_path / 'coco_mini'}").samples, 4)[1])
    asked = ["--data", str(tmp_path), "--only", "objects"]
    printed = CliRunner().invoke(seen.main, asked)
    assert printed.exit_code == 0, printed.output
    assert "objects, COCO" in printed.output
    assert "missing objects, COCO" in printed.output
    found = json.loads(CliRunner().invoke(seen.main, [*asked, "--json"]).stdout)
    assert [(row["measure"], row["pictures"]) for row in found["rows"]] == [("objects, COCO", held)]
    assert {word["word"] for word in found["words"]} == {"cat", "dog"}
    assert sum(word["there"] for word in found["words"]) == held
    assert found["counts"] is None
    assert found["vocabulary"] > 1000


def test_parts_and_sets_that_are_not_there_are_told(tmp_path: Path) -> None:
    unknown = CliRunner().invoke(seen.main, ["--data", str(tmp_path), "--only", "scene"])
    assert unknown.exit_code == 2
    assert "'scene' is none of stuff, scenes" in unknown.stderr
    missing = CliRunner().invoke(seen.main, ["--data", str(tmp_path), "--only", "scenes"])
    assert missing.exit_code == 1
    assert "does not exist" in missing.stderr


def test_json_has_no_nan() -> None:
    assert seen.plain({"a": [math.nan, 1.0], "b": (0.5, None)}) == {"a": [None, 1.0], "b": [0.5, None]}


def test_a_sheet_has_every_picture_with_its_shown_tags(tmp_path: Path) -> None:
    files = photos(tmp_path / "photos", 32)
    tags = {file: {"dog": 0.9, "cat": 0.6, "pet": 0.95, "sky": 0.1} for file in files}
    spec = AnnotatorSpec("fake", "1", build, thresholds={"pet": 2.0})
    answers = Answers(spec, tags)
    assert contact_sheet.caption(answers, files[0]) == (["dog 90%", "cat 60%"], ["[pet 95%]"])
    paths = contact_sheet.write(answers, files, tmp_path / "sheet.png")
    assert [path.name for path in paths] == ["sheet.png", "sheet-2.png"]
    with Image.open(paths[0]) as first, Image.open(paths[1]) as second:
        assert first.width == second.width
        assert first.height > second.height


def test_a_sheet_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (file,) = photos(tmp_path / "photos", 1)
    for output in (tmp_path / "sheet.txt", tmp_path / "missing" / "sheet.png"):
        refused = CliRunner().invoke(contact_sheet.main, [str(file), "--output", str(output)])
        assert refused.exit_code == 2
        assert "is no .png or .jpg in a folder that is there" in refused.stderr


def test_the_same_pictures_are_taken_every_time(tmp_path: Path) -> None:
    files = photos(tmp_path / "photos", 9)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    assert contact_sheet.chosen([tmp_path], 20) == files
    some = contact_sheet.chosen([tmp_path], 4)
    assert len(some) == 4
    assert contact_sheet.chosen([*reversed(files)], 4) == some
    assert contact_sheet.chosen([files[0], tmp_path], 20) == files


def test_tags_are_wrapped_within_their_width() -> None:
    draw, font = ImageDraw.Draw(Image.new("RGB", (10, 10))), ImageFont.load_default(14)
    words = ["a very long tag 90%", "sky 80%", "sea 70%", "sand 60%"]
    lines = contact_sheet.wrapped(draw, font, words, 150)
    assert ", ".join(lines) == ", ".join(words)
    assert len(lines) > 1
    assert all(draw.textlength(line, font) <= 150 for line in lines)
