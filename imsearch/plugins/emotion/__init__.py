"""Emotion: happy, angry, positive, negative, from pixels, colour and texture.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch import hookimpl
from imsearch.plugins.shipped import ShippedModel
from imsearch.records import AnnotatorSpec, RecipeSpec

MODEL = ShippedModel(
    name="emotion",
    folder=Path(__file__).parent,
    description="Emotion: happy, angry, positive, negative, from pixels, colour and texture",
    recipe="CNN features beside colour and texture, on sentiment and emotion sets",
    annotator="imsearch.plugins.emotion.annotator:EmotionAnnotator",
    train="imsearch.plugins.emotion.recipe:train",
    datasets=("sentiment", "emotion"),
)


@hookimpl
def imsearch_annotators() -> list[AnnotatorSpec]:
    """The annotator with the weights in this folder."""
    return MODEL.annotators()


@hookimpl
def imsearch_recipes() -> list[RecipeSpec]:
    """How the weights are made."""
    return MODEL.recipes()
