"""docs/models.md says what the benchmarks' figures say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks import model_sets, models
from benchmarks.tables import FIGURES, PAGE, filled
from imsearch.annotator import Annotator
from imsearch.evaluation.labelled import Judged
from imsearch.evaluation.measures import Part
from imsearch.pictures.picture import Picture
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec
from imsearch.training.data.datasets import Dataset, Sample


def test_the_tables_are_those_of_the_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, FIGURES) == page, "run python -m benchmarks.tables"
    assert page.count("<!-- table: ") == page.count("<!-- end -->") >= 9


def test_a_claim_is_told_with_its_spread(tmp_path: Path) -> None:
    variants = {"one": [{"mAP": 0.5, "N+": 10}], "two": [{"mAP": 0.4, "N+": 10}, {"mAP": 0.6, "N+": 14}]}
    (tmp_path / "claim.json").write_text(json.dumps({"title": "", "variants": variants}))
    page = filled("<!-- table: claim | mAP, N+ -->\nold\n<!-- end -->\n", tmp_path)
    # The deviation of two values is their distance over the root of two.
    assert "| one | 0.5000 | 10 |" in page and "| two | 0.5000 ± 0.1414 | 12 ± 3 |" in page and "old" not in page
    assert filled(page, tmp_path) == page


def test_sets_that_a_model_does_not_name_are_left_out_there(tmp_path: Path) -> None:
    named = {"pictures": 9, "named": 4, "tags": 5, "mean_ap": 0.5, "precision": 0.75, "recall": 0.25}
    unnamed = {"pictures": 9, "named": 1, "tags": 5}
    mixed = {"pictures": 9, "named": 0, "tags": 8, "precision": None, "recall": 0.0, "at_precision": 0.0}
    models = {
        "few": {"sets": {}, "others": {"scenes": unnamed, "ordinary": mixed | {"shown": 0.5, "without": 0.5}}},
        "many": {"sets": {}, "others": {"scenes": named, "ordinary": named | {"shown": 3.25, "without": 0.125}}},
        "unmeasured": {"sets": {}},
    }
    (tmp_path / "models.json").write_text(json.dumps(models))
    page = "<!-- table: scenes -->\n<!-- end -->\n<!-- table: ordinary -->\n<!-- end -->\n"
    scenes, ordinary = filled(page, tmp_path).split("<!-- table: ordinary -->")
    many, few = "| many | 4 of 5 | 0.500 | 0.750 | 0.250 |", "| few | 1 of 5 | - | - | - |"
    assert many in scenes and few in scenes and scenes.index(many) < scenes.index(few)
    assert "| many | 4 of 5 | 0.750 | 0.250 | - | 3.25 | 0.125 |" in ordinary
    assert "| few | 0 of 8 | - | 0.000 | 0.000 | 0.50 | 0.500 |" in ordinary
    assert "unmeasured" not in scenes + ordinary


def test_what_is_measured_already_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = AnnotatorSpec(name="few", version="1", factory=lambda device: SureOfBoats(), vocabulary=("boat",))
    dataset = Dataset("corel5k", Path("corel5k"), (), ("boat",))
    part = {"scenes": Part(())}

    def titles(found: dict[str, Any], only: str | None = None, anew: bool = False) -> list[str]:
        return [title for title, _ in models.measures(spec, [dataset], part, {"sets": {}, **found}, only, anew)]

    assert titles({}) == ["cost", "corel5k", "other sets"]
    assert titles({"cost": {}, "sets": {"corel5k": None}}) == ["other sets"]
    assert titles({"cost": {}, "sets": {"corel5k": {}}, "others": {}}, anew=True) == ["cost", "corel5k", "other sets"]
    assert titles({}, "sets") == ["other sets"] and titles({"others": {}}, "sets") == []
    assert titles({"sets": {"corel5k": {"mean_ap": 0.5}}}, "search") == ["search"] and titles({}, "search") == []
    monkeypatch.setattr(models, "judge", lambda spec, dataset: {"mean_ap": 0.5})
    found: dict[str, Any] = {"sets": {}, "cost": {}, "others": {}}
    for _, measure in models.measures(spec, [dataset], part, found, None, False):
        measure()
    assert found["sets"] == {"corel5k": {"mean_ap": 0.5}}


def test_a_model_is_judged_by_the_tags_that_it_shows(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("boat", "sky")]
    for file, colour in zip(files, ("red", "blue"), strict=True):
        Image.new("RGB", (32, 32), colour).save(file)
    truth = np.array([[True, False], [False, True]])
    judged = Judged("two", tuple(files), ("boat", "sky"), ("boat", "sky"), truth, np.ones_like(truth))
    part = Part(tuple(Sample(file, (file.stem,)) for file in files), groups={"all": [judged]})

    def figures(vocabulary: tuple[str, ...]) -> dict[str, Any]:
        spec = AnnotatorSpec(name="sure", version="1", factory=lambda device: SureOfBoats(), vocabulary=vocabulary)
        return model_sets.meet(spec, {"scenes": part, model_sets.ORDINARY: part})

    found = figures(("boat", "ship"))
    assert found["scenes"]["named"] == 1 and found["scenes"]["tags"] == 2
    # One of two pictures is a boat; both are called so.
    assert found["scenes"]["precision"] == found["scenes"]["recall"] == 0.5
    assert found[model_sets.ORDINARY]["shown"] == 1 and found[model_sets.ORDINARY]["without"] == 0
    assert "precision" not in figures(("ship",))["scenes"]


class SureOfBoats(Annotator):
    """Says that every picture shows a boat."""

    def prepare(self, picture: Picture) -> Any:
        return None

    def annotate(self, batch: Sequence[Any]) -> list[Annotation]:
        return [Annotation((Tag("boat", 0.9),), None) for _ in batch]
