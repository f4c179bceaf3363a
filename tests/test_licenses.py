"""docs/licenses.md names every dependency with the licence that it has, and none of the default install is GPL."""

from __future__ import annotations

import re

import pytest
from packaging.utils import canonicalize_name

from scripts.licenses import (
    PAGE,
    ROOT,
    SECTIONS,
    closure,
    direct,
    hand_kept,
    installed,
    is_strong_copyleft,
    license_classifiers,
    rows,
)


def on_page(section: str) -> dict[str, list[str]]:
    """The cells of a table, by the package's name."""
    (table,) = re.findall(rf"<!-- table: {section} -->\n(.*?)<!-- end -->", PAGE.read_text("utf-8"), re.DOTALL)
    lines = [line for line in table.splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def test_every_section_of_pyproject_is_on_the_page() -> None:
    assert direct().keys() == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_direct_dependency_is_named_with_what_it_is_for(section: str) -> None:
    page = on_page("default") | on_page(section)
    for requirement in direct()[section]:
        name = canonicalize_name(requirement.name)
        assert name in page, f"{name} is missing: run python -m scripts.licenses"
        assert page[name][1], f"say in scripts/licenses.toml what {name} is for"


@pytest.mark.parametrize("section", SECTIONS)
def test_licences_are_those_of_the_installed_packages(section: str) -> None:
    page = on_page(section)
    for row in rows(section):
        assert page.get(row.name, [""])[0] == row.license, f"{row.name} differs: run python -m scripts.licenses"


def test_every_pinned_package_is_named_and_no_other() -> None:
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "all.txt").read_text("utf-8"), re.MULTILINE)
    assert len(pinned) > 50
    named = {name for section in SECTIONS for name in on_page(section)}
    elsewhere = {name for names in hand_kept()["elsewhere"].values() for name in names}
    assert set(map(canonicalize_name, pinned)) <= named, "run python -m scripts.licenses"
    assert named <= {*map(canonicalize_name, pinned), *elsewhere}, "run python -m scripts.licenses"


def test_the_default_install_has_no_strong_copyleft() -> None:
    assert [name for name, row in on_page("default").items() if is_strong_copyleft(row[0])] == []
    assert [row.name for row in rows("default") if is_strong_copyleft(row.license)] == []
    for name in closure(direct()["default"]):  # a correction must not hide what the metadata says
        said = license_classifiers(package) if (package := installed(name)) else []
        assert not [each for each in said if re.search("(?<!Lesser )General Public|Affero", each)], name


def test_corrections_are_still_needed() -> None:
    names = {name for section in SECTIONS for name in on_page(section)}
    assert hand_kept()["corrections"].keys() | hand_kept()["purposes"].keys() <= names


@pytest.mark.parametrize(
    ("licence", "strong"),
    [
        ("MIT", False),
        ("GPL-2.0-only", True),
        ("BSD-3-Clause AND AGPL-3.0-or-later", True),
        ("BSD-3-Clause AND LGPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", False),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", False),
    ],
)
def test_strong_copyleft_is_told_from_the_rest(licence: str, strong: bool) -> None:
    assert is_strong_copyleft(licence) == strong
