"""VGG-16 features, one linear layer, binary cross-entropy; and a command that draws tags as a cloud of words.

Importing this stays light; torch is imported when the model is built or trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imsearch import hookimpl
from imsearch.plugins.shipped import ShippedModel

if TYPE_CHECKING:
    import click

MODEL = ShippedModel(
    name="vgg-bce",
    folder=Path(__file__).parent,
    description="One linear layer over VGG-16 features, whose weights are downloaded at first use",
    recipe="A linear layer over frozen VGG-16 features, with binary cross-entropy",
    annotator="imsearch.plugins.vgg_bce.annotator:VggBceAnnotator",
    train="imsearch.plugins.vgg_bce.recipe:train",
    datasets=("corel5k", "flickr8k", "jsonl"),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()


@hookimpl
def imsearch_commands(cli: click.Group) -> None:
    """``imsearch wordcloud``, for the tags of any annotator."""
    from imsearch.plugins.vgg_bce.command import wordcloud

    cli.add_command(wordcloud)
