"""Plots of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

_DPI = 300
_MICRO = {"micro P": "precision", "micro R": "recall", "micro F1": "F1"}
_FIVE_WORDS = (" P", " R", " F1")


def plot_history(history: Sequence[Mapping[str, float]], folder: Path) -> None:
    """Write the figures of each epoch into up to four plots, of 300 dots an inch.

    ``loss.png``: those named ``loss...``.  ``result.png``: micro-averaged precision, recall and F1 at a threshold.
    ``prf.png``: precision, recall and F1 of five words, whose names end in ``P``, ``R`` and ``F1``.  ``scores.png``:
    all others, such as mAP.
    """
    plots: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for epoch in history for name in epoch):
        plots.setdefault(plot_of(name), []).append(name)
    for title, names in plots.items():
        _plot(history, names, folder / f"{title}.png")


def plot_of(name: str) -> str:
    """The plot that a figure of this name belongs to."""
    if name.startswith("loss"):
        return "loss"
    if name in _MICRO:
        return "result"
    return "prf" if name.endswith(_FIVE_WORDS) else "scores"


def _plot(history: Sequence[Mapping[str, float]], names: Sequence[str], file: Path) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    epochs = range(1, len(history) + 1)
    for name in names:
        # Figures that began later, as after a change of the recipe, have gaps.
        axes.plot(
            epochs, [epoch.get(name, float("nan")) for epoch in history], marker=".", label=_MICRO.get(name, name)
        )
    axes.set_title("Five words" if file.stem == "prf" else file.stem.capitalize())
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(file, dpi=_DPI)
