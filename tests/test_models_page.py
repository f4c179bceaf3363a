"""docs/models.md says what the benchmarks' figures say."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.tables import FIGURES, PAGE, filled


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
