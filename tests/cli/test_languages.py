"""Languages of queries, from the setting to the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_a_query_in_german(run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("query", "rote").code == 1
    monkeypatch.setenv("IMSEARCH_LANGUAGES", "de")
    assert run("query", "rote", "--format", "paths").out.split("/")[-1].strip() == "red.png"
    (found,) = run("query", "rote", "--format", "json").json["hits"]
    assert "red" in str(found["why"])


def test_status_tells_the_languages(run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEARCH_LANGUAGES", "de,zh")
    assert run("status", "--format", "json").json["languages"] == ["en", "de", "zh"]
    assert "English, Deutsch, 中文" in run("status").out


def test_an_unknown_language_is_told(run: Run, indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMSEARCH_LANGUAGES", "de,xx")
    ran = run("query", "red")
    assert ran.code == 2
    assert "There is no language 'xx'. There are: en, de, es, fr, zh." in ran.err.replace("\n", " ")


def test_a_file_with_mistakes_is_told(run: Run, indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "xx.toml"
    table.write_text("[tags]\nred = 'rood'\n", encoding="utf-8")
    monkeypatch.setenv("IMSEARCH_LANGUAGES", str(table))
    ran = run("query", "rood")
    assert ran.code == 2
    assert "must be a list of words" in ran.err.replace("\n", " ")
