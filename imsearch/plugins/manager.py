"""Load the plugins and collect what they offer.

`make_manager` makes a manager; there is no global one.  Every plugin is loaded and called in its own ``try``: one that
fails is listed with its error, and everything else works.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from imsearch.errors import ModelError, PluginError
from imsearch.keys import Key
from imsearch.plugins import hookspecs, trained
from imsearch.plugins.entries import (
    Plugin,
    is_shipped,
    language_problem,
    misspelled,
    name_taken,
    rival,
    shown,
    spec_problem,
    tidied,
    with_packages,
)
from imsearch.plugins.query_keys import guarded, key_problem
from imsearch.records import Image, Tag
from imsearch.specs import AnnotatorSpec, LanguageSpec, RecipeSpec
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    import click

Offer = TypeVar("Offer", AnnotatorSpec, Key, LanguageSpec, RecipeSpec)


def make_manager(found: Iterable[EntryPoint] | None = None) -> PluginManager:
    """Load every plugin of the entry-point group and the user's own weights, or those of the given entry points."""
    if found is not None:
        return PluginManager(found)
    manager = PluginManager(entry_points(group=hookspecs.PROJECT))
    manager.add_kept()
    return manager


class PluginManager:
    """The loaded plugins, and the broken ones with their errors."""

    def __init__(self, found: Iterable[EntryPoint]) -> None:
        self._pluggy = pluggy.PluginManager(hookspecs.PROJECT)
        self._pluggy.add_hookspecs(hookspecs)
        self._plugins: list[Plugin] = []
        self._kept: dict[str, tuple[Plugin, trained.Trained]] = {}
        self._deaf: set[int] = set()
        for entry, package, version in with_packages(found):
            plugin = Plugin(entry.name, package, version, shipped=is_shipped(entry))
            self._plugins.append(plugin)
            try:
                with foreign():
                    self._register(plugin, entry.load())
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                plugin.fail(reason(error))

    def add_kept(self) -> None:
        """Also offer the weights that the user added; if their list cannot be read, it counts as a broken plugin."""
        try:
            for item in trained.kept().values():
                self._kept[item.name] = (Plugin(item.name, trained.PACKAGE, ""), item)
        except PluginError as error:
            self._plugins.append(Plugin("annotators.json", trained.PACKAGE, "", error=str(error)))

    def plugins(self) -> tuple[Plugin, ...]:
        """Return all plugins, including broken ones, after calling the hooks of each."""
        self._annotators, self._recipes, self._languages, self._query_keys  # noqa: B018 - asking is what brings errors to light
        return (*self._plugins, *(plugin for plugin, _ in self._kept.values()))

    def choose(self, names: Collection[str]) -> tuple[AnnotatorSpec, ...]:
        """Return the annotators of these names, or those that run by default when none is named.

        A name may be ``NAME=WEIGHTS``, with weights that ``imsearch train`` wrote.  Raises `PluginError` for a name
        that nothing offers or that is in use, and `ModelError` for weights that cannot be used.
        """
        names = names or [name for name, (_, spec) in self._annotators.items() if spec.default]
        found: dict[str, AnnotatorSpec] = {}
        for name in sorted(set(names)):
            spec = self._trained(name) if "=" in name else None
            if spec is None:
                if name not in self._annotators:
                    raise PluginError(self.unknown("annotator", name, self._annotators))
                spec = self._annotators[name][1]
            if spec.name in found:
                raise PluginError(f"Two of the chosen annotators have the name {spec.name!r}; rename one of them")
            found[spec.name] = spec
        return tuple(found[name] for name in sorted(found))

    def trained_spec(self, item: trained.Trained) -> AnnotatorSpec:
        """Return the annotator of the user's own weights.

        Raises `PluginError` when its name is that of an installed annotator, or when they cannot be used.
        """
        if item.name in self._annotators and item.name not in self._kept:
            raise PluginError(
                f"{item.name!r} is the name of an installed annotator. Give your weights another one, such as "
                f"my-{item.name}={item.weights}"
            )
        spec = trained.spec_of(item, self.recipe, {name: spec for name, (_, spec) in self._annotators.items()})
        if problem := spec_problem(spec):
            raise PluginError(f"{item.name!r} is not a valid name for an annotator: {problem}")
        return tidied(spec)

    def _trained(self, text: str) -> AnnotatorSpec | None:
        item = trained.parse(text)
        return None if item is None else self.trained_spec(item)

    def offered(self, plugin: str | None = None) -> tuple[AnnotatorSpec, ...]:
        """Return every annotator that can be used, or those of the plugins of this name."""
        claims = [self._annotators[name] for name in sorted(self._annotators)]
        return tuple(spec for provider, spec in claims if plugin in (None, provider.name))

    def problems(self) -> list[str]:
        """Return a sentence about each plugin that is broken, or of which something was left out."""
        working = {id(provider) for provider, _ in (*self._annotators.values(), *self._query_keys.values())}
        return [
            f"The plugin {plugin} works only in part: {plugin.error}"
            if id(plugin) in working
            else f"The plugin {plugin} is broken and was left out: {plugin.error}"
            for plugin in self.plugins()
            if plugin.error
        ]

    def recipe(self, name: str) -> RecipeSpec:
        """Return the training recipe of this name."""
        if name not in self._recipes:
            raise PluginError(self.unknown("training recipe", name, self._recipes))
        return self._recipes[name]

    def recipes(self) -> tuple[RecipeSpec, ...]:
        """Return all training recipes, sorted by name."""
        return tuple(self._recipes[name] for name in sorted(self._recipes))

    def languages(self) -> tuple[LanguageSpec, ...]:
        """Return all languages of queries that plugins offer, sorted by code."""
        return tuple(self._languages[code] for code in sorted(self._languages))

    def query_keys(self, taken: Collection[str]) -> tuple[Key, ...]:
        """Return all query keys that plugins offer, sorted by name; `taken` are the program's own names."""
        for name in self._query_keys.keys() & set(taken):
            self._query_keys[name][0].fail(name_taken("query key", name, "imsearch itself"))
        return tuple(self._query_keys[name][1] for name in sorted(self._query_keys.keys() - set(taken)))

    def commands(self, taken: Collection[str]) -> dict[str, click.Command]:
        """Return the commands that plugins add; `taken` are the program's own names."""
        import click

        commands: dict[str, tuple[Plugin, click.Command]] = {}
        for plugin in self._usable():
            group = click.Group(hookspecs.PROJECT)
            self._ask(plugin, "imsearch_commands", cli=group)
            for name, command in group.commands.items():
                if name in taken:
                    plugin.fail(name_taken("command", name, "imsearch itself"))
                elif name in commands:
                    plugin.fail(name_taken("command", name, str(commands[name][0])))
                else:
                    commands[name] = (plugin, command)
        return {name: command for name, (_, command) in commands.items()}

    @property
    def listens(self) -> bool:
        """Return True if any plugin listens for indexed images."""
        return bool(self._pluggy.hook.imsearch_image_indexed.get_hookimpls())

    def image_indexed(self, image: Image, tags: Sequence[Tag]) -> list[Plugin]:
        """Notify every plugin that listens; return those that failed, which are not notified again."""
        failed = []
        for plugin in self._usable():
            if (
                id(plugin) not in self._deaf
                and self._ask(plugin, "imsearch_image_indexed", image=image, tags=tags) is None
            ):
                self._deaf.add(id(plugin))
                failed.append(plugin)
        return failed

    def _register(self, plugin: Plugin, module: Any) -> None:
        """Register a loaded module with pluggy; refuse one whose hooks are misspelled or missing."""
        key = f"{plugin.package}:{plugin.name}"
        try:
            self._pluggy.register(module, key)
            callers = self._pluggy.get_hookcallers(module) or []
            if not callers:
                raise PluginError("it implements no hook; mark its functions with @imsearch.hookimpl")
            for caller in callers:
                if not caller.has_spec():
                    raise PluginError(misspelled(caller.name))
        except (PluginError, pluggy.PluginValidationError):
            if self._pluggy.has_plugin(key):
                self._pluggy.unregister(name=key)
            raise
        plugin.module = module

    def _usable(self) -> Iterator[Plugin]:
        return (plugin for plugin in self._plugins if plugin.module is not None)

    def _ask(self, plugin: Plugin, hook: str, **arguments: Any) -> list[Any] | None:
        """Return one plugin's result of a hook; None when it failed, which is recorded."""
        others = [module for module in self._pluggy.get_plugins() if module is not plugin.module]
        try:
            with foreign():
                return list(self._pluggy.subset_hook_caller(hook, others)(**arguments))
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            plugin.fail(f"{hook} failed: {reason(error)}")
            return None

    def _offered(self, plugin: Plugin, hook: str, kind: type[Offer]) -> list[Offer]:
        """Return the items of a hook that returns a list of specs; anything else is an error of the plugin."""
        items: list[Offer] = []
        answers = self._ask(plugin, hook)
        if answers == [] and hook in {caller.name for caller in self._pluggy.get_hookcallers(plugin.module) or ()}:
            answers = [None]  # pluggy leaves out None
        for answer in answers or ():
            if isinstance(answer, (list, tuple)) and all(isinstance(item, kind) for item in answer):
                items.extend(answer)
            else:
                plugin.fail(f"{hook} must return a list of {kind.__name__}, not {shown(answer)}")
        return items

    def _claimed(
        self,
        what: str,
        hook: str,
        kind: type[Offer],
        name_of: Callable[[Offer], str],
        problem_of: Callable[[Offer], str] = lambda item: "",
    ) -> dict[str, tuple[Plugin, Offer]]:
        """Return the offers of plugins, by name.  The first keeps the name; a later one is left out, which is recorded.

        problem_of: what is wrong with an item; our own plugins are tested, and a query need not check their vocabulary.
        """
        claims: dict[str, tuple[Plugin, Offer]] = {}
        for plugin in self._usable():
            for item in self._offered(plugin, hook, kind):
                name = name_of(item)
                if problem := "" if plugin.shipped else problem_of(item):
                    plugin.fail(f"{what} {shown(name)}: {problem}")
                elif name in claims:
                    plugin.fail(name_taken(what, name, rival(claims[name][0], plugin)))
                else:
                    claims[name] = (plugin, item)
        return claims

    @cached_property
    def _annotators(self) -> dict[str, tuple[Plugin, AnnotatorSpec]]:
        claims = self._claimed("annotator", "imsearch_annotators", AnnotatorSpec, attrgetter("name"), spec_problem)
        offers = {name: (plugin, tidied(spec)) for name, (plugin, spec) in claims.items()}
        for plugin, item in self._kept.values():
            try:
                if item.name in offers:
                    raise PluginError(
                        f"{offers[item.name][0]} uses the name {item.name!r} too; add the weights under another name"
                    )
                base = {name: spec for name, (_, spec) in offers.items()}
                offers[item.name] = (plugin, tidied(trained.spec_of(item, self.recipe, base)))
            except (PluginError, ModelError) as error:
                plugin.fail(str(error))
        return offers

    @cached_property
    def _recipes(self) -> dict[str, RecipeSpec]:
        claims = self._claimed("training recipe", "imsearch_recipes", RecipeSpec, attrgetter("name"))
        return {name: recipe for name, (_, recipe) in claims.items()}

    @cached_property
    def _languages(self) -> dict[str, LanguageSpec]:
        claims = self._claimed("language", "imsearch_languages", LanguageSpec, attrgetter("code"), language_problem)
        return {code: spec for code, (_, spec) in claims.items()}

    @cached_property
    def _query_keys(self) -> dict[str, tuple[Plugin, Key]]:
        claims = self._claimed("query key", "imsearch_query_keys", Key, attrgetter("name"), key_problem)
        return {name: (plugin, guarded(key)) for name, (plugin, key) in claims.items()}

    def unknown(self, what: str, name: str, known: Iterable[str]) -> str:
        """Return the message about a name that no plugin offers; the one that would offer it may be broken."""
        broken = [f"{plugin} is broken: {plugin.error}" for plugin in self.plugins() if plugin.error]
        listed = ", ".join(sorted(known)) or "none"
        return ". ".join([f"there is no {what} named {name!r}; installed: {listed}", *broken])
