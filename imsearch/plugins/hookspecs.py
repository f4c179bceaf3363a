"""The hooks a plugin may implement: this file is the whole plugin interface.

A plugin is a module named by an entry point of the group ``imsearch``.  It marks its functions with
``@imsearch.hookimpl``, keeps its imports light, and returns values: it never touches the catalog or the indexes.
An implementation may leave out arguments that it does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from imsearch.keys import Key
    from imsearch.records import Image, Tag
    from imsearch.specs import AnnotatorSpec, LanguageSpec, RecipeSpec

PROJECT = "imsearch"
"""The name of the pluggy project and of the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def imsearch_annotators() -> Sequence[AnnotatorSpec]:  # type: ignore[empty-body]
    """The annotators this plugin offers.

    Called whenever the program lists or runs annotators, so it must be quick: describe the models, do not build
    them.  The spec's ``factory`` builds one when there is a picture for it.
    """


@hookspec
def imsearch_recipes() -> Sequence[RecipeSpec]:  # type: ignore[empty-body]
    """The training recipes this plugin offers to ``imsearch train`` and ``imsearch evaluate``."""


@hookspec
def imsearch_languages() -> Sequence[LanguageSpec]:  # type: ignore[empty-body]
    """The languages in which queries are understood when the setting ``languages`` names them.

    Called only for a language that does not come with imsearch, so every query in it loads the plugins.
    """


@hookspec
def imsearch_query_keys() -> Sequence[Key]:  # type: ignore[empty-body]
    """The keys this plugin adds to the query language, such as ``ratio:`` in ``ratio:3:2``.

    Called when a query may use one, and by the pages, which count their facets.
    """


@hookspec
def imsearch_commands(cli: click.Group) -> None:
    """Add commands to the command line with ``cli.add_command`` or ``@cli.command()``.

    The names of the program's own commands are taken.
    """


@hookspec
def imsearch_image_indexed(image: Image, tags: Sequence[Tag]) -> None:
    """An image was annotated and its tags are committed.

    Called in the indexing process, on the thread that writes, so it should be quick; the indexes follow within
    seconds.  `tags` are the likeliest first.  An exception is reported and stops neither the run nor other plugins,
    but this one is not called again in this run.
    """
