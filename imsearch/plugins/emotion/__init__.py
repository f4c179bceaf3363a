"""Emotion: happy, angry, positive, negative, from pixels, colour and texture.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="emotion",
    folder=Path(__file__).parent,
    description="Emotion: happy, angry, positive, negative, from pixels, colour and texture",
    recipe="CNN features beside colour and texture, on sentiment and emotion sets",
    annotator="imsearch.plugins.emotion.annotator:EmotionAnnotator",
    train="imsearch.plugins.emotion.recipe:train",
    datasets=("sentiment", "emotion"),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
