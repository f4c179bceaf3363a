"""The curves of the claim of DCCNN: figures over steps and over numbers of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.claims.report import Figures, spread


def plot_curves(curves: Mapping[str, Sequence[Figures]], words: Mapping[str, Sequence[Figures]], path: Path) -> None:
    """MAP over the steps, on all and on low-frequency words, and accuracy over steps and words; bars are spreads."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    plots = figure.subplots(2, 2).ravel()
    drawn = [(curves, measure, "steps") for measure in ("mAP", "mAP rare", "accuracy")]
    drawn.append((words, "accuracy", "words"))
    for axes, (told, measure, unit) in zip(plots, drawn, strict=True):
        for name in ("CNN0 alone", "DCCNN", "its CNN1"):
            points = {int(key.split()[-2]): several for key, several in told.items() if key.startswith(f"{name},")}
            if not points:
                continue
            values = [spread([figures[measure] for figures in several]) for several in points.values()]
            axes.errorbar(list(points), [v[0] for v in values], [v[1] for v in values], marker=".", label=name)
        axes.set_xscale("log")
        axes.set_xlabel(unit)
        axes.set_ylabel(f"11-point {measure}" if "mAP" in measure else measure)
        axes.grid(alpha=0.3)
        if axes.has_data():
            axes.legend(fontsize="small", loc="best")
    figure.savefig(path, dpi=120)
