"""DCCNN: two channels, the second trained on rare words.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="dccnn",
    folder=Path(__file__).parent,
    description="DCCNN: two channels, the second learned from rare words",
    recipe="Dual-channel CNN from random weights: CNN0 on all pictures, CNN1 on those with rare words",
    annotator="imsearch.plugins.dccnn.annotator:DccnnAnnotator",
    train="imsearch.plugins.dccnn.recipe:train",
    datasets=("corel5k", "flickr8k"),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
