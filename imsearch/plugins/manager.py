"""Loads the plugins and asks them what they offer.

`make_manager` makes a manager; there is no global one.  Every plugin is loaded and called in its own ``try``: one that
fails is listed with its error, and everything else works.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from imsearch.errors import PluginError
from imsearch.plugins import hookspecs
from imsearch.plugins.contract import spec_problems
from imsearch.records import AnnotatorSpec, Image, RecipeSpec, Tag

if TYPE_CHECKING:
    import click

Offer = TypeVar("Offer", AnnotatorSpec, RecipeSpec)


@dataclass
class Plugin:
    """One entry point: where it comes from, and what went wrong with it, if anything.

    name: the name of the entry point.  package, version: the distribution that brings it.
    error: one line for the user, or None.  details: the traceback belonging to it, for the plugin's author.
    """

    name: str
    package: str
    version: str
    module: Any = field(default=None, repr=False)
    error: str | None = None
    details: str = field(default="", repr=False)

    def fail(self, error: str) -> None:
        """Keep the first error, and its traceback when there is one."""
        if self.error is None:
            self.error = error
            self.details = traceback.format_exc() if sys.exc_info()[0] else ""

    def __str__(self) -> str:
        return f"{self.name} (package {self.package} {self.version})"


def make_manager(found: Iterable[EntryPoint] | None = None) -> PluginManager:
    """Load every plugin of the entry-point group, or those of the given entry points."""
    return PluginManager(entry_points(group=hookspecs.PROJECT) if found is None else found)


class PluginManager:
    """The loaded plugins, and the broken ones with their errors."""

    def __init__(self, found: Iterable[EntryPoint]) -> None:
        self._pluggy = pluggy.PluginManager(hookspecs.PROJECT)
        self._pluggy.add_hookspecs(hookspecs)
        self._plugins: list[Plugin] = []
        for entry in sorted(found, key=lambda entry: (entry.name, entry.value)):
            plugin = Plugin(entry.name, *_package(entry))
            self._plugins.append(plugin)
            try:
                self._register(plugin, entry.load())
            except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded; a plugin may raise anything
                plugin.fail(_reason(error))

    def plugins(self) -> tuple[Plugin, ...]:
        """All of them, the broken ones included, after each was asked what it offers."""
        self._annotators, self._recipes  # noqa: B018 - asking is what brings errors to light
        return tuple(self._plugins)

    def choose(self, names: Collection[str]) -> tuple[AnnotatorSpec, ...]:
        """The annotators of these names, or those that run by default when none is named.

        Raises `PluginError` for a name that nothing offers, and for one that two plugins offer.
        """
        names = names or [name for name, claims in self._annotators.items() if any(s.default for _, s in claims)]
        offered = {name: [plugin for plugin, _ in self._annotators.get(name, [])] for name in names}
        for name, plugins in offered.items():
            if not plugins:
                raise PluginError(self.unknown("annotator", name, self._annotators))
            if len(plugins) > 1:
                raise PluginError(
                    f"two plugins offer an annotator named {name!r}: {plugins[0]} and {plugins[1]}. "
                    "Uninstall one of the packages, or choose other annotators with --annotator."
                )
        return tuple(self._annotators[name][0][1] for name in sorted(offered))

    def offered(self, plugin: str | None = None) -> tuple[AnnotatorSpec, ...]:
        """Every annotator there is, those of one name included; or those of the plugins of this name."""
        claims = [claim for name in sorted(self._annotators) for claim in self._annotators[name]]
        return tuple(spec for provider, spec in claims if plugin in (None, provider.name))

    def recipe(self, name: str) -> RecipeSpec:
        """The training recipe of this name."""
        if name not in self._recipes:
            raise PluginError(self.unknown("training recipe", name, self._recipes))
        return self._recipes[name]

    def recipes(self) -> tuple[RecipeSpec, ...]:
        """All training recipes, in the order of their names."""
        return tuple(self._recipes[name] for name in sorted(self._recipes))

    def commands(self, taken: Collection[str]) -> dict[str, click.Command]:
        """The commands that plugins add; `taken` are the program's own names."""
        import click

        commands: dict[str, click.Command] = {}
        for plugin in self._usable():
            group = click.Group(hookspecs.PROJECT)
            self._ask(plugin, "imsearch_commands", cli=group)
            for name, command in group.commands.items():
                if name in taken or name in commands:
                    plugin.fail(f"its command {name!r} already exists")
                else:
                    commands[name] = command
        return commands

    @property
    def listens(self) -> bool:
        """Whether any plugin wants to hear of indexed images."""
        return bool(self._pluggy.hook.imsearch_image_indexed.get_hookimpls())

    def image_indexed(self, image: Image, tags: Sequence[Tag]) -> list[Plugin]:
        """Tell every plugin that listens; returns those that failed at it, which are not told again."""
        working = [plugin for plugin in self._usable() if plugin.error is None]
        for plugin in working:
            self._ask(plugin, "imsearch_image_indexed", image=image, tags=tags)
        return [plugin for plugin in working if plugin.error]

    def _register(self, plugin: Plugin, module: Any) -> None:
        """Hand a loaded module to pluggy; refuse one whose hooks are misspelled or missing."""
        key = f"{plugin.package}:{plugin.name}"
        try:
            self._pluggy.register(module, key)
            callers = self._pluggy.get_hookcallers(module) or []
            if not callers:
                raise PluginError("it implements no hook; mark its functions with @imsearch.hookimpl")
            for caller in callers:
                if not caller.has_spec():
                    raise PluginError(_misspelled(caller.name))
        except (PluginError, pluggy.PluginValidationError):
            if self._pluggy.has_plugin(key):
                self._pluggy.unregister(name=key)
            raise
        plugin.module = module

    def _usable(self) -> Iterator[Plugin]:
        return (plugin for plugin in self._plugins if plugin.module is not None)

    def _ask(self, plugin: Plugin, hook: str, **arguments: Any) -> list[Any]:
        """What one plugin answers to a hook; an exception is recorded and counts as no answer."""
        others = [module for module in self._pluggy.get_plugins() if module is not plugin.module]
        try:
            return list(self._pluggy.subset_hook_caller(hook, others)(**arguments))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded; a plugin may raise anything
            plugin.fail(f"{hook} failed: {_reason(error)}")
            return []

    def _offered(self, plugin: Plugin, hook: str, kind: type[Offer]) -> list[Offer]:
        """The items of a hook that answers with a list of specs; anything else is an error of the plugin."""
        items: list[Offer] = []
        for answer in self._ask(plugin, hook):
            if isinstance(answer, (list, tuple)) and all(isinstance(item, kind) for item in answer):
                items.extend(answer)
            else:
                plugin.fail(f"{hook} must return a list of {kind.__name__}, not {answer!r:.80}")
        return items

    @cached_property
    def _annotators(self) -> dict[str, list[tuple[Plugin, AnnotatorSpec]]]:
        """By name, who offers an annotator; more than one is a conflict."""
        offers: dict[str, list[tuple[Plugin, AnnotatorSpec]]] = {}
        for plugin in self._usable():
            for spec in self._offered(plugin, "imsearch_annotators", AnnotatorSpec):
                try:
                    problems = spec_problems(spec)
                except Exception as error:  # noqa: BLE001 - a field of the wrong type
                    problems = [_reason(error)]
                if problems:
                    plugin.fail(f"annotator {spec.name!r}: {problems[0]}")
                else:
                    offers.setdefault(spec.name, []).append((plugin, spec))
        for name, claims in offers.items():
            for plugin, _ in claims if len(claims) > 1 else ():
                rivals = ", ".join(str(other) for other, _ in claims if other is not plugin) or "this plugin itself"
                plugin.fail(f"its annotator {name!r} is also offered by {rivals}")
        return offers

    @cached_property
    def _recipes(self) -> dict[str, RecipeSpec]:
        recipes: dict[str, RecipeSpec] = {}
        for plugin in self._usable():
            for recipe in self._offered(plugin, "imsearch_recipes", RecipeSpec):
                if recipe.name in recipes:
                    plugin.fail(f"its training recipe {recipe.name!r} already exists")
                else:
                    recipes[recipe.name] = recipe
        return recipes

    def unknown(self, what: str, name: str, known: Iterable[str]) -> str:
        """What to say about a name that nothing offers; a plugin that would offer it may be broken."""
        broken = [f"{plugin} is broken: {plugin.error}" for plugin in self.plugins() if plugin.error]
        listed = ", ".join(sorted(known)) or "none"
        return ". ".join([f"there is no {what} named {name!r}; installed: {listed}", *broken])


def _package(entry: EntryPoint) -> tuple[str, str]:
    """The name and version of the distribution that an entry point comes from."""
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "?")


def _reason(error: BaseException) -> str:
    """An exception as one line; ours are worded for the user already."""
    if isinstance(error, PluginError):
        return str(error)
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _misspelled(name: str) -> str:
    """What to say about an implementation of a hook that does not exist."""
    hooks = [hook for hook in vars(hookspecs) if hook.startswith("imsearch_")]
    close = get_close_matches(name, hooks, n=1)
    return f"there is no hook {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")
