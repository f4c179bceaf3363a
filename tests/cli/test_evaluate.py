"""``imsearch evaluate`` with the fake annotator, whose figures can be computed by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from imsearch.annotator import Annotator
from imsearch.errors import DatasetError
from imsearch.pictures.picture import Picture
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import load_dataset
from imsearch.training.evaluate import evaluate
from tests.cli.conftest import Run
from tests.make_pictures import BLUE, GREEN, RED, plain
from tests.make_plugins import Plugins

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two plain pictures of each colour, one of them in the split "test", and one that is labelled wrongly."""
    folder = tmp_path / "colours"
    folder.mkdir()
    rows = []
    for number, (name, colour) in enumerate(COLOURS.items()):
        for split in ("train", "test"):
            file = plain(folder / f"{name}-{split}.png", colour, seed=1 + number + 10 * (split == "test"))
            rows.append({"file": file.name, "labels": [name], "split": split})
    rows.append({"file": plain(folder / "odd.png", RED, seed=99).name, "labels": ["green"], "split": "test"})
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def test_tags_are_judged_on_the_test_split(run: Run, plugins: Plugins, dataset: Path) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--by", "tags", "--json")
    assert ran.code == 0
    (judged,) = ran.json["evaluations"]
    assert (judged["pictures"], judged["judged"]) == (4, 3)
    # Blue and red rank their one picture first (red's tie is broken by order); green finds one of two first, the
    # other behind it among the pictures without green, in their order: odd.png comes last.
    assert judged["mean_ap"] == pytest.approx((1 + 1 + (1 + 2 / 4) / 2) / 3)
    # Shown: one colour for each picture, right for three of four.
    assert judged["shown"]["overall_precision"] == judged["shown"]["overall_recall"] == 0.75


def test_the_table_names_the_protocols(run: Run, plugins: Plugins, dataset: Path) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--by", "tags", "--split", "train")
    assert all(title in ran.out for title in ("five words", "three words, per word", "shown, over all"))
    assert "mAP over words 1.0000 (11-point 1.0000), over pictures 1.0000" in ran.out
    assert "colours on 3 pictures" in ran.err


def test_a_scene_is_judged_by_the_labels_of_its_own_set(run: Run, plugins: Plugins, dataset: Path) -> None:
    lines = [json.loads(line) for line in (dataset / "labels.jsonl").read_text().splitlines()]
    own = {"red": "a", "blue": "a", "green": "b"}
    # odd.png is red all over, but in a set that has no red: nothing is wrong, nothing is found.
    rows = [{**line, "set": own[line["labels"][0]]} for line in lines]
    (dataset / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ran = run("evaluate", "colours", "--dataset", f"scenes:{dataset}", "--by", "tags", "--json")
    (judged,) = ran.json["evaluations"]
    assert judged["shown"]["overall_precision"] == 1 and judged["shown"]["overall_recall"] == 0.75
    assert judged["mean_ap"] == 1  # green is judged in the two pictures that have it, red and blue in the other two
    assert judged["top_1"] == 1
    table = run("evaluate", "colours", "--dataset", f"scenes:{dataset}", "--by", "tags")
    assert "top-1 label correct in 1.0000 of the pictures" in table.out
    plain_kind = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--by", "tags", "--json")
    assert plain_kind.json["evaluations"][0]["top_1"] is None


@pytest.mark.parametrize("ask", ["tags", "words"])
def test_search_is_judged_through_the_index(run: Run, plugins: Plugins, dataset: Path, ask: str) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--search", "--ask", ask, "--json")
    (found,) = ran.json["evaluations"]
    # Only "green" is on two test pictures; the true one is found first, the one labelled wrongly has no green at all.
    assert found["queries"] == {"All": 1, "Single": 1, "Multi": 0, "Easy": 0, "Hard": 1}
    assert found["map"] == {"All": 0.5, "Single": 0.5, "Hard": 0.5}


def test_the_ablation_ranks_in_several_ways(run: Run, plugins: Plugins, dataset: Path) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--search", "--ablate", "--json")
    (found,) = ran.json["evaluations"]
    assert found["ablation"]["as it is"]["map"] == found["map"] == {"All": 0.5, "Single": 0.5, "Hard": 0.5}
    assert "with visual evidence" in found["ablation"]
    table = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--search", "--ablate").out
    assert "likeliest word" in table


def test_captions_are_typed_and_their_pictures_looked_for(run: Run, plugins: Plugins, tmp_path: Path) -> None:
    said = {"red": "Something red .", "green": 'All (green", is it?', "blue": "A picture of a blue wall"}
    rows = [
        {
            "file": plain(tmp_path / f"{name}.png", colour, seed=1).name,
            "labels": [],
            "captions": 4 * [""] + [said[name]],
        }
        for name, colour in COLOURS.items()
    ]
    odd = {"file": plain(tmp_path / "odd.png", RED, seed=2).name, "labels": [], "captions": 4 * [""] + ["green"]}
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, [*rows, odd])))
    arguments = ("evaluate", "colours", "--dataset", f"jsonl:{tmp_path}", "--search", "--ask", "captions")
    (found,) = run(*arguments, "--json").json["evaluations"]
    # Three pictures come first; the red one called green is not found, and counts as the last of four.
    assert found["captions"]["all"] == {
        "queries": 4, "r_at_1": 0.75, "r_at_5": 1.0, "r_at_10": 1.0, "median_rank": 1.0
    }  # fmt: skip
    assert found["captions"]["second half"]["median_rank"] == 2.5
    assert "second half" in run(*arguments).out


