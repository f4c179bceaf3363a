"""Plugins that fail at import, at load or in a batch are named with their error and harm nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import FAKE, Run
from tests.make_plugins import Plugins

UNLOADABLE = """
from imsearch import AnnotatorSpec, hookimpl

def build(device):
    raise OSError("the weights are gone")

@hookimpl
def imsearch_annotators():
    return [AnnotatorSpec("heavy", "1", build)]
"""

FAILS_ON_RED = """
from imsearch import hookimpl
from tests.fakes import Calls, colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(Calls(), "moody", words=("warm", "fresh", "cool"), fails_on=(1, 0, 0))]
"""


def test_list(run: Run, plugins: Plugins) -> None:
    plugins.add("bad", "import nowhere_to_be_found")
    listed = run("plugins", "--json")
    assert listed.code == 0
    assert listed.json["plugins"] == [
        {
            "name": "bad",
            "version": "1.0",
            "error": "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
            "package": "imsearch-bad",
        },
        {"name": "fake", "version": "1.0", "error": None, "package": "imsearch-fake"},
    ]
    (annotator,) = listed.json["annotators"]
    assert (annotator["name"], annotator["version"], annotator["vocabulary"]) == ("colours", "1", 3)
    assert annotator["vector_length"] == 4
    table = run("plugins").out
    assert "colours" in table
    assert "nowhere_to_be_found" in table.replace("\n", "")


def test_a_plugin_that_fails_at_import_is_left_out(run: Run, plugins: Plugins, photos: Path) -> None:
    plugins.add("bad", "import nowhere_to_be_found")
    ran = run("index", photos)
    assert ran.code == 0
    assert "The plugin bad (package imsearch-bad 1.0) is broken and was left out" in ran.err
    assert run("query", "red").code == 0
    refused = run("index", photos, "--annotator", "bad")
    assert refused.code == 2
    assert "nowhere_to_be_found" in refused.err


def test_a_plugin_that_fails_at_load_is_named_and_the_others_go_on(run: Run, plugins: Plugins, photos: Path) -> None:
    plugins.add("heavy", UNLOADABLE)
    ran = run("index", photos, "--json")
    assert ran.code == 1
    assert ran.json["annotated"] == 3
    assert "the weights are gone" in ran.json["broken"]["heavy"]
    assert "heavy" in ran.err
    assert run("query", "red").code == 0


def test_a_plugin_that_fails_in_a_batch_fails_for_that_picture_only(run: Run, plugins: Plugins, photos: Path) -> None:
    plugins.add("moody", FAILS_ON_RED)
    ran = run("index", photos, "--json")
    assert ran.code == 1
    (failure,) = ran.json["failures"]
    assert (Path(failure["path"]).name, failure["annotator"]) == ("red.png", "moody")
    assert "this colour hurts" in failure["reason"]
    assert run("query", "red", "--format", "paths").out == f"{photos}/red.png\n"
    assert run("query", "fresh", "--format", "paths").out == f"{photos}/green.png\n"


def test_a_plugin_that_takes_a_name_in_use_is_left_out_loudly(run: Run, plugins: Plugins, photos: Path) -> None:
    plugins.add("rival", FAKE)
    ran = run("index", photos, "--json")
    assert (ran.code, ran.json["annotated"]) == (0, 3)
    for word in ("rival (package imsearch-rival 1.0)", "'colours' was left out", "fake (package imsearch-fake 1.0)"):
        assert word in ran.err
    listed = run("plugins", "--json").json
    assert [each["name"] for each in listed["annotators"]] == ["colours"]
    told = {each["name"]: each["error"] for each in listed["plugins"]}
    assert told["fake"] is None
    assert "was left out" in told["rival"]
    assert "was left out" in " ".join(run("plugins").out.split())
    assert run("plugins", "check", "rival").code == 1


def test_no_annotator_at_all(run: Run, plugins: Plugins, photos: Path, tmp_path: Path) -> None:
    plugins.remove("fake")
    ran = run("index", photos)
    assert ran.code == 2
    assert "no annotator is installed" in ran.err


def test_check(run: Run, plugins: Plugins) -> None:
    plugins.add("heavy", UNLOADABLE)
    plugins.add("bad", "raise ValueError('over')")
    good = run("plugins", "check", "colours")
    assert good.code == 0
    assert good.out.count("ok  ") == 6
    heavy = run("plugins", "check", "heavy")
    assert heavy.code == 1
    assert "the weights are gone" in heavy.out
    bad = run("plugins", "check", "bad")
    assert bad.code == 1
    assert "raise ValueError('over')" in bad.err
    unknown = run("plugins", "check", "shapes")
    assert unknown.code == 2
    assert "installed: colours, heavy" in unknown.err


LISTENER = """
from imsearch import hookimpl

@hookimpl
def imsearch_image_indexed(image, tags):
    with open({log!r}, "a") as file:
        print(image.path.name, tags[0].name, file=file)
    if image.path.name == "green.png":
        raise OSError("disk full")
"""


def test_listeners_hear_of_every_image_until_they_fail(
    run: Run, plugins: Plugins, photos: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    plugins.add("listener", LISTENER.format(log=str(log)))
    ran = run("index", photos / "red.png", photos / "sub")
    assert ran.code == 0
    assert sorted(log.read_text().splitlines()) == ["blue.png blue", "red.png red"]
    ran = run("index", photos)
    assert ran.code == 0
    assert log.read_text().splitlines()[-1] == "green.png green"
    assert "disk full" in ran.err
