"""Plugins are loaded by their entry points, and a broken one is named and harms nothing else."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from imsearch.errors import PluginError
from imsearch.plugins.manager import PluginManager, make_manager
from imsearch.records import Image, Tag
from tests.make_plugins import Plugins

GOOD = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(name={name!r})]
"""


TWO = """
from imsearch import hookimpl
from tests.fakes import colour_spec

@hookimpl
def imsearch_annotators():
    return [colour_spec(name={first!r}), colour_spec(name={second!r})]
"""
ODD = """
import sys
from imsearch import hookimpl

class Odd(BaseException): ...

class Mute(Exception):
    def __str__(self):
        raise ValueError("it cannot even say what it is")

"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    return Plugins(tmp_path / "plugins", monkeypatch)


def errors(manager: PluginManager) -> dict[str, str | None]:
    return {plugin.name: plugin.error for plugin in manager.plugins()}


def test_annotators_come_from_entry_points(plugins: Plugins) -> None:
    plugins.add("one", GOOD.format(name="first"))
    plugins.add("two", GOOD.format(name="second"))
    manager = make_manager()
    assert [spec.name for spec in manager.choose(())] == ["first", "second"]
    assert [spec.name for spec in manager.choose(["second"])] == ["second"]
    assert [spec.name for spec in manager.offered(plugin="two")] == ["second"]
    assert [(each.name, each.package, each.version) for each in manager.plugins()] == [
        ("one", "imsearch-one", "1.0"),
        ("two", "imsearch-two", "1.0"),
    ]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import missing_module_of_a_plugin", "ModuleNotFoundError: No module named 'missing_module_of_a_plugin'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = = 1", "SyntaxError"),
        ("def imsearch_annotators(): return []", "it implements no hook; mark its functions"),
        (
            "from imsearch import hookimpl\n@hookimpl\ndef imsearch_anotators(): return []",
            "there is no hook 'imsearch_anotators'; did you mean 'imsearch_annotators'?",
        ),
        ("from imsearch import hookimpl\n@hookimpl\ndef imsearch_commands(group): ...", "group"),
        (
            "from imsearch import hookimpl\n@hookimpl\ndef imsearch_annotators(): 1 / 0",
            "imsearch_annotators failed: ZeroDivisionError: division by zero",
        ),
        (
            "from imsearch import hookimpl\n@hookimpl\ndef imsearch_annotators(): return ['everyday']",
            "imsearch_annotators must return a list of AnnotatorSpec, not ['everyday']",
        ),
        (GOOD.format(name="Bad Name"), "annotator 'Bad Name': the name must be lower-case"),
        (GOOD.format(name="user"), "not 'user'"),
        (
            "from imsearch import hookimpl\n@hookimpl\ndef imsearch_recipes(): return 7",
            "imsearch_recipes must return a list of RecipeSpec, not 7",
        ),
    ],
)
def test_a_broken_plugin_is_named_and_harms_nothing_else(plugins: Plugins, source: str, told: str) -> None:
    plugins.add("good", GOOD.format(name="colours"))
    plugins.add("bad", source)
    manager = make_manager()
    assert told in (errors(manager)["bad"] or "")
    assert errors(manager)["good"] is None
    assert [spec.name for spec in manager.choose(())] == ["colours"]


def test_the_authors_traceback_is_kept(plugins: Plugins) -> None:
    plugins.add("bad", "def fall():\n    raise ValueError('over')\nfall()")
    (plugin,) = make_manager().plugins()
    assert plugin.error == "ValueError: over"
    assert "in fall" in plugin.details


def test_who_takes_a_name_in_use_is_left_out_and_told_so(plugins: Plugins) -> None:
    plugins.add("one", GOOD.format(name="colours"))
    plugins.add("two", TWO.format(first="colours", second="sizes"))
    plugins.add("three", GOOD.format(name="shapes"))
    manager = make_manager()
    assert [spec.name for spec in manager.choose(())] == ["colours", "shapes", "sizes"]
    assert [spec.name for spec in manager.offered(plugin="two")] == ["sizes"]
    told = errors(manager)
    assert (told["one"], told["three"]) == (None, None)
    assert "'colours' was left out: one (package imsearch-one 1.0) uses that name" in (told["two"] or "")
    assert "Uninstall one of the packages" in (told["two"] or "")
    (problem,) = manager.problems()
    assert problem.startswith("The plugin two (package imsearch-two 1.0) works only in part: its annotator 'colours'")


def test_ours_win_over_those_that_come_first_by_name(plugins: Plugins) -> None:
    plugins.add("aaa", TWO.format(first="everyday", second="vgg-bce"))
    ours = [entry for entry in entry_points(group="imsearch") if entry.value.startswith("imsearch.plugins.")]
    manager = make_manager([*plugins.entry_points(), *ours])
    assert [spec.name for spec in manager.choose(())] == ["everyday"]
    assert manager.offered(plugin="aaa") == ()
    told = errors(manager)["aaa"] or ""
    assert "'everyday' was left out: everyday (package imsearch-engine" in told
    assert "'vgg-bce' was left out: vgg-bce" in told
    assert "is broken and was left out" in manager.problems()[0]


def test_the_first_keeps_a_name_whatever_the_order_they_are_found_in(plugins: Plugins) -> None:
    plugins.add("same", GOOD.format(name="colours"), package="package-b")
    plugins.add("same", GOOD.format(name="colours"), package="package-a")
    found = plugins.entry_points()
    for order in (found, found[::-1]):
        told = {plugin.package: plugin.error for plugin in make_manager(order).plugins()}
        assert told["package-a"] is None
        assert "same (package package-a 1.0)" in (told["package-b"] or "")


def test_a_plugin_that_names_an_annotator_twice(plugins: Plugins) -> None:
    plugins.add("one", TWO.format(first="colours", second="colours"))
    manager = make_manager()
    assert [spec.name for spec in manager.choose(())] == ["colours"]
    assert "this plugin itself uses that name" in (errors(manager)["one"] or "")


def test_a_newcomer_that_listens_is_told_of_pictures(plugins: Plugins) -> None:
    plugins.add("one", GOOD.format(name="colours"))
    plugins.add("two", GOOD.format(name="colours") + LISTENER.format(fails=False))
    manager = make_manager()
    assert errors(manager)["two"]
    assert manager.image_indexed(Image(1, "0" * 64, 1, 1, "PNG", 1, (Path("a.png"),)), []) == []
    assert {plugin.name: plugin.module.heard for plugin in manager.plugins() if plugin.name == "two"} == {
        "two": [(1, [])]
    }


@pytest.mark.parametrize("way", ["sys.exit(3)", "raise Odd('no')", "raise GeneratorExit", "exec('raise Mute')"])
@pytest.mark.parametrize("place", ["import", "annotators", "recipes", "commands", "listener"])
def test_however_a_plugin_ends_it_is_that_plugins_failure(plugins: Plugins, way: str, place: str) -> None:
    hooks = {"annotators": "", "recipes": "", "commands": "cli", "listener": "image"}
    source = ODD + (f"{way}\n" if place == "import" else "")
    for name, arguments in hooks.items():
        hook = "imsearch_image_indexed" if name == "listener" else f"imsearch_{name}"
        source += f"@hookimpl\ndef {hook}({arguments}):\n    {way if name == place else 'return []'}\n"
    plugins.add("bad", source)
    plugins.add("good", GOOD.format(name="colours"))
    manager = make_manager()
    manager.commands(taken=())
    image = Image(1, "0" * 64, 1, 1, "PNG", 1, (Path("a.png"),))
    assert [each.name for each in manager.image_indexed(image, [])] == (["bad"] if place == "listener" else [])
    assert [spec.name for spec in manager.choose(())] == ["colours"]
    told = errors(manager)["bad"] or ""
    assert told.rpartition(": ")[0] or told
    assert any(word in told for word in ("SystemExit: 3", "Odd: no", "GeneratorExit", "Mute"))


def test_a_hook_that_forgets_its_answer_is_told(plugins: Plugins) -> None:
    plugins.add("bad", "from imsearch import hookimpl\n@hookimpl\ndef imsearch_annotators(): ...")
    assert errors(make_manager())["bad"] == "imsearch_annotators must return a list of AnnotatorSpec, not None"


def test_tags_are_spelled_as_they_are_stored(plugins: Plugins) -> None:
    vocabulary = (
        "dataclasses.replace(colour_spec(name='x'), vocabulary=('cafe\\u0301',), thresholds={'cafe\\u0301': 0.9})"
    )
    source = GOOD.format(name="x").replace("colour_spec(name='x')", vocabulary)
    plugins.add("one", f"import dataclasses\n{source}")
    (found,) = make_manager().choose(())
    assert found.vocabulary == ("caf\u00e9",)
    assert not found.shows("caf\u00e9", 0.8)


def test_two_packages_may_name_their_plugins_alike(plugins: Plugins) -> None:
    plugins.add("same", GOOD.format(name="first"), package="package-a")
    plugins.add("same", GOOD.format(name="second"), package="package-b")
    assert [spec.name for spec in make_manager().choose(())] == ["first", "second"]


def test_an_unknown_annotator_lists_what_there_is_and_what_is_broken(plugins: Plugins) -> None:
    plugins.add("good", GOOD.format(name="colours"))
    plugins.add("bad", "raise RuntimeError('no licence')")
    with pytest.raises(PluginError, match=r"'shapes'; installed: colours.*bad .*RuntimeError: no licence"):
        make_manager().choose(["shapes"])


RECIPE = """
from pathlib import Path
from imsearch import RecipeSpec, hookimpl

