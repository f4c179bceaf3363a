"""Draw the rooms of the program for docs/architecture.md, and measure them.

    python -m scripts.rooms                     draws docs/rooms.svg and prints the numbers
    python -m scripts.rooms --importers MODULE  lists the files that import a module

Floors are those of `[tool.importlinter]` in pyproject.toml, which `make lint` holds the code to; sizes and arrows are
read from the code.  Imports that only type checkers see count like all others.
"""

from __future__ import annotations

import ast
import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import click
import grimp
import networkx

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "rooms.svg"
_DRIVERS = ("sqlalchemy", "alembic", "faiss")
_SHADES = ("#e9eef6", "#dfe9e4", "#f3ecdf", "#efe4ea", "#e4eef0", "#f0efe2")
_CLOSED = ("imsearch.engine.stores.sql",)
"""Packages whose folders are not drawn."""
_MOST = 2
"""Maximum number of rooms side by side if there is no contract of floors."""
_WIDTH, _HIGH, _GAP, _MARGIN = 1180, 46, 10, 24


class Box(NamedTuple):
    """A room: its name, its purpose in a sentence, its lines of code, and its own floors, from the top."""

    name: str
    about: str
    lines: int
    floors: Sequence[Sequence[Box]] = ()


def layers(contract: str) -> list[list[str]]:
    """Return the floors from the top, as in the layers contract of this package; none without a contract."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found: list[str] = next((each["layers"] for each in table if each.get("containers") == [contract]), [])
    return [[name.strip() for name in layer.replace(":", "|").split("|")] for layer in found]


def files() -> dict[str, int]:
    """Return the lines of code of every module."""
    found = {}
    for path in sorted((ROOT / "imsearch").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = len(path.read_text("utf-8").splitlines())
    return found


def path_of(module: str) -> Path:
    """The folder of a package, or the path of a module without its ending."""
    return ROOT.joinpath(*module.split("."))


def about(module: str) -> str:
    """The first sentence of a module's docstring."""
    path = path_of(module)
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return re.split(r"[.;](?:\s|$)", text.split("\n\n")[0].replace("\n", " ").replace("`", ""))[0]


def house(lines: Mapping[str, int]) -> list[list[Box]]:
    """The floors of the program, the engine's own floors inside its box."""

    def within(package: str) -> int:
        return sum(count for name, count in lines.items() if name == package or name.startswith(f"{package}."))

    def box(package: str, name: str) -> Box:
        module = f"{package}.{name}"
        return Box(name, about(module), within(module), floors(module))

    def floors(package: str) -> list[list[Box]]:
        found = layers(package)
        if not found and package not in _CLOSED:
            depth = package.count(".") + 2
            inner = {".".join(each.split(".")[:depth]) for each in lines if each.startswith(f"{package}.")}
            folders = [each.rpartition(".")[2] for each in sorted(inner) if (path_of(each) / "__init__.py").exists()]
            found = [folders[each : each + _MOST] for each in range(0, len(folders), _MOST)]
        return [[box(package, name) for name in layer] for layer in found]

    return floors("imsearch")


def draw(floors: Sequence[Sequence[Box]]) -> str:
    """The SVG: floors as rows from the top, rooms as wide as their lines of code allow beside their names."""
    shapes: list[str] = []
    down = _MARGIN
    for row, floor in enumerate(floors):
        high = max(_high(box) for box in floor)
        shapes += _row(floor, _MARGIN, down, _WIDTH - 2 * _MARGIN, high, _SHADES[row % len(_SHADES)])
        down += high + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {down + _MARGIN - _GAP}" '
        'font-family="system-ui, sans-serif" font-size="15" fill="#1c2430">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{chr(10).join(shapes)}\n</svg>\n'
    )


def _high(box: Box) -> int:
    inner = sum(max(map(_high, floor)) + _GAP for floor in box.floors)
    return _HIGH + inner + (6 if inner else 0)


