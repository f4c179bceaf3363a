"""The command line as a process: start-up, pipes that close, Ctrl-C, odd names, mistakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from imsearch.cli.output import printable, shorten
from imsearch.cli.root import COMMANDS, root
from imsearch.indexer.progress_file import read_last_run, read_progress
from imsearch.indexer.runs import Outcome
from tests.cli.conftest import Run
from tests.make_pictures import BLUE, plain
from tests.make_plugins import Plugins
from tests.patience import Process, wait_until

SLOW = (
    *("torch", "torchvision", "faiss", "alembic", "matplotlib", "scipy", "imsearch.indexer"),
    *("sqlalchemy.dialects.postgresql", "psycopg"),
)


def loaded_modules(arguments: list[str], environment: dict[str, str]) -> set[str]:
    """The modules a command has imported by its end."""
    program = (
        "import sys; from imsearch.cli import main; code = main(sys.argv[1:]);"
        "print('\\n' + ' '.join(sys.modules), file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_a_query_imports_nothing_slow(run: Run, indexed: Path, tmp_path: Path) -> None:
    environment = {"IMSEARCH_LIBRARY": str(tmp_path / "library")}
    for form in ("table", "json"):
        assert not loaded_modules(["query", "red", "--format", form], environment).intersection(SLOW)


def test_only_words_that_nobody_knows_are_compared_with_others(run: Run, indexed: Path, tmp_path: Path) -> None:
    environment = {"IMSEARCH_LIBRARY": str(tmp_path / "library")}
    assert "rapidfuzz" not in loaded_modules(["query", "red date:..2999 OR type:png gre*"], environment)
    assert "rapidfuzz" in loaded_modules(["query", "red OR gren"], environment)


def test_status_and_help_import_no_model(run: Run, indexed: Path, tmp_path: Path) -> None:
    environment = {"IMSEARCH_LIBRARY": str(tmp_path / "library")}
    for arguments in (["status"], ["--help"], ["index", "--help"], ["plugins"]):
        assert not loaded_modules(arguments, environment).intersection({"torch", "torchvision", "faiss"})


def test_the_help_imports_nothing_that_computes_and_no_command() -> None:
    loaded = loaded_modules(["--help"], {})
    assert not loaded.intersection({"numpy", "sqlalchemy", "PIL", "torch", "rich"})
    assert not loaded.intersection(own.place.partition(":")[0] for own in COMMANDS.values())


def test_the_help_summarizes_commands_as_they_do_themselves() -> None:
    context = click.Context(root)
    for name, own in COMMANDS.items():
        command = root.get_command(context, name)
        assert command is not None
        assert own.summary == command.get_short_help_str(1000)


@pytest.mark.parametrize(("words", "code"), [("red", 0), ("lawnmower", 1), ("(", 2)])
def test_a_query_that_ends_at_once_loses_nothing(
    run: Run, indexed: Path, tmp_path: Path, words: str, code: int
) -> None:
    program = (
        "import atexit, sys; from imsearch.cli import main; atexit.register(lambda: print('at exit', file=sys.stderr));"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "query", words, "--format", "json"],
        env=os.environ | {"IMSEARCH_LIBRARY": str(tmp_path / "library"), "IMSEARCH_SEMANTIC": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.endswith("at exit\n")
    assert bool(code < 2 and json.loads(done.stdout)["hits"]) == (code == 0)


def test_a_query_waits_for_threads_that_have_not_ended(run: Run, indexed: Path, tmp_path: Path) -> None:
    program = (
        "import sys, threading; from imsearch.cli import main; go = threading.Event();"
        "threading.Thread(target=lambda: (go.wait(), print('ended', file=sys.stderr))).start();"
        "code = main(); go.set(); sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "tags"]
    environment = os.environ | {"IMSEARCH_LIBRARY": str(tmp_path / "library")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "ended\n"


def test_importing_the_package_is_cheap() -> None:
    program = "import sys, imsearch; print(*[name for name in ('numpy', 'PIL', 'click') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "\n"


def test_every_public_name_can_be_imported() -> None:
    import imsearch

    assert set(imsearch.__all__) <= set(dir(imsearch))
    for name in imsearch.__all__:
        assert getattr(imsearch, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = imsearch.nothing


def test_help_lists_every_command_and_plugins_commands(run: Run, plugins: Plugins) -> None:
    plugins.add(
        "extra",
        "import click\nfrom imsearch import hookimpl\n@hookimpl\ndef imsearch_commands(cli):\n"
        "    cli.add_command(click.Command('hello', callback=lambda: click.echo('hello'), help='Say hello.'))",
    )
    plugins.add("bad", "raise RuntimeError")
    helped = run("--help")
    assert helped.code == 0
    for command in ("index", "query", "similar", "annotate", "tags", "show", "status", "verify", "rebuild", "plugins"):
        assert f"  {command} " in helped.out
    assert "Say hello." in helped.out
    assert run().out == helped.out
    assert run("hello").out == "hello\n"


def test_mistakes_in_the_call_exit_with_2(run: Run, plugins: Plugins, photos: Path) -> None:
    for arguments in (["qeury"], ["query"], ["similar"], ["index", "--workers", "0", "."], ["query", "-n", "x", "cat"]):
        ran = run(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "Usage: imsearch" in ran.err
    assert run("index", photos, "--device", "tpu").code == 2


def test_a_reader_that_has_seen_enough_is_no_error(run: Run, indexed: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m imsearch tags --format json | true"
    environment = os.environ | {"IMSEARCH_LIBRARY": str(tmp_path / "library")}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / "photos").mkdir(exist_ok=True)
        plain(tmp_path / "photos" / f"{number}.png", BLUE, seed=number + 1)
    gate, library = tmp_path / "gate", tmp_path / "library"
    program = (
        "import sys, imsearch.plugins.manager as m\n"
        "from pathlib import Path\n"
        "from tests.fakes import colour_spec\n"
        f"spec = colour_spec(seconds=0.1, batch_size=2, gate=Path({str(gate)!r}), before_gate=12)\n"
        "m.PluginManager.choose = lambda self, names: (spec,)\n"
        "from imsearch.cli import main\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    environment = os.environ | {"IMSEARCH_LIBRARY": str(library)}
    process = Process([sys.executable, "-c", program, "index", str(tmp_path / "photos")], env=environment)
    try:
        # What is seen of a run is written every half second, and 12 pictures take more than twice that.
        wait_until(lambda: (progress := read_progress(library)) and progress.done)
        process.signal(signal.SIGINT)
        told = ""
        while "Stopping after the pictures in hand" not in told:
            line = process.err.next()
            assert line, told
            told += line
        gate.touch()
        code, _, rest = process.wait()
    finally:
        process.kill()
    assert code == 130
    assert rest.splitlines()[-1].startswith("Stopped. What was finished is kept")
    assert "Traceback" not in told + rest
    last = read_last_run(library)
    assert last is not None and (last.outcome, 0 < last.done < 60) == (Outcome.STOPPED, True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_of_any_bytes_are_printed(run: Run, plugins: Plugins, photos: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \xf0\x9f\x8c\x85\n.png")
    (photos / "sub" / "blue.png").rename(photos / name)
    assert run("index", photos).code == 0
    assert [hit["path"] for hit in run("query", "blue", "--format", "json").json["hits"]] == [str(photos / name)]
    assert "caf\\xe9 🌅\\n.png" in run("query", "blue").out
    assert "caf\\xe9 🌅\\n.png" in run("show", photos / name).out
    environment = os.environ | {"PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "imsearch", "query", "blue", "-0"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout == os.fsencode(photos / name) + b"\0"


def test_long_paths_lose_their_middle() -> None:
    assert shorten("photos/cat.png", 14) == "photos/cat.png"
    assert shorten("photos/2019/summer/beach/cat.png", 20) == "photos/…each/cat.png"
    assert len(shorten("x" * 100, 33)) == 33


def test_control_characters_are_escaped() -> None:
    assert printable("a\tb\x1b[31m\udcff é") == "a\\tb\\u001b[31m\\xff é"
