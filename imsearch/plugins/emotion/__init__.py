"""Emotion: positive, negative, calm, exciting, from pixels, colour and texture.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="emotion",
    folder=Path(__file__).parent,
    description="Emotion: positive, negative, calm, exciting, from pixels, colour and texture",
    recipe="CNN features beside colour and texture, on pictures that people rated",
    annotator="imsearch.plugins.emotion.annotator:EmotionAnnotator",
    train="imsearch.plugins.emotion.recipe:train",
    datasets=("ratings",),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
