"""A search engine for your pictures that tags them automatically.

This is the public API for plugin authors: everything they need is imported from here, and each name is loaded on first
access, so that ``import imsearch`` costs nothing.

    from imsearch import Annotation, Annotator, AnnotatorSpec, Picture, Tag, hookimpl
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.annotator import Annotator, CountHead, TextEncoder
    from imsearch.keys import Key
    from imsearch.pictures.picture import Picture
    from imsearch.plugins.hookspecs import hookimpl
    from imsearch.records import RANKING_ONLY, Annotation, Image, Tag
    from imsearch.specs import AnnotatorSpec, LanguageSpec, RecipeSpec
    from imsearch.system.stages import stage

__version__ = "0.1.0"

__all__ = [
    "RANKING_ONLY",
    "Annotation",
    "Annotator",
    "AnnotatorSpec",
    "CountHead",
    "Image",
    "Key",
    "LanguageSpec",
    "Picture",
    "RecipeSpec",
    "Tag",
    "TextEncoder",
    "hookimpl",
    "stage",
]

_HOMES = {
    "RANKING_ONLY": "imsearch.records",
    "Annotation": "imsearch.records",
    "Annotator": "imsearch.annotator",
    "AnnotatorSpec": "imsearch.specs",
    "CountHead": "imsearch.annotator",
    "Image": "imsearch.records",
    "Key": "imsearch.keys",
    "LanguageSpec": "imsearch.specs",
    "Picture": "imsearch.pictures.picture",
    "RecipeSpec": "imsearch.specs",
    "Tag": "imsearch.records",
    "TextEncoder": "imsearch.annotator",
    "hookimpl": "imsearch.plugins.hookspecs",
    "stage": "imsearch.system.stages",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
