"""Standard output holds results and nothing else, whoever prints, and however."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.processes import Commands

NATIVE = "libc = ctypes.CDLL(None); libc.printf(b'NOISE from C'); libc.puts(b'NOISE from C')"
THREAD = """
def go_on():
    while True:
        print("NOISE of a thread", flush=True)
        time.sleep(0.001)
threading.Thread(target=go_on, daemon=True).start()
"""
LISTENER = """
@hookimpl
def imsearch_image_indexed(image, tags):
    print("NOISE", image.id)
"""
PLACES = ("built", "prepared", "annotated", "closed", "asked")
CHILD = "subprocess.run([sys.executable, '-c', 'print(\"NOISE of a child\")']"
WAYS = {
    "print": dict.fromkeys((*PLACES, "at_import"), "print('NOISE')"),
    "streams": {
        "at_import": "out = sys.stdout; logging.basicConfig(stream=out, level=0); atexit.register(print, 'NOISE')",
        "built": "self.out = sys.stdout; sys.stdout.buffer.write(b'NOISE'); sys.stdout.buffer.flush()",
        "annotated": "sys.stdout.write('\\rNOISE 50%'); print('NOISE', file=out); print('NOISE', file=self.out); "
        "print('NOISE', file=sys.__stdout__); logging.info('NOISE')",
    },
    "descriptors": {
        "built": NATIVE,
        "annotated": f"{NATIVE}; os.write(1, b'NOISE'); {CHILD}); {CHILD}, stdout=sys.stdout)",
    },
    "what goes on": {"at_import": THREAD, "more": LISTENER, "closed": "sys.stdout.close()"},
}


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_plugin_prints_is_no_result(commands: Commands, photos: Path, way: str) -> None:
    commands.plugin(**WAYS[way])
    done = commands.run("index", photos, "--annotator", "odd", "--json")
    assert (done.returncode, json.loads(done.stdout)["annotated"]) == (0, 3), done.stderr
    assert b"NOISE" in done.stderr
    done = commands.run("annotate", photos / "red.png", "--annotator", "odd", "--format", "json")
    assert (done.returncode, len(json.loads(done.stdout)["images"])) == (0, 1), done.stderr


def test_so_with_every_command_that_calls_plugins(commands: Commands, photos: Path) -> None:
    noise = "print('NOISE'); os.write(1, b'NOISE')"
    commands.plugin(**dict.fromkeys((*PLACES, "at_import"), noise))
    indexed = commands.run("index", photos / "red.png", photos / "green.png", "--annotator", "odd")
    assert (indexed.returncode, indexed.stdout) == (0, b"")
    for arguments in (
        ["similar", photos / "sub" / "blue.png", "--annotator", "odd", "--format", "json"],
        ["query", f"like:{photos / 'sub' / 'blue.png'}", "--format", "json"],
        ["plugins", "--json"],
        ["status", "--format", "json"],
    ):
        done = commands.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)
    cloud = commands.folder / "cloud.svg"
    done = commands.run("wordcloud", photos / "red.png", "--annotator", "odd", "--output", cloud)
    assert (done.returncode, done.stdout) == (0, f"{cloud}\n".encode()), done.stderr
    for arguments in (["plugins", "check", "odd"], ["--help"]):
        done = commands.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert b"NOISE" in done.stderr
        assert b"NOISE" not in done.stdout


def test_so_when_a_model_is_judged(commands: Commands, photos: Path) -> None:
    commands.plugin(built="print('NOISE'); os.write(1, b'NOISE')", annotated="print('NOISE')")
    for name in ("red", "green"):
        (photos / name).mkdir()
        (photos / f"{name}.png").rename(photos / name / f"{name}.png")
    done = commands.run("evaluate", "odd", "--dataset", f"folders:{photos}", "--by", "tags", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["annotator"] == "odd"
    for way in ("sys.exit(3)", "raise ValueError('no')", "return [Annotation(('odd',)) for _ in batch]"):
        commands.plugin(annotated=way)
        done = commands.run("evaluate", "odd", "--dataset", f"folders:{photos}", "--by", "tags", "--json")
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.splitlines()[-1].startswith(b"imsearch: the annotator odd failed: ")


HELLO = """
import click

@hookimpl
def imsearch_commands(cli):
    @cli.command()
    def hello():
        print("one", flush=True)
        os.write(1, b"two\\n")
        subprocess.run([sys.executable, "-c", "print('three')"])
        thread = threading.Thread(target=print, args=["four"])
        thread.start()
        thread.join()
"""


def test_a_plugins_command_has_standard_output_to_itself(commands: Commands) -> None:
    commands.plugin(at_import="print('NOISE')", more=HELLO)
    done = commands.run("hello")
    assert (done.returncode, done.stdout.split()) == (0, [b"one", b"two", b"three", b"four"]), done.stderr