def _row(floor: Sequence[Box], left: float, top: float, width: float, high: float, fill: str) -> Iterator[str]:
    """The rooms of a floor side by side; each gets the room its name needs, and a share of the rest by its lines."""
    needed = [9.0 * len(box.name) + 92 for box in floor]
    if len(floor) > 1 and sum(needed) > width - _GAP * (len(floor) - 1):
        needed = [(width - _GAP * (len(floor) - 1)) / len(floor)] * len(floor)
    spare = max(0.0, width - sum(needed) - _GAP * (len(floor) - 1))
    total = sum(box.lines for box in floor) or 1
    for box, least in zip(floor, needed, strict=True):
        wide = least + spare * (box.lines / total + 1 / len(floor)) / 2
        at = f'x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{high:.0f}"'
        yield f'<rect {at} rx="6" fill="{fill}" stroke="#8794a8"/>'
        line, end = f"{top + 28:.0f}", f"{left + wide - 12:.0f}"
        yield f'<text x="{left + 12:.0f}" y="{line}" font-weight="600">{escape(box.name)}</text>'
        yield f'<text x="{end}" y="{line}" text-anchor="end" fill="#5a6678">{box.lines:,}</text>'
        first = left + 26 + 9.7 * len(box.name)
        most = int((left + wide - 62 - first) / 6.5)
        if most > 12:
            said = box.about if len(box.about) <= most else box.about[: most - 2].rpartition(" ")[0] + " …"
            yield f'<text x="{first:.0f}" y="{line}" font-size="13" fill="#445066">{escape(said)}</text>'
        inside = top + _HIGH
        for inner in box.floors:
            tall = max(map(_high, inner))
            yield from _row(inner, left + 14, inside, wide - 28, tall, "#ffffff")
            inside += tall + _GAP
        left += wide + _GAP


def rooms(lines: Mapping[str, int]) -> list[str]:
    """Folders with code on the two levels below the package, the models' own left out."""
    folders = {".".join(name.split(".")[:depth]) for name in lines for depth in (2, 3)}
    models = ("imsearch.plugins.",)
    return sorted(
        each for each in folders if not each.startswith(models) and any(name.startswith(f"{each}.") for name in lines)
    )


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Modules that import one another in a circle: the strongly connected parts of more than one."""
    arrows = networkx.DiGraph()
    for module in graph.modules:
        arrows.add_edges_from((module, each) for each in graph.find_modules_directly_imported_by(module))
    return [part for part in networkx.strongly_connected_components(arrows) if len(part) > 1]


def numbers(lines: Mapping[str, int], graph: grimp.ImportGraph) -> Iterator[str]:
    """What docs/architecture.md promises, counted."""
    counts = [count for count in lines.values() if count]
    yield f"files {len(counts)}, median {statistics.median(counts):.0f} lines, longest {max(counts)}"
    yield f"rooms on the two upper levels {len(rooms(lines))}, modules in circles {sum(map(len, circles(graph)))}"
    drivers = Counter(
        ".".join(user.split(".")[:3]) for driver in _DRIVERS for user in graph.find_modules_that_directly_import(driver)
    )
    yield "imports of " + ", ".join(_DRIVERS) + ": " + ", ".join(f"{room} {count}" for room, count in drivers.items())


@click.command()
@click.option("--importers", metavar="MODULE", help="List the files that import this module or package.")
def main(importers: str | None) -> None:
    """Draw and measure the rooms."""
    graph = grimp.build_graph("imsearch", include_external_packages=True, cache_dir=None)
    if importers is not None:
        inside = {importers, *graph.find_descendants(importers)}
        users = {user for module in inside for user in graph.find_modules_that_directly_import(module)} - inside
        click.echo("\n".join(sorted(users)) or "nobody")
        return
    lines = files()
    PICTURE.write_text(draw(house(lines)), "utf-8")
    for line in numbers(lines, graph):
        click.echo(line)


if __name__ == "__main__":
    main()