@hookimpl
def imsearch_recipes():
    return [RecipeSpec("small", run=lambda run: Path("weights"), description={text!r})]
"""


def test_recipes(plugins: Plugins) -> None:
    plugins.add("one", RECIPE.format(text="the first"))
    plugins.add("two", RECIPE.format(text="the second"))
    manager = make_manager()
    assert manager.recipe("small").description == "the first"
    assert "its training recipe 'small' was left out: one (package imsearch-one" in (errors(manager)["two"] or "")
    with pytest.raises(PluginError, match="no training recipe named 'large'; installed: small"):
        manager.recipe("large")


COMMAND = """
import click
from imsearch import hookimpl

@hookimpl
def imsearch_commands(cli):
    @cli.command({name!r})
    def hello():
        click.echo("hello from a plugin")
"""


def test_commands_cannot_replace_ours_or_each_others(plugins: Plugins) -> None:
    plugins.add("one", COMMAND.format(name="hello"))
    plugins.add("two", COMMAND.format(name="hello"))
    plugins.add("three", COMMAND.format(name="index"))
    manager = make_manager()
    assert list(manager.commands(taken=["index"])) == ["hello"]
    told = errors(manager)
    assert told["one"] is None
    assert "its command 'hello' was left out: one (package imsearch-one 1.0) uses" in (told["two"] or "")
    assert "its command 'index' was left out: imsearch itself uses" in (told["three"] or "")


LISTENER = """
from imsearch import hookimpl
heard = []

@hookimpl
def imsearch_image_indexed(image, tags):
    heard.append((image.id, [tag.name for tag in tags]))
    if image.id == 1 and {fails}:
        raise OSError("disk full")
"""


def test_listeners_hear_of_images_until_they_fail(plugins: Plugins) -> None:
    plugins.add("good", LISTENER.format(fails=False))
    plugins.add("bad", LISTENER.format(fails=True))
    manager = make_manager()
    assert manager.listens
    images = [Image(number, "0" * 64, 1, 1, "PNG", 1, (Path("a.png"),)) for number in (1, 2)]
    failed = [[each.name for each in manager.image_indexed(image, [Tag("red", 1.0)])] for image in images]
    assert failed == [["bad"], []]
    heard = {plugin.name: plugin.module.heard for plugin in manager.plugins()}
    assert heard == {"good": [(1, ["red"]), (2, ["red"])], "bad": [(1, ["red"])]}
    assert errors(manager)["bad"] == "imsearch_image_indexed failed: OSError: disk full"


def test_without_listeners_nobody_need_look_images_up(plugins: Plugins) -> None:
    plugins.add("good", GOOD.format(name="colours"))
    assert not make_manager().listens
