"""Tables of a claim's variants: the mean over seeds, and how far the seeds lie apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from imsearch.cli.output import make_table, print_table

Figures = Mapping[str, float]


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (over n - 1) of the seeds; 0 for one seed."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def told(values: Sequence[float]) -> str:
    """A text such as ".4321 ± .0012", or the figure alone for one seed."""
    mean, deviation = spread(values)
    return f"{mean:.4f} ± {deviation:.4f}" if len(values) > 1 else f"{mean:.4f}"


def print_claim(title: str, variants: Mapping[str, Sequence[Figures]], output: Path | None = None) -> None:
    """Prints one row for each variant, whose figures are given seed by seed; `output` gets all of them as JSON."""
    names = list(next(iter(variants.values()))[0])
    seeds = len(next(iter(variants.values())))
    click.echo(f"{title} ({seeds} seed{'s' * (seeds > 1)})")
    table = make_table("variant", *(f">{name}" for name in names))
    for variant, several in variants.items():
        table.add_row(variant, *(told([figures[name] for figures in several]) for name in names))
    print_table(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps({"title": title, "variants": {k: list(v) for k, v in variants.items()}}, indent=1))
