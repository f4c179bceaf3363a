"""The documentation is right: its examples run, and no command, option, setting or hook is missing."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import numpy as np
import pytest

from imsearch.cli.root import root
from imsearch.engine.engine import Engine
from imsearch.engine.query.keys import KEYS
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.keys import Compare, Span
from imsearch.keys.predicate import Number, Text
from imsearch.languages.lexicon import Lexicon
from imsearch.plugins import hookspecs
from imsearch.plugins.contract import check_annotator
from imsearch.plugins.manager import make_manager
from imsearch.plugins.text_contract import text_rules
from imsearch.records import Annotation, Image, Tag
from imsearch.settings import PREFIX, Settings
from imsearch.specs import AnnotatorSpec
from tests.engine.support import set_facts
from tests.fakes import colour_spec
from tests.make_plugins import Plugins

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def text_of(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The fenced pieces of code of a page."""
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.DOTALL)


def table(name: str, head: str) -> list[list[str]]:
    """The rows of the Markdown tables whose first column has this head."""
    tables = text_of(name).split(f"| {head} |")[1:]
    lines = [line for each in tables for line in each.split("\n\n", 1)[0].splitlines()[2:]]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of ours with its full name, those below `plugins` and those of our plugins included."""
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", each) for below, each in command.commands.items())


@pytest.mark.parametrize(("name", "command"), [pytest.param(*pair, id=pair[0]) for pair in commands()])
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    page = text_of("commands.md")
    section = re.search(rf"^### imsearch {name}\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE)
    assert section, f"docs/commands.md has no section '### imsearch {name}'"
    assert command.help, f"imsearch {name} has no help text"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            option = max(parameter.opts, key=len)
            option = "-0" if option == "-0" else option
            assert f"`{option}" in section[1], f"{option} is missing in the section of imsearch {name}"
            assert parameter.help, f"{option} of imsearch {name} has no help text"


def test_documented_commands_exist() -> None:
    documented = set(re.findall(r"^### imsearch (.+)$", text_of("commands.md"), re.MULTILINE))
    assert documented == {name for name, _ in commands()}


def test_every_setting_is_documented() -> None:
    rows = {row[0].strip("`"): row for row in table("commands.md", "key")}
    assert rows.keys() == {each.name for each in fields(Settings)}
    for each in fields(Settings):
        assert f"`{PREFIX}{each.name.upper()}`" in rows[each.name][1]


def test_every_hook_is_documented() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("imsearch_")}
    documented = {re.sub(r"[`(].*", "", row[0].strip("`")) for row in table("plugins.md", "hook")}
    assert documented == hooks


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugins:
    return Plugins(tmp_path / "plugins", monkeypatch)


def test_the_plugin_of_the_page_keeps_the_contract(plugins: Plugins) -> None:
    plugins.add("brightness", blocks("plugins.md", "python")[0])
    (spec,) = make_manager().choose(["brightness"])
    assert [check.problems for check in check_annotator(spec) if not check.passed] == []
    (package,) = blocks("plugins.md", "toml")
    assert tomllib.loads(package)["project"]["entry-points"] == {"imsearch": {"brightness": "imsearch_brightness"}}


def test_the_text_encoder_of_the_page_keeps_the_contract(plugins: Plugins) -> None:
    plugins.add("daylight", blocks("plugins.md", "python")[1])
    (spec,) = make_manager().choose(["daylight"])
    assert [problem for _, broken in text_rules(spec) for problem in broken()] == []


def test_the_annotator_in_two_halves_keeps_the_contract(plugins: Plugins) -> None:
    whole, halves = (blocks("plugins.md", "python")[at] for at in (0, 2))
    plugins.add("brightness", f"{whole}\n{halves}")  # the same spec builds the class that comes last
    (spec,) = make_manager().choose(["brightness"])
    checks = check_annotator(spec)
    assert checks[-1].rule.startswith("begin and finish") and all(check.passed for check in checks)


def test_the_contract_test_of_the_page_runs(plugins: Plugins, check_annotator: object) -> None:
    plugins.add("brightness", blocks("plugins.md", "python")[0])
    names: dict[str, object] = {}
    exec(blocks("plugins.md", "python")[3], names)
    test = names["test_contract"]
    assert callable(test)
    test(check_annotator)


def test_the_command_and_the_listener_of_the_page_work(plugins: Plugins, capsys: pytest.CaptureFixture[str]) -> None:
    plugins.add("hello", blocks("plugins.md", "python")[4])
    manager = make_manager()
    manager.commands(taken=())["hello"].main([], standalone_mode=False)
    image = Image(1, "0" * 64, 1, 1, "PNG", 1, (Path("/photos/cat.png"),))
    assert manager.image_indexed(image, [Tag("cat", 0.9), Tag("dog", 0.1, shown=False)]) == []
    assert capsys.readouterr() == ("hello\n", "cat.png: cat\n")


def test_the_query_key_of_the_page_works(plugins: Plugins) -> None:
    plugins.add("aperture", blocks("plugins.md", "python")[5])
    manager = make_manager()
    (key,) = manager.query_keys(KEYS.names)
    assert [plugin.error for plugin in manager.plugins()] == [None]
    assert key.predicate(key.read("<2.8")) == Compare("aperture", Span(high=2.8, below=True))


def test_the_page_names_every_fact_that_a_key_can_ask() -> None:
    for fact in (*get_args(Number), *get_args(Text)):
        assert f"`{fact}`" in text_of("plugins.md").partition("## A query key")[2]


@pytest.mark.parametrize("key", list(KEYS))
def test_the_example_of_every_key_is_on_the_page(key: str) -> None:
    assert f"`{KEYS[key].example}`" in [row[0] for row in table("query.md", "query")]


LOOKS = {"beach": (1, 0.1), "street": (1, 0), "park": (0.3, 0.9), "cat": (0, 1), "scan": (0.1, 1)}
"""Vectors of the pictures of docs/query.md: cosines with the cat's are .10, 0, .95, 1, 1.00."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The library of docs/query.md."""
    folder = tmp_path_factory.mktemp("docs") / "library"
    tags = {name: said.split(", ") if said else [] for name, said in table("query.md", "picture")}
    with Engine.open(folder, Lexicon.load(), write=True, create=True) as engine:
        engine.use_annotators([AnnotatorSpec("everyday", "1", colour_spec().factory, vector_length=2)])
        for number, (path, taken, *facts) in enumerate(table("query.md", "file")):
            pairs = [each.rsplit(" ", 1) for each in tags[Path(path).name]]
            said = Annotation(
                tuple(Tag(word, float(p)) for word, p in pairs), np.array(LOOKS[Path(path).stem], np.float32)
            )
            file = FileSeen(Path(path), int(facts[5].replace(",", "")), number)
            moment = datetime.fromisoformat(taken) if taken else None
            format = {".jpg": "JPEG", ".png": "PNG"}[file.path.suffix]
            engine.record([Reading(file, f"{number:064x}", ImageFacts(1, 1, format, moment), {"everyday": said})])
            write_facts(engine, file.path, facts)
        cat = engine.catalog.image(Path("/photos/town/cat.jpg"))
        assert cat is not None
        engine.correct(cat.id, "garden", 1)
        engine.locate()
        yield engine


