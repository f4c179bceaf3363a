"""A loaded plugin, and messages about its entry point, its names and its errors."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from typing import Any

from imsearch.languages.letters import tidy
from imsearch.plugins import hookspecs
from imsearch.plugins.problems import spec_problems
from imsearch.specs import AnnotatorSpec, LanguageSpec
from imsearch.system.foreign import reason


@dataclass
class Plugin:
    """One entry point: its origin, and its error, if any.

    name: the name of the entry point.  package, version: the distribution that provides it.
    error: one line for the user, or None.  details: the traceback belonging to it, for the plugin's author.
    shipped: True if it comes with imsearch.
    """

    name: str
    package: str
    version: str
    module: Any = field(default=None, repr=False)
    error: str | None = None
    details: str = field(default="", repr=False)
    shipped: bool = False

    def fail(self, error: str) -> None:
        """Add an error to previous ones, and keep the first traceback."""
        if self.error is None:
            self.error = error
            self.details = traceback.format_exc() if sys.exc_info()[0] else ""
        elif error not in self.error:
            self.error = f"{self.error}; {error}"

    def __str__(self) -> str:
        return (
            f"{self.name} (package {self.package} {self.version})" if self.version else f"{self.name} ({self.package})"
        )


def is_shipped(entry: EntryPoint) -> bool:
    return entry.value.startswith(f"{__package__}.")


def with_packages(found: Iterable[EntryPoint]) -> list[tuple[EntryPoint, str, str]]:
    """Return entry points with the names and versions of their packages.

    The first keeps a contested name: ours, then by the names of plugin and package.
    """
    entries = list(found)
    # A package's metadata is a long text, which is parsed each time it is asked.
    packages = {id(entry.dist): entry.dist for entry in entries if entry.dist is not None}
    said = {key: package.metadata for key, package in packages.items()}
    named = {key: (each["Name"], each["Version"]) for key, each in said.items()}
    known = [(entry, *named.get(id(entry.dist), ("unknown", "?"))) for entry in entries]
    return sorted(known, key=lambda each: (not is_shipped(each[0]), each[0].name, each[1], each[0].value))


def shown(value: object) -> str:
    """Return a value as its author would write it, or its type where that fails."""
    try:
        return f"{value!r:.80}"
    except Exception:  # noqa: BLE001 - what is told is that it is no spec, in any case
        return f"a {type(value).__name__}"


def rival(first: Plugin, newcomer: Plugin) -> str:
    return "this plugin itself" if first is newcomer else str(first)


def name_taken(what: str, name: str, owner: str) -> str:
    """Return the message about an item left out because its name is in use."""
    return (
        f"its {what} {name!r} was left out: {owner} uses that name already. Uninstall one of the packages, or ask the "
        "author of this one for another name"
    )


def spec_problem(spec: AnnotatorSpec) -> str:
    """Return what is wrong with a spec, if anything."""
    try:
        return next(iter(spec_problems(spec)), "")
    except Exception as error:  # noqa: BLE001 - a field of the wrong type
        return reason(error)


def language_problem(spec: LanguageSpec) -> str:
    """Return what is wrong with the code of a language; empty when nothing is."""
    code = spec.code
    is_code = isinstance(code, str) and code.islower() and code.isalpha()
    return "" if is_code else "its code must be one of ISO 639, such as 'de'"


def tidied(spec: AnnotatorSpec) -> AnnotatorSpec:
    """Return the spec with its tags in the stored spelling."""
    if all(map(str.isascii, (*spec.vocabulary, *spec.thresholds))):
        return spec
    thresholds = {tidy(name): value for name, value in spec.thresholds.items()}
    return replace(spec, vocabulary=tuple(map(tidy, spec.vocabulary)), thresholds=thresholds)


def misspelled(name: str) -> str:
    """Return the message about an implementation of a hook that does not exist."""
    from difflib import get_close_matches

    hooks = [hook for hook in vars(hookspecs) if hook.startswith("imsearch_")]
    close = get_close_matches(name, hooks, n=1)
    return f"there is no hook {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")
