"""Paths and URLs of libraries: which is which, and how messages name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from imsearch.locations import located, masked, scheme_of, shown
from imsearch.settings import Settings, command_line


@pytest.mark.parametrize(
    ("where", "scheme"),
    [
        ("photos", ""),
        ("/photos/a:/b", ""),
        ("C:/photos", ""),
        (Path("photos"), ""),
        ("file:///photos", "file"),
        ("PostgreSQL://server/photos", "postgresql"),
        (Path("postgresql://server/photos"), "postgresql"),
    ],
)
def test_the_scheme_tells_a_url_from_a_path(where: Path | str, scheme: str) -> None:
    assert scheme_of(where) == scheme


def test_a_path_is_absolute_and_a_url_keeps_its_slashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert located("photos") == located(Path("photos")) == tmp_path / "photos"
    assert located((tmp_path / "a b").as_uri()) == tmp_path / "a b"
    assert located("cloud://server//photos/") == "cloud://server//photos/"
    assert located(Path("cloud://server/photos")) == "cloud://server/photos"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("postgresql://server/photos", "postgresql://server/photos"),
        ("postgresql://me@server/photos", "postgresql://me@server/photos"),
        ("postgresql://me:secret@server:5432/photos", "postgresql://me:***@server:5432/photos"),
        ("postgresql://:secret@server/photos", "postgresql://:***@server/photos"),
        ("postgresql://me:se@cr/et:@server/photos", "postgresql://me:***@server/photos"),
        ("postgresql://me:sec ret@server/photos", "postgresql://me:***@server/photos"),
        ("postgresql+psycopg://me:secret@/photos?host=/run", "postgresql+psycopg://me:***@/photos?host=/run"),
        ("postgresql://server/photos?user=me&password=secret", "postgresql://server/photos?user=me&password=***"),
        ("postgresql://server/p?sslpassword=secret&x=1", "postgresql://server/p?sslpassword=***&x=1"),
        (Path("postgresql://me:secret@server/photos"), "postgresql:/me:***@server/photos"),
        (Path("photos"), "photos"),
        ("a:b@c", "a:b@c"),
    ],
)
def test_passwords_are_not_shown(where: Path | str, told: str) -> None:
    assert shown(where) == told


def test_passwords_are_not_shown_in_the_middle_of_a_message() -> None:
    said = "cannot reach postgresql://me:secret@server/a or mysql://you:secret@server/b?password=secret and http://x.y/"
    assert masked(said) == (
        "cannot reach postgresql://me:***@server/a or mysql://you:***@server/b?password=*** and http://x.y/"
    )


def test_passwords_are_not_shown_in_commands() -> None:
    told = command_line("index", Settings(library="postgresql://me:secret@server/photos"))
    assert told == "imsearch index --library 'postgresql://me:***@server/photos'"