def write_facts(engine: Engine, path: Path, facts: list[str]) -> None:
    """Camera, lens, ISO, place, pixels, bytes, rating, title as the page has them."""
    camera, lens, iso, place, pixels, size, rating, title = facts
    width, height = pixels.split(" x ")
    latitude, longitude = place.split(", ") if place else (None, None)
    image = engine.catalog.image(path)
    assert image is not None
    set_facts(
        engine,
        image.id,
        title=title,
        **{"camera": camera or None, "lens": lens or None, "iso": int(iso) if iso else None},
        **{"latitude": latitude and float(latitude), "longitude": longitude and float(longitude)},
        **{"width": int(width), "height": int(height), "bytes": int(size.replace(",", ""))},
        rating=int(rating) if rating else None,
    )


@pytest.fixture
def copies(library: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The near duplicates of the page."""
    images = [library.catalog.image(Path("/photos") / name) for name in ("town/cat.jpg", "scan.png")]
    module = ModuleType("imsearch.engine.search.duplicates")
    ids = np.array([image.id for image in images if image], np.int64)
    module.duplicate_ids = lambda catalog: ids  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "imsearch.engine.search.duplicates", module)


@pytest.mark.parametrize(("query", "finds"), [row[:2] for row in table("query.md", "query")])
def test_the_queries_of_the_page_find_what_it_says(library: Engine, copies: None, query: str, finds: str) -> None:
    hits = library.finder.search(query.strip("`")).hits
    assert [hit.image.path.name for hit in hits] == finds.split()


@pytest.mark.parametrize("key", list(KEYS))
def test_every_key_of_the_query_language_is_documented(key: str) -> None:
    assert f"`{key}:" in text_of("query.md") or f" {key}:" in text_of("query.md")


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *(f"docs/{page}.md" for page in ("cluster", "commands", "corrections", "folders", "plugins", "postgresql")),
    ],
)
def test_commands_in_the_pages_can_be_called_so(page: str) -> None:
    known = dict(commands())
    calls = re.findall(r"^(?: {4,}|\$ )(?:\$ )?imsearch ([^\n#|>]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert calls
    for call in calls:
        name, *arguments = shlex.split(call)
        if name.startswith("-"):
            continue
        command = known[name]
        if isinstance(command, click.Group) and arguments and arguments[0] in command.commands:
            command, arguments = command.commands[arguments[0]], arguments[1:]
        command.make_context(name, arguments).close()
