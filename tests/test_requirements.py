"""The files of requirements agree with what the project says it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def test_an_installation_for_cpus_leaves_out_what_is_for_gpus() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {Requirement(line).name for line in project["dependencies"]}
    lines = (ROOT / "requirements" / "cpu-overrides.txt").read_text("utf-8").splitlines()
    overrides = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert {each.name for each in overrides} == {"faiss-gpu", "torchvision"} <= needed
    assert not any(each.marker is None or each.marker.evaluate() for each in overrides)
    assert "faiss-cpu" in needed  # elsewhere; the command names it


def test_the_command_of_the_readme_is_the_one_of_the_file() -> None:
    comment = (ROOT / "requirements" / "cpu-overrides.txt").read_text("utf-8").splitlines()[0]
    command = set(comment.partition(": ")[2].split())
    found = re.search(r"^    (uv pip install .*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert found is not None and set(found[1].split()) == command


def test_no_address_of_an_index_is_pinned() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in path.read_text("utf-8"), path.name
