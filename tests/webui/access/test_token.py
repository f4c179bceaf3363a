"""The token: how it is kept, and what sessions are worth."""

from __future__ import annotations

import json
import stat
import sys
from hmac import compare_digest
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner

from imsearch.errors import LibraryError
from imsearch.webui.guard import access as module
from imsearch.webui.guard.access import FILE_NAME, Access

from .signing import sign_in


def test_only_a_hash_is_kept_for_the_owner_alone(access: Access, token: str, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    assert len(token) == 43
    assert token not in file.read_text()
    assert json.loads(file.read_text()).keys() == {"token_sha256", "secret", "ended"}
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_the_token_is_told_once(access: Access, token: str, tmp_path: Path) -> None:
    assert access.ensure_token() is None
    assert Access(tmp_path).ensure_token() is None
    access.check_token(token, "1.2.3.4")
    access.check_token(f" {token}\n", "1.2.3.4")  # as it is pasted


def test_a_new_token_ends_all_sessions_also_in_servers_that_run(client: TestClient, token: str, tmp_path: Path) -> None:
    sign_in(client, token)
    assert client.get("/api/status").status_code == 200
    newer = Access(tmp_path).ensure_token(new=True)
    assert newer not in (None, token)
    assert client.get("/api/status").status_code == 401
    assert sign_in(client, token).status_code == 401
    assert sign_in(client, str(newer)).status_code == 303
    assert client.get("/api/status").status_code == 200


@pytest.mark.parametrize("content", [None, "", "[]", '{"token_sha256": "", "secret": "", "ended": {}}', "\xff"])
def test_without_a_whole_file_nobody_gets_in(
    client: TestClient, token: str, tmp_path: Path, content: str | None
) -> None:
    sign_in(client, token)
    if content is None:
        (tmp_path / FILE_NAME).unlink()
    else:
        (tmp_path / FILE_NAME).write_text(content, "latin-1")
    assert client.get("/api/status").status_code == 401
    assert client.get("/api/status", headers={"Authorization": "Bearer "}).status_code == 401
    assert sign_in(client, "").status_code == 401
    assert client.post("/logout").headers["location"] == "/login"


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="The token cannot be stored in"):
        Access(tmp_path / "missing").ensure_token()


def test_sessions_end_after_a_month(access: Access, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, value = access.begin_session()
    assert access.session({name: value}) is not None
    now = TimestampSigner("x").get_timestamp()
    for days, lasts in ((29, True), (31, False)):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self, days=days: now + days * 86400)
        assert (access.session({name: value}) is not None) is lasts


def test_cookies_that_we_did_not_make_are_worth_nothing(access: Access, token: str, tmp_path: Path) -> None:
    name, value = access.begin_session()
    (tmp_path / "other").mkdir()
    other = Access(tmp_path / "other")
    other.ensure_token()
    _, foreign = other.begin_session()
    changed = value[:3] + ("A" if value[3] != "A" else "B") + value[4:]
    for forged in ("", "x", ".", changed, foreign, value + "x", "\xff"):
        assert access.session({name: forged}) is None
    assert access.session({"imsearch_00000000": value}) is None


def test_the_comparison_takes_the_same_time_for_all(
    access: Access, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(a: str, b: str) -> bool:
        compared.append((a, b))
        return compare_digest(a, b)

    monkeypatch.setattr(module, "compare_digest", compare)
    access.check_token(token, "")
    assert [len(each) for each in compared[0]] == [64, 64]
