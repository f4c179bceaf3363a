"""Multi-modal multi-scale: fused scales, social tags, a predicted number of labels.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="multimodal",
    folder=Path(__file__).parent,
    description="Multi-modal multi-scale: fused scales, social tags, a predicted number of labels",
    recipe="Fused scales and social tags, with a head that predicts how many labels there are",
    annotator="imsearch.plugins.multimodal.annotator:MultimodalAnnotator",
    train="imsearch.plugins.multimodal.recipe:train",
    datasets=("corel5k", "flickr8k"),
    inputs=frozenset({"social_tags"}),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