def test_captions_are_asked_for_where_there_are_some(run: Run, plugins: Plugins, dataset: Path) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--search", "--ask", "captions")
    assert ran.code == 2 and "has no caption number 4" in ran.err


def test_mistakes_are_told(run: Run, plugins: Plugins, dataset: Path) -> None:
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}")
    assert ran.code == 2 and "--by tags" in ran.err
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--split", "dev")
    assert ran.code == 2 and "it has: test, train" in ran.err
    ran = run("evaluate", "nobody", "--dataset", f"jsonl:{dataset}")
    assert ran.code == 2 and "nobody" in ran.err
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--weights", dataset / "labels.jsonl")
    assert ran.code == 2
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--by", "tags", "--social-tags", "text_tags")
    assert ran.code == 2 and "does not look at social tags" in ran.err


def test_a_picture_that_cannot_be_read_is_named(run: Run, plugins: Plugins, dataset: Path) -> None:
    (dataset / "odd.png").write_bytes(b"no picture")
    ran = run("evaluate", "colours", "--dataset", f"jsonl:{dataset}", "--by", "tags")
    assert ran.code == 2 and "odd.png cannot be used" in ran.err


class Reading(Annotator):
    """Says what social tags it was handed, "chair" for "else"."""

    def prepare(self, picture: Picture) -> tuple[str, ...]:
        return picture.social_tags

    def annotate(self, batch: Sequence[tuple[str, ...]]) -> list[Annotation]:
        return [Annotation(tuple(Tag(word.replace("else", "chair"), 0.9) for word in words)) for words in batch]


def test_a_field_stands_in_for_social_tags(tmp_path: Path) -> None:
    rows = [
        {"file": plain(tmp_path / f"{n}.png", RED, seed=n).name, "labels": [word], "said": said}
        for n, (word, said) in enumerate((("chair", ["ELSE"]), ("sky", ["Skies", "Sky", "chairs"])))
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    dataset = load_dataset(f"jsonl:{tmp_path}")
    spec = AnnotatorSpec("reading", "1", lambda device: Reading(), inputs=frozenset({"social_tags"}))
    judged = evaluate(spec, Reading(), dataset, dataset, "tags", social_tags="said")
    assert judged.shown.overall_precision == 1.0 and judged.shown.overall_recall == 0.5  # "sky" would be the answer
    assert evaluate(spec, Reading(), dataset, dataset, "tags").shown.overall_recall == 0.0
    with pytest.raises(DatasetError, match="there are: said"):
        evaluate(spec, Reading(), dataset, dataset, "tags", social_tags="tags")
