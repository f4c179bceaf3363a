"""CNN-RNN: predicts labels as a sequence, by beam search.

Importing this stays light; torch is imported when the model is built or trained.
"""

from pathlib import Path

from imsearch.plugins.shipped import ShippedModel

MODEL = ShippedModel(
    name="cnn-rnn",
    folder=Path(__file__).parent,
    description="CNN-RNN: labels as a sequence, found by beam search",
    recipe="CNN features into an LSTM that emits labels one by one, in both directions",
    annotator="imsearch.plugins.cnn_rnn.annotator:CnnRnnAnnotator",
    train="imsearch.plugins.cnn_rnn.recipe:train",
    datasets=("corel5k", "flickr8k", "coco", "scenes"),
)

imsearch_annotators, imsearch_recipes = MODEL.hooks()
