"""Make a small library with an older version of imsearch, and write down what that version answers.

    python -m scripts.make_old_library d8f3203 --to tests/fixtures/library-0.1.0

The older version is a revision of this repository.  It is put into a temporary folder with an environment of its own,
as its Makefile makes it (a few gigabytes are downloaded), and used by its command line and its JSON API alone.  The
photos lie in /tmp/imsearch-photos meanwhile, because a catalog holds absolute paths.  What is kept: the library without
thumbnails, the configuration, and answers.json.  tests/engine/test_old_library.py asks the same of today's version.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from scripts.old_library_photos import write_photos
from scripts.old_library_questions import CONFIG, CORRECTIONS, essence, questions

ROOT = Path(__file__).parents[1]
PHOTOS = Path("/tmp/imsearch-photos")
_NOT_KEPT = ("thumbnails", "backups", "lock", "*LOCK")


class OldVersion:
    """An older version of imsearch in a folder and an environment of its own, with one library there."""

    def __init__(self, revision: str, work: Path) -> None:
        self._program = work / "imsearch"
        self.config, self.library = work / "config.toml", work / "library"
        self.config.write_text(CONFIG, "utf-8")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IMSEARCH_")},
            "IMSEARCH_CONFIG": str(self.config),
            "IMSEARCH_LIBRARY": str(self.library),
        }
        if not (self._program / ".venv" / "installed").exists():
            self._install(revision)

    def _install(self, revision: str) -> None:
        self._program.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen(["git", "-C", ROOT, "archive", revision], stdout=subprocess.PIPE) as packed:
            subprocess.run(["tar", "-x", "-C", self._program], stdin=packed.stdout, check=True)
        subprocess.run(["make", "-C", self._program, f"PYTHON={sys.executable}", ".venv/installed"], check=True)

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._program / ".venv" / "bin" / "imsearch"), *arguments]

    def run(self, *arguments: str) -> None:
        """Run a command in the folder of the photos; raises CalledProcessError where it fails."""
        subprocess.run(self._command(*arguments), cwd=PHOTOS, env=self._environment, check=True)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve the library; yields the address."""
        command = self._command("serve", "--port", "0")
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                told = next(line for line in server.stdout if "http://" in line)
                yield told[told.index("http://") :].split()[0].rstrip("/")
            finally:
                server.send_signal(signal.SIGINT)


def fill(old: OldVersion) -> None:
    """Index two folders, the second one with two annotators, lose a picture, correct tags."""
    write_photos(PHOTOS)
    lost = PHOTOS / "camera" / "lost.jpg"
    shutil.copyfile(PHOTOS / "archive" / "gravel.jpg", lost)
    with lost.open("ab") as stream:
        stream.write(b"\0")  # other bytes, so that it is another picture
    old.run("index", "camera")
    lost.unlink()
    old.run("index", "camera")
    old.run("index", "archive", "--annotator", "everyday", "--annotator", "emotion")
    for command in CORRECTIONS:
        old.run(*command)
    old.run("verify")


def answers(old: OldVersion) -> list[dict[str, Any]]:
    """What the older version answers to all questions, without the pictures."""
    with old.serving() as address:
        found = [(each, json.load(urllib.request.urlopen(address + each))) for each in questions()]
    return [{"question": question, "answer": essence(answer)} for question, answer in found]


def keep(old: OldVersion, revision: str, found: list[dict[str, Any]], target: Path) -> None:
    """Copy the library and write the answers, each on one line."""
    if target.exists():
        shutil.rmtree(target)
    # The last connection to close leaves everything in one file.
    with closing(sqlite3.connect(old.library / "catalog.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(old.library, target / "library", ignore=shutil.ignore_patterns(*_NOT_KEPT))
    shutil.copyfile(old.config, target / "config.toml")
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in found)
    text = f'{{"revision": "{revision}", "photos": "{PHOTOS}", "answers": [\n{lines}\n]}}\n'
    (target / "answers.json").write_text(text, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="of this repository, such as a tag")
    parser.add_argument("--to", type=Path, required=True, help="the folder to write; one that is there is replaced")
    parser.add_argument("--work", type=Path, help="keep the older version in this folder, for the next time")
    arguments = parser.parse_args()
    if PHOTOS.exists():
        parser.error(f"{PHOTOS} exists; it is made and removed here")
    with tempfile.TemporaryDirectory() as temporary:
        work = (arguments.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        if (work / "library").exists():
            shutil.rmtree(work / "library")
        old = OldVersion(arguments.revision, work)
        try:
            fill(old)
        finally:
            shutil.rmtree(PHOTOS, ignore_errors=True)
        keep(old, arguments.revision, answers(old), arguments.to)
    return 0


if __name__ == "__main__":
    sys.exit(main())
