"""Access control: one token for the library, and browser sessions started with it.

The token has 256 random bits, so a plain hash of it can be neither guessed nor reversed.  The token itself is stored
nowhere.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from threading import Lock
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer

from imsearch.errors import LibraryError
from imsearch.system.refusals import in_words
from imsearch.webui.guard.rates import Rates
from imsearch.webui.problem import Problem

FILE_NAME = "web-access.json"
SESSION_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class _Record:
    """The contents of the file.  ended: sessions that signed out, with their original expiry time in seconds."""

    token_sha256: str
    secret: str
    ended: dict[str, float] = field(default_factory=dict)


class Access:
    """The token and the sessions of one library.

    The file is read again when it has changed, so that a new token, made by another process, takes effect at once.
    """

    def __init__(self, folder: Path, rates: Rates | None = None) -> None:
        self._path = folder / FILE_NAME
        self.rates = rates or Rates()
        self._lock = Lock()
        self._read: tuple[tuple[int, ...], _Record] | None = None

    def ensure_token(self, *, new: bool = False) -> str | None:
        """Create the first token, or a new one, which ends all sessions; None if there is one already."""
        if not new and self._record() is not None:
            return None
        token = secrets.token_urlsafe(32)
        self._write(_Record(_hash(token), secrets.token_urlsafe(32)))
        return token

    def check_token(self, token: str, client: str) -> None:
        """Raise Problem: 401 when the token is wrong, 429 after too many wrong ones from this address."""
        with self._lock:  # so that concurrent guesses are all counted
            self.rates.check_wrong(client)
            record = self._record()
            if record is not None and compare_digest(_hash(token), record.token_sha256):
                return
            self.rates.count_wrong(client)
        raise Problem(401, "This is not the token.", {"WWW-Authenticate": 'Bearer realm="imsearch"'})

    def begin_session(self) -> tuple[str, str]:
        """Return name and value of the cookie of a new session."""
        record = self._record()
        if record is None:
            raise Problem(503, "The file that holds the token is gone. Restart imsearch serve.")
        return _cookie_name(record), _signer(record).dumps(secrets.token_urlsafe(12))

    def session(self, cookies: dict[str, str]) -> str | None:
        """Return the active session that the cookies belong to, if any."""
        record = self._record()
        if record is None:
            return None
        try:
            found = _signer(record).loads(cookies.get(_cookie_name(record), ""), max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        return None if not isinstance(found, str) or found in record.ended else found

    def end_session(self, cookies: dict[str, str]) -> str | None:
        """End the session of these cookies, and of copies of them.  Returns the cookie's name, to delete it."""
        with self._lock:
            session, record = self.session(cookies), self._record()
            if record is None:
                return None
            if session is not None:
                now = time.time()
                running = {name: until for name, until in record.ended.items() if until > now}
                self._write(replace(record, ended=running | {session: now + SESSION_SECONDS}))
            return _cookie_name(record)

    def _record(self) -> _Record | None:
        """Return the contents of the file; None when it is missing or damaged: then nobody is let in."""
        try:
            facts = self._path.stat()
            state = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
            if self._read is None or self._read[0] != state:
                self._read = state, _parse(self._path.read_text("utf-8"))
            return self._read[1]
        except (OSError, ValueError):
            return None

    def _write(self, record: _Record) -> None:
        """Replace the file atomically, readable by its owner only."""
        new = self._path.with_name(FILE_NAME + ".new")
        try:
            with suppress(FileNotFoundError):
                new.unlink()
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(asdict(record), file)
            new.replace(self._path)
        except OSError as error:
            if told := in_words(error, self._path):
                raise told from error
            raise LibraryError(
                f"The token cannot be stored in {self._path}: {error.strerror}. Check the permissions of the library."
            ) from error


def _parse(text: str) -> _Record:
    values: Any = json.loads(text)
    match values:
        case {"token_sha256": str(token), "secret": str(secret), "ended": dict(ended)} if token and secret:
            return _Record(token, secret, ended)
    raise ValueError("not written by imsearch")


def _hash(token: str) -> str:
    return sha256(token.strip().encode()).hexdigest()


def _signer(record: _Record) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(record.secret, salt="imsearch session")


def _cookie_name(record: _Record) -> str:
    """Return a cookie name unique to the library: browsers share cookies among all ports of a host."""
    return "imsearch_" + sha256(record.secret.encode()).hexdigest()[:8]
