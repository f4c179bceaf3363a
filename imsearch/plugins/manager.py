"""Loads the plugins and asks them what they offer.

`make_manager` makes a manager; there is no global one.  Every plugin is loaded and called in its own ``try``: one that
fails is listed with its error, and everything else works.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from imsearch.errors import PluginError
from imsearch.foreign import foreign, is_ctrl_c, reason
from imsearch.letters import tidy
from imsearch.plugins import hookspecs
from imsearch.plugins.contract import spec_problems
from imsearch.records import AnnotatorSpec, Image, LanguageSpec, RecipeSpec, Tag

if TYPE_CHECKING:
    import click

Offer = TypeVar("Offer", AnnotatorSpec, LanguageSpec, RecipeSpec)


@dataclass
class Plugin:
    """One entry point: where it comes from, and what went wrong with it, if anything.

    name: the name of the entry point.  package, version: the distribution that brings it.
    error: one line for the user, or None.  details: the traceback belonging to it, for the plugin's author.
    shipped: whether it comes with imsearch.
    """

    name: str
    package: str
    version: str
    module: Any = field(default=None, repr=False)
    error: str | None = None
    details: str = field(default="", repr=False)
    shipped: bool = False

    def fail(self, error: str) -> None:
        """Keep the error, after others that there were, and the first traceback when there is one."""
        if self.error is None:
            self.error = error
            self.details = traceback.format_exc() if sys.exc_info()[0] else ""
        elif error not in self.error:
            self.error = f"{self.error}; {error}"

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
        self._deaf: set[int] = set()
        for entry in sorted(found, key=_rank):
            plugin = Plugin(entry.name, *_package(entry), shipped=_is_shipped(entry))
            self._plugins.append(plugin)
            try:
                with foreign():
                    self._register(plugin, entry.load())
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                plugin.fail(reason(error))

    def plugins(self) -> tuple[Plugin, ...]:
        """All of them, the broken ones included, after each was asked what it offers."""
        self._annotators, self._recipes, self._languages  # noqa: B018 - asking is what brings errors to light
        return tuple(self._plugins)

    def choose(self, names: Collection[str]) -> tuple[AnnotatorSpec, ...]:
        """The annotators of these names, or those that run by default when none is named.

        Raises `PluginError` for a name that nothing offers.
        """
        names = names or [name for name, (_, spec) in self._annotators.items() if spec.default]
        for name in names:
            if name not in self._annotators:
                raise PluginError(self.unknown("annotator", name, self._annotators))
        return tuple(self._annotators[name][1] for name in sorted(set(names)))

    def offered(self, plugin: str | None = None) -> tuple[AnnotatorSpec, ...]:
        """Every annotator that can be used; or those of the plugins of this name."""
        claims = [self._annotators[name] for name in sorted(self._annotators)]
        return tuple(spec for provider, spec in claims if plugin in (None, provider.name))

    def problems(self) -> list[str]:
        """A sentence about each plugin that is broken, or of which something was left out."""
        working = {id(provider) for provider, _ in self._annotators.values()}
        return [
            f"The plugin {plugin} works only in part: {plugin.error}"
            if id(plugin) in working
            else f"The plugin {plugin} is broken and was left out: {plugin.error}"
            for plugin in self.plugins()
            if plugin.error
        ]

    def recipe(self, name: str) -> RecipeSpec:
        """The training recipe of this name."""
        if name not in self._recipes:
            raise PluginError(self.unknown("training recipe", name, self._recipes))
        return self._recipes[name]

    def recipes(self) -> tuple[RecipeSpec, ...]:
        """All training recipes, in the order of their names."""
        return tuple(self._recipes[name] for name in sorted(self._recipes))

    def languages(self) -> tuple[LanguageSpec, ...]:
        """All languages of queries that plugins bring, in the order of their codes."""
        return tuple(self._languages[code] for code in sorted(self._languages))

    def commands(self, taken: Collection[str]) -> dict[str, click.Command]:
        """The commands that plugins add; `taken` are the program's own names."""
        import click

        commands: dict[str, tuple[Plugin, click.Command]] = {}
        for plugin in self._usable():
            group = click.Group(hookspecs.PROJECT)
            self._ask(plugin, "imsearch_commands", cli=group)
            for name, command in group.commands.items():
                if name in taken:
                    plugin.fail(_taken("command", name, "imsearch itself"))
                elif name in commands:
                    plugin.fail(_taken("command", name, str(commands[name][0])))
                else:
                    commands[name] = (plugin, command)
        return {name: command for name, (_, command) in commands.items()}

    @property
    def listens(self) -> bool:
        """Whether any plugin wants to hear of indexed images."""
        return bool(self._pluggy.hook.imsearch_image_indexed.get_hookimpls())

    def image_indexed(self, image: Image, tags: Sequence[Tag]) -> list[Plugin]:
        """Tell every plugin that listens; returns those that failed at it, which are not told again."""
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

    def _ask(self, plugin: Plugin, hook: str, **arguments: Any) -> list[Any] | None:
        """What one plugin answers to a hook; None when it failed, which is recorded."""
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
        """The items of a hook that answers with a list of specs; anything else is an error of the plugin."""
        items: list[Offer] = []
        answers = self._ask(plugin, hook)
        if answers == [] and hook in {caller.name for caller in self._pluggy.get_hookcallers(plugin.module) or ()}:
            answers = [None]  # which pluggy leaves out
        for answer in answers or ():
            if isinstance(answer, (list, tuple)) and all(isinstance(item, kind) for item in answer):
                items.extend(answer)
            else:
                plugin.fail(f"{hook} must return a list of {kind.__name__}, not {_shown(answer)}")
        return items

    @cached_property
    def _annotators(self) -> dict[str, tuple[Plugin, AnnotatorSpec]]:
        """By name, who offers an annotator.  Who comes first keeps the name; a newcomer is left out, and told so."""
        offers: dict[str, tuple[Plugin, AnnotatorSpec]] = {}
        for plugin in self._usable():
            for spec in self._offered(plugin, "imsearch_annotators", AnnotatorSpec):
                if problem := _spec_problem(spec):
                    plugin.fail(f"annotator {spec.name!r}: {problem}")
                elif spec.name in offers:
                    plugin.fail(_taken("annotator", spec.name, _rival(offers[spec.name][0], plugin)))
                else:
                    offers[spec.name] = (plugin, _tidied(spec))
        return offers

    @cached_property
    def _recipes(self) -> dict[str, RecipeSpec]:
        recipes: dict[str, tuple[Plugin, RecipeSpec]] = {}
        for plugin in self._usable():
            for recipe in self._offered(plugin, "imsearch_recipes", RecipeSpec):
                if recipe.name in recipes:
                    plugin.fail(_taken("training recipe", recipe.name, _rival(recipes[recipe.name][0], plugin)))
                else:
                    recipes[recipe.name] = (plugin, recipe)
        return {name: recipe for name, (_, recipe) in recipes.items()}

    @cached_property
    def _languages(self) -> dict[str, LanguageSpec]:
        languages: dict[str, tuple[Plugin, LanguageSpec]] = {}
        for plugin in self._usable():
            for spec in self._offered(plugin, "imsearch_languages", LanguageSpec):
                if not (isinstance(spec.code, str) and spec.code.islower() and spec.code.isalpha()):
                    plugin.fail(f"language {_shown(spec.code)}: its code must be one of ISO 639, such as 'de'")
                elif spec.code in languages:
                    plugin.fail(_taken("language", spec.code, _rival(languages[spec.code][0], plugin)))
                else:
                    languages[spec.code] = (plugin, spec)
        return {code: spec for code, (_, spec) in languages.items()}

    def unknown(self, what: str, name: str, known: Iterable[str]) -> str:
        """What to say about a name that nothing offers; a plugin that would offer it may be broken."""
        broken = [f"{plugin} is broken: {plugin.error}" for plugin in self.plugins() if plugin.error]
        listed = ", ".join(sorted(known)) or "none"
        return ". ".join([f"there is no {what} named {name!r}; installed: {listed}", *broken])


