"""Plots of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure


def plot_history(history: Sequence[Mapping[str, float]], folder: Path) -> None:
    """Writes ``loss.png`` (figures named ``loss...``) and ``scores.png`` (all others) over the epochs."""
    names = dict.fromkeys(name for epoch in history for name in epoch)
    groups = {"loss": [n for n in names if n.startswith("loss")], "scores": [n for n in names if n[:4] != "loss"]}
    for title, members in groups.items():
        if not members:
            continue
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name in members:
            axes.plot(
                range(1, len(history) + 1), [epoch.get(name, float("nan")) for epoch in history], marker=".", label=name
            )
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(folder / f"{title}.png", dpi=120)
