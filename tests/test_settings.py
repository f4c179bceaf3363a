"""Flags win over variables, these over the file, that over defaults; mistakes name their source."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import pytest

from imsearch.errors import ImsearchError
from imsearch.settings import _PARSERS, Settings, load_settings


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"IMSEARCH_CONFIG": str(tmp_path / "config.toml")}


def test_defaults(environ: dict[str, str]) -> None:
    assert load_settings(environ=environ) == Settings()
    assert Path(Settings().library).is_absolute()


def test_each_source_wins_over_the_next(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('limit = 5\ndevice = "cpu"\nannotators = ["everyday"]\nmin_score = 0\n')
    environ |= {"IMSEARCH_LIMIT": "6", "IMSEARCH_DEVICE": "cuda:1", "IMSEARCH_LIBRARY": str(tmp_path)}
    settings = load_settings({"limit": 7, "device": None, "annotators": ()}, environ)
    assert (settings.limit, settings.device, settings.annotators) == (7, "cuda:1", ("everyday",))
    assert (settings.min_score, settings.library) == (0.0, tmp_path)


def test_a_library_is_a_folder_or_an_address(environ: dict[str, str], tmp_path: Path) -> None:
    assert load_settings({"library": "photos"}, environ).library == Path("photos").absolute()
    assert load_settings({"library": f"file://{tmp_path}/a%20b"}, environ).library == tmp_path / "a b"
    environ["IMSEARCH_LIBRARY"] = "postgresql://server/photos"
    assert load_settings(environ=environ).library == "postgresql://server/photos"


def test_names_in_a_variable_are_separated_by_commas(environ: dict[str, str]) -> None:
    environ["IMSEARCH_ANNOTATORS"] = "everyday, colors"
    assert load_settings(environ=environ).annotators == ("everyday", "colors")


def test_folders_are_a_list(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('folders = ["/photos", "~/Pictures"]\n')
    assert load_settings(environ=environ).folders == (Path("/photos"), Path("~/Pictures").expanduser())
    environ["IMSEARCH_FOLDERS"] = os.pathsep.join(["/a b", "/c,d", ""])
    assert load_settings(environ=environ).folders == (Path("/a b"), Path("/c,d"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("device", "gpu"),
        ("device", "cpu:1"),
        ("batch_size", "0"),
        ("workers", "many"),
        ("limit", "1.5"),
        ("min_score", "2"),
        ("min_score", "nan"),
        ("thumbnail_cache", "-1"),
        ("thumbnail_cache", "lots"),
    ],
)
def test_a_bad_value_names_the_variable(environ: dict[str, str], name: str, text: str) -> None:
    variable = f"IMSEARCH_{name.upper()}"
    with pytest.raises(ImsearchError, match=variable):
        load_settings(environ=environ | {variable: text})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("limti = 3", "did you mean 'limit'"),
        ("colour = 3", "there are: library"),
        ("limit = [3]", "the value \\[3\\] in .*config.toml"),
        ("limit = true", "whole number"),
        ("library = 3", "path of a folder"),
        ("annotators = [3]", "list of names"),
        ("folders = 3", "list of paths"),
        ("limit", "cannot be read"),
    ],
)
def test_a_bad_file_is_named(environ: dict[str, str], tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "config.toml").write_text(content)
    with pytest.raises(ImsearchError, match=told):
        load_settings(environ=environ)


def test_a_bad_flag_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ImsearchError, match="--batch-size"):
        load_settings({"batch_size": 0}, environ)


def test_every_setting_has_a_parser_and_a_description() -> None:
    assert _PARSERS.keys() == {each.name for each in fields(Settings)}
    assert all(each.metadata["help"] for each in fields(Settings))
