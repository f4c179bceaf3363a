"""Fills the tables of docs/models.md from docs/figures, which the benchmarks write.

    python -m benchmarks.tables [--check]

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.  NAME is one of `MODELS` (from models.json), or
the name of a claim's file; after it may follow the columns: ``NAME | COLUMN, COLUMN``.  With --check nothing is
written, and the exit code is 1 when a table is not what the figures say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.claims.report import spread

ROOT = Path(__file__).parents[1]
PAGE, FIGURES = ROOT / "docs" / "models.md", ROOT / "docs" / "figures"
_PLACE = re.compile(
    r"(?P<open><!-- table: (?P<name>[\w.-]+)(?: \| (?P<columns>[^\n]+?))? -->\n).*?(?P<close><!-- end -->)", re.DOTALL
)
_WHOLE = ("parameters", "pictures", "N+")


@click.command()
@click.option("--check", is_flag=True, help="Only tell whether the page says what the figures say.")
def main(check: bool) -> None:
    """Fill the tables of docs/models.md."""
    before = PAGE.read_text(encoding="utf-8")
    after = filled(before, FIGURES)
    if check:
        sys.exit(int(after != before))
    PAGE.write_text(after, encoding="utf-8")


def filled(page: str, figures: Path) -> str:
    """The page with all tables made anew."""

    def table(match: re.Match[str]) -> str:
        name = match["name"]
        if name in MODELS:
            lines = MODELS[name](json.loads((figures / "models.json").read_text(encoding="utf-8")))
        else:
            columns = match["columns"].split(", ") if match["columns"] else None
            lines = _claim(json.loads((figures / f"{name}.json").read_text(encoding="utf-8"))["variants"], columns)
        return f"{match['open']}\n{lines}\n\n{match['close']}"

    return _PLACE.sub(table, page)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows))


def _judged(models: Mapping[str, Any], kind: str) -> str:
    """One row a model, best mAP first."""
    head = ["model", "P", "R", "F1", "N+", "F1 balanced", "N+ balanced", "F1 shown", "mAP words", "mAP pictures"]
    head += ["search MAP"] * (kind == "corel5k")
    rows = []
    judged = {name: model["sets"][kind] for name, model in models.items() if model["sets"].get(kind)}
    for name, said in sorted(judged.items(), key=lambda item: -item[1]["mean_ap"]):
        five, fair, shown = said["five"], said["five_balanced"], said["shown"]["per_word"]
        row = [name, *(f"{five[each]:.4f}" for each in ("precision", "recall", "f1")), str(five["n_plus"])]
        row += [f"{fair['f1']:.4f}", str(fair["n_plus"]), f"{shown['f1']:.4f}"]
        row += [f"{said['mean_ap']:.4f}", f"{said['image_mean_ap']:.4f}"]
        row += [f"{said['search']['map']['All']:.4f}"] if kind == "corel5k" else []
        rows.append(row)
    return _markdown(head, rows)


def _other(models: Mapping[str, Any], names: Sequence[str]) -> str:
    """Sets that are judged by tags: one row a model, the best mAP on the first set first."""
    several = len(names) > 1
    head = ["model"]
    for name in names:
        head += [f"{name}: {each}" if several else each for each in ("words named", "mAP words", "shown P", "shown R")]
    judged = {name: model["others"] for name, model in models.items() if "others" in model}
    rows = []
    for model, said in sorted(judged.items(), key=lambda item: -(item[1][names[0]].get("mean_ap") or 0)):
        row = [model]
        for name in names:
            figures = said[name]
            row.append(f"{figures['named']} of {figures['tags']}")
            row += [_figure(figures.get(each)) for each in ("mean_ap", "precision", "recall")]
        rows.append(row)
    return _markdown(head, rows)


def _ordinary(models: Mapping[str, Any]) -> str:
    """What is shown on everyday photos: one row a model, who finds most first."""
    rows = []
    judged = {name: model["others"]["ordinary"] for name, model in models.items() if "others" in model}
    for name, said in sorted(judged.items(), key=lambda item: -(item[1].get("recall") or 0)):
        row = [name, f"{said['named']} of {said['tags']}"]
        row += [_figure(said.get(each)) for each in ("precision", "recall", "at_precision")]
        rows.append([*row, f"{said['shown']:.2f}", _figure(said["without"])])
    head = ["model", "words named", "shown P", "shown R", "R at P .6", "shown tags a picture", "without any"]
    return _markdown(head, rows)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _costs(models: Mapping[str, Any]) -> str:
    rows = []
    measured = {name: model["cost"] for name, model in models.items() if "cost" in model}
    for name, cost in sorted(measured.items(), key=lambda item: item[1]["milliseconds"]):
        parameters, size = f"{cost['parameters'] / 1e6:.2f} M", f"{cost['bytes'] / 1e6:.1f} MB"
        rows.append([name, parameters, size, f"{cost['milliseconds']:.0f}", f"{cost['preparing_milliseconds']:.0f}"])
    return _markdown(["model", "parameters", "weights file", "ms a picture", "ms to prepare"], rows)


def _claim(variants: Mapping[str, Sequence[Mapping[str, float]]], columns: Sequence[str] | None) -> str:
    """One row a variant: the mean over seeds, and the standard deviation where there are several."""
    names = columns or list(dict.fromkeys(name for several in variants.values() for name in several[0]))
    rows = []
    for variant, several in variants.items():
        row = [variant]
        for name in names:
            values = [figures[name] for figures in several if figures.get(name) is not None]
            row.append(_told(name, values) if values else "")
        rows.append(row)
    return _markdown(["variant", *names], rows)


def _told(name: str, values: Sequence[float]) -> str:
    mean, deviation = spread(values)
    if name.startswith(_WHOLE) or name.endswith("N+"):
        return f"{mean:.0f}" if len(values) == 1 else f"{mean:.0f} ± {deviation:.0f}"
    return f"{mean:.4f}" if len(values) == 1 else f"{mean:.4f} ± {deviation:.4f}"


MODELS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "corel5k": lambda models: _judged(models, "corel5k"),
    "flickr8k": lambda models: _judged(models, "flickr8k"),
    "scenes": lambda models: _other(models, ["scenes"]),
    "voc": lambda models: _other(models, ["voc5class", "voc2012_100"]),
    "caltech101": lambda models: _other(models, ["caltech101"]),
    "ordinary": _ordinary,
    "cost": _costs,
}
"""The tables of all models, from models.json."""


if __name__ == "__main__":
    main()
