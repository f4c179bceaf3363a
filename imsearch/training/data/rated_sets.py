"""Sets that people rated: how pleasant a picture is (valence) and how exciting (arousal), each from 1 to 7.

The labels are made of the mean ratings: one on each side of two cut-offs, and none between them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imsearch.errors import DatasetError
from imsearch.training.data.readers import read_json_lines
from imsearch.training.data.samples import Sample

RATINGS = "ratings"
"""The kind of such a set."""
SCALES = ("valence", "arousal")
LEAST, MIDDLE, MOST = 1.0, 4.0, 7.0
CUTS = {
    "calm": ("arousal", 3.0, -1),
    "exciting": ("arousal", 4.2, 1),
    "negative": ("valence", 3.0, -1),
    "positive": ("valence", 5.0, 1),
}
"""Of each label the scale, the cut-off, and on which side of it pictures have the label (those at it do).

Nobody rated "positive" or "calm" themselves.  The cut-offs of valence leave the middle third of the scale neutral;
those of arousal, which few pictures stretch as far, are about the quartiles of OASIS's training pictures.
"""


def read_ratings(path: Path) -> list[Sample]:
    """Samples whose labels are those of `CUTS` that their ``valence`` and ``arousal`` reach.

    Each line of ``labels.jsonl`` holds both numbers, 1 to 7, which stay in `Sample.extra`; its ``labels`` are not used.
    """
    return [replace(sample, labels=_labels(sample)) for sample in read_json_lines(path)]


def ratings_of(sample: Sample) -> tuple[float, ...]:
    """The ratings on `SCALES`; raises `DatasetError` where one is missing or no number from 1 to 7."""
    values = tuple(sample.extra.get(scale) for scale in SCALES)
    for scale, value in zip(SCALES, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST <= value <= MOST:
            raise DatasetError(f'{sample.place}: {sample.file.name} needs a "{scale}" from 1 to 7, not {value!r}')
    return tuple(float(value) for value in values)  # type: ignore[arg-type]


def _labels(sample: Sample) -> tuple[str, ...]:
    rated = dict(zip(SCALES, ratings_of(sample), strict=True))
    return tuple(label for label, (scale, cut, sign) in CUTS.items() if (rated[scale] - cut) * sign >= 0)
