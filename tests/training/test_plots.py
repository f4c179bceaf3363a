"""Which figure goes into which plot, and that the plots are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from PIL import Image

from imsearch.training.plots import plot_history, plot_of

MICRO = {"micro P": 0.5, "micro R": 0.1, "micro F1": 0.17}
HISTORY = [
    {"loss": 9.0, "loss held": 9.5, **MICRO, "sea mAP": 0.1, "sea P": 0.2, "sea R": 0.3, "sea F1": 0.24},
    {"loss": 4.0, "loss held": 6.5, "sea mAP": 0.3, "sea P": 0.4, "sea R": 0.4, "sea F1": 0.4, "learning rate": 0.1},
]


@pytest.mark.parametrize(
    ("name", "plot"),
    [
        ("loss", "loss"),
        ("loss held", "loss"),
        ("loss coco", "loss"),
        ("corel5k P", "prf"),
        ("corel5k R", "prf"),
        ("corel5k F1", "prf"),
        ("corel5k mAP", "scores"),
        ("micro P", "result"),
        ("micro F1", "result"),
        ("P", "scores"),
    ],
)
def test_the_name_of_a_figure_says_where_it_is_drawn(name: str, plot: str) -> None:
    assert plot_of(name) == plot


def test_each_plot_holds_its_own_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: dict[str, list[tuple[int, float]]] = {}
    plot = Axes.plot

    def spy(axes: Axes, x: range, y: list[float], **how: Any) -> object:
        lines[how["label"]] = list(zip(x, y, strict=True))
        return plot(axes, x, y, **how)

    monkeypatch.setattr(Axes, "plot", spy)
    plot_history(HISTORY, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["loss.png", "prf.png", "result.png", "scores.png"]
    assert lines["loss"] == [(1, 9.0), (2, 4.0)]
    assert lines["sea F1"] == [(1, 0.24), (2, 0.4)]
    assert lines["precision"][0] == (1, 0.5) and lines["F1"][0] == (1, 0.17)
    first, second = lines["learning rate"]
    assert first[1] != first[1] and second == (2, 0.1), "a figure that began later has a gap"
    with Image.open(tmp_path / "prf.png") as picture:
        assert picture.size == (2100, 1200) and [round(dpi) for dpi in picture.info["dpi"]] == [300, 300]


def test_a_plot_without_figures_is_not_made(tmp_path: Path) -> None:
    plot_history([{"loss": 1.0}], tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["loss.png"]
