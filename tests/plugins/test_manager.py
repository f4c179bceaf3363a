"""Plugins are loaded by their entry points, and a broken one is named and harms nothing else."""

from __future__ import annotations

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


def test_two_annotators_of_one_name_are_an_error_that_names_both_packages(plugins: Plugins) -> None:
    plugins.add("one", GOOD.format(name="colours"))
    plugins.add("two", GOOD.format(name="colours"))
    plugins.add("three", GOOD.format(name="shapes"))
    manager = make_manager()
    with pytest.raises(PluginError, match=r"colours.*imsearch-one 1\.0.*imsearch-two 1\.0"):
        manager.choose(())
    assert [spec.name for spec in manager.choose(["shapes"])] == ["shapes"]
    told = errors(manager)
    assert "imsearch-two" in (told["one"] or "")
    assert "imsearch-one" in (told["two"] or "")
    assert told["three"] is None


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
    assert errors(manager)["two"] == "its training recipe 'small' already exists"
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
    assert told == {
        "one": None,
        "two": "its command 'hello' already exists",
        "three": "its command 'index' already exists",
    }


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
