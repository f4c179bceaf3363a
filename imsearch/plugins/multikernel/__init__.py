"""Multi-kernel pooling with asymmetric convolutions, for small objects.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="multikernel",
    folder=Path(__file__).parent,
    description="Multi-kernel pooling with asymmetric convolutions, for small objects",
    recipe="Parallel poolings and 1xn, nx1 convolutions over chosen levels of the backbone",
    annotator="imsearch.plugins.multikernel.annotator:MultikernelAnnotator",
    train="imsearch.plugins.multikernel.recipe:train",
    datasets=("corel5k", "flickr8k", "coco"),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
