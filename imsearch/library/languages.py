"""The query languages in use besides English, and the paths of their tables."""

from __future__ import annotations

import locale
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from imsearch.errors import ImsearchError
from imsearch.languages.language import Language
from imsearch.specs import LanguageSpec

FOLDER = Path(__file__).parent.parent / "data" / "languages"
ENGLISH = "en"
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""As gettext asks them; LANGUAGE may name several."""
_CODE = re.compile("[a-z]{2,3}")

Offers = Callable[[], Iterable[LanguageSpec]]


def shipped() -> dict[str, LanguageSpec]:
    """The languages that come with imsearch, by code."""
    return {path.stem: LanguageSpec(path.stem, path) for path in sorted(FOLDER.glob("*.toml"))}


def choose_languages(
    wanted: Iterable[str], environ: Mapping[str, str], offered: Offers = tuple
) -> tuple[Language, ...]:
    """The languages in use, without English, which always is.

    wanted: codes such as ``de``, or files of words; empty for the system's language.  environ: the variables that
    say which that is.  offered: asks plugins for theirs; called only for a language that does not come with imsearch.
    Raises ImsearchError for one that nobody offers; a language of the system that nobody offers is left out.
    """
    wanted = tuple(wanted)
    specs, asked = shipped(), False
    found: dict[str, Language] = {}
    for name in wanted or system_languages(environ):
        code = name if name.endswith(".toml") else _code(name)
        if code == ENGLISH:
            continue
        if not name.endswith(".toml") and code not in specs and not asked:
            specs, asked = {**{spec.code: spec for spec in offered()}, **specs}, True
        language = _language(name, specs.get(code))
        if language is not None:
            found[language.code] = language
        elif wanted:
            known = ", ".join((ENGLISH, *sorted(specs)))
            raise ImsearchError(
                f"There is no language {name!r}. There are: {known}. A plugin or a file of words can add one; "
                "docs/languages.md says how."
            )
    return tuple(found.values())


def system_languages(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The codes of the languages that the system speaks, the best first; empty for a system without a language."""
    said = [environ.get(variable, "") for variable in _VARIABLES]
    if any(said[1:]):
        first = next(value for value in said[1:] if value)
        if not _code(first):
            return ()  # LANGUAGE does not count for a system that speaks none, either
        codes = [*said[0].split(":"), first] if said[0] else [first]
    else:
        codes = [locale.getlocale()[0] or ""]  # Windows has no variables for it
    return tuple(dict.fromkeys(code for each in codes if (code := _code(each))))


def _code(name: str) -> str:
    """``de`` for "de_DE.UTF-8", "de-AT" or "DE"; nothing where there is no code of a language."""
    first = re.split(r"[-_.@:]", name.strip().lower(), maxsplit=1)[0]
    if _CODE.fullmatch(first):
        return first
    alias = locale.normalize(name.partition(".")[0]).partition("_")[0]  # "German_Germany"
    return alias if _CODE.fullmatch(alias) else ""


def _language(name: str, spec: LanguageSpec | None) -> Language | None:
    if spec is not None:
        return Language(spec.code, Path(spec.path))
    path = Path(name).expanduser()
    if name.endswith(".toml"):
        if not path.is_file():
            raise ImsearchError(f"The setting languages names {path}, which is no file.")
        return Language(path.stem, path)
    return None
