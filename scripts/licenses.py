"""Fill the tables of docs/licenses.md: every package that imsearch is installed with, and its licence.

    python -m scripts.licenses

Reads the metadata of the installed packages; scripts/licenses.toml corrects what is missing or vague there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licenses.md"
SECTIONS = ("default", "cpu", "raw", "ray", "semantic", "postgres", "dev")
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


class LicenseError(Exception):
    """No licence can be told of a package, or a correction no longer fits its metadata."""


class Row(NamedTuple):
    """A line of the page: the package's name, its licence, what it is for or "", the source of a correction or ""."""

    name: str
    license: str
    purpose: str
    source: str


def hand_kept() -> dict[str, Any]:
    """Return scripts/licenses.toml."""
    return tomllib.loads((ROOT / "scripts" / "licenses.toml").read_text("utf-8"))


def direct() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml asks for, by section: `default` or an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {"default": project["dependencies"], **project["optional-dependencies"]}
    return {section: [Requirement(each) for each in requirements] for section, requirements in asked.items()}


def installed(name: str) -> Distribution | None:
    """Return the installed package, or None."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of these packages and of all that they ask for in turn, as far as they are installed."""
    names: set[str] = set()
    todo, seen = list(requirements), set[tuple[str, str]]()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        names.add(name)
        for extra in {"", *requirement.extras}:
            found = None if (name, extra) in seen else installed(name)
            seen.add((name, extra))
            asked = map(Requirement, (found and found.requires) or ())
            todo += [each for each in asked if each.marker is None or each.marker.evaluate({"extra": extra})]
    return names


def said(package: Distribution) -> str:
    """Return what the metadata says of the licence, in its own words: its first line, or "" where it says nothing."""
    fields = [package.metadata.get_all(each) for each in ("License-Expression", "License")]
    text = next((str(each[0]).strip() for each in fields if each), "")
    if text and text != "UNKNOWN":
        return text.splitlines()[0].strip()
    return "; ".join(license_classifiers(package)) or text


def license_classifiers(package: Distribution) -> list[str]:
    """Return the last words of its classifiers of licence, such as "MIT License"."""
    every = package.metadata.get_all("Classifier") or []
    return [each.rsplit(" :: ", 1)[-1] for each in every if each.startswith("License ::")]


def license_of(package: Distribution, kept: dict[str, Any]) -> tuple[str, str]:
    """Return the licence as an SPDX expression, and the source of a correction or "".

    Raises `LicenseError` with what to do.
    """
    name, words = canonicalize_name(package.name), said(package)
    if correction := kept["corrections"].get(name):
        if correction["said"] != words:
            raise LicenseError(f"{name} now says {words!r}: look whether its line in scripts/licenses.toml still fits")
        return correction["license"], correction["source"]
    try:
        return str(canonicalize_license_expression(kept["aliases"].get(words, words))), ""
    except InvalidLicenseExpression as error:
        raise LicenseError(
            f"{name} says {words!r}, which names no licence: add a line to scripts/licenses.toml"
        ) from error


def rows(section: str) -> list[Row]:
    """Return the packages of the default install, or those that an extra adds to it, by name."""
    kept, asked = hand_kept(), direct()
    elsewhere = kept["elsewhere"].get(section, {})
    names = closure(asked[section]) | elsewhere.keys()
    if section != "default":
        names -= closure(asked["default"]) | kept["elsewhere"]["default"].keys()
    found = []
    for name in sorted(names):
        package = installed(name)
        if package:
            licence, source = license_of(package, kept)
        elif licence := elsewhere.get(name, ""):
            source = ""
        else:
            continue  # for another system than this one
        own = name in {canonicalize_name(each.name) for each in asked[section]}
        found.append(Row(name, licence, kept["purposes"].get(name, "") if own else "", source))
    return found


def is_strong_copyleft(licence: str) -> bool:
    """Tell whether an SPDX expression leaves no choice but the GPL or AGPL, for a part of the package at least.

    The LGPL is not among them, nor is a runtime library whose exception allows any use.
    """
    for part in re.split(r"\bAND\b", licence):
        choices = re.split(r"\bOR\b", part)
        if all(re.search(r"\bA?GPL-", each) and "GCC-exception" not in each for each in choices):
            return True
    return False


def as_table(found: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| package | licence | for | corrected by |", "|---|---|---|---|"]
    lines += ["|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in found]
    return "\n" + "\n".join(lines) + "\n\n"


def filled(page: str) -> str:
    """Return the page with its tables made anew."""
    return _TABLE.sub(lambda match: match[1] + as_table(rows(match[2])) + match[3], page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), "utf-8")
