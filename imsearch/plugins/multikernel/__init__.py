"""Multi-kernel pooling with asymmetric convolutions, for small objects.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch import hookimpl
from imsearch.plugins.shipped import ShippedModel
from imsearch.records import AnnotatorSpec, RecipeSpec

MODEL = ShippedModel(
    name="multikernel",
    folder=Path(__file__).parent,
    description="Multi-kernel pooling with asymmetric convolutions, for small objects",
    recipe="Parallel poolings and 1xn, nx1 convolutions over chosen levels of the backbone",
    annotator="imsearch.plugins.multikernel.annotator:MultikernelAnnotator",
    train="imsearch.plugins.multikernel.recipe:train",
    datasets=("corel5k", "flickr8k", "coco"),
)


@hookimpl
def imsearch_annotators() -> list[AnnotatorSpec]:
    """The annotator with the weights in this folder."""
    return MODEL.annotators()


@hookimpl
def imsearch_recipes() -> list[RecipeSpec]:
    """How the weights are made."""
    return MODEL.recipes()