def _package(entry: EntryPoint) -> tuple[str, str]:
    """The name and version of the distribution that an entry point comes from."""
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "?")


def _is_shipped(entry: EntryPoint) -> bool:
    return entry.value.startswith(f"{__package__}.")


def _rank(entry: EntryPoint) -> tuple[bool, str, str, str]:
    """The order of plugins, in which the first keeps a name: ours, then by the names of plugin and package."""
    return not _is_shipped(entry), entry.name, _package(entry)[0], entry.value


def _shown(value: object) -> str:
    """A value as its author would write it, or its type where that fails."""
    try:
        return f"{value!r:.80}"
    except Exception:  # noqa: BLE001 - what is told is that it is no spec, in any case
        return f"a {type(value).__name__}"


def _rival(first: Plugin, newcomer: Plugin) -> str:
    return "this plugin itself" if first is newcomer else str(first)


def _taken(what: str, name: str, owner: str) -> str:
    """What to say of something that was left out because its name is in use."""
    return (
        f"its {what} {name!r} was left out: {owner} uses that name already. Uninstall one of the packages, or ask the "
        "author of this one for another name"
    )


def _spec_problem(spec: AnnotatorSpec) -> str:
    """What is wrong with a spec, if anything."""
    try:
        return next(iter(spec_problems(spec)), "")
    except Exception as error:  # noqa: BLE001 - a field of the wrong type
        return reason(error)


def _tidied(spec: AnnotatorSpec) -> AnnotatorSpec:
    """The spec with its tags spelled as the tags of pictures are stored."""
    if all(map(str.isascii, (*spec.vocabulary, *spec.thresholds))):
        return spec
    thresholds = {tidy(name): value for name, value in spec.thresholds.items()}
    return replace(spec, vocabulary=tuple(map(tidy, spec.vocabulary)), thresholds=thresholds)


def _misspelled(name: str) -> str:
    """What to say about an implementation of a hook that does not exist."""
    hooks = [hook for hook in vars(hookspecs) if hook.startswith("imsearch_")]
    close = get_close_matches(name, hooks, n=1)
    return f"there is no hook {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")
