"""The tags of a training's pictures, and how they are shown: some hidden, or those of another picture.

Tags must not tell the answer.  So a label is not learned from a showing in which a tag says it, true or not; a tag that
says a label is left out of half of the showings, and there the label counts as much more as it was missed.  Were the
label left out only where it is true, the layers would learn that what a tag says is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imsearch.errors import DatasetError, PictureError
from imsearch.pictures.picture import read_picture
from imsearch.plugins.multimodal.likeness import Likeness
from imsearch.plugins.multimodal.social import TEXT_TAGS, TagReader, clean, pooled, text_tags
from imsearch.training.corpus import Corpus
from imsearch.training.data.samples import Dataset, Sample
from imsearch.training.fit import Rows
from imsearch.training.probabilities import Floats

SURE = 0.5
"""From this probability on a teacher's object is a tag of a picture that nobody wrote about."""
_MOST_WEIGHT = 4.0
Bools = NDArray[np.bool_]


class Showing(NamedTuple):
    """Tags as some pictures are shown with: vectors, likeness to labels, labels that they say."""

    vectors: Floats
    alike: Floats
    said: Floats


class Lesson(NamedTuple):
    """Tags to learn from: vectors, labels that they say, and how much each label counts."""

    vectors: Floats
    said: Floats
    weight: Floats


@dataclass(frozen=True)
class Tags:
    """Tags of all pictures of a corpus.

    texts: every tag once.  vectors: ``(texts, length)``.  names: ``(outputs, length)``, text vectors of the labels.
    said: ``(texts, outputs)``, the labels that each says.
    places: for each row, which texts are its tags.  parts: which dataset each row is of.  written: rows whose tags the
    dataset gives, by people who did not see the labels.
    """

    texts: tuple[str, ...]
    vectors: Floats
    names: Floats
    said: Bools
    places: Sequence[NDArray[np.intp]]
    parts: NDArray[np.intp]
    written: Bools

    @property
    def tagged(self) -> Bools:
        """Return the rows that have a tag with a known word."""
        known = np.asarray(self.vectors.any(axis=1))
        return np.array([bool(known[places].any()) for places in self.places], dtype=np.bool_)

    @property
    def learned(self) -> tuple[NDArray[np.generic], ...]:
        """Everything that a training takes from here, as arrays."""
        lengths = np.array([len(places) for places in self.places])
        return (
            self.vectors,
            self.names,
            self.said,
            lengths,
            np.concatenate([np.zeros(0, np.intp), *self.places]),
            self.written,
        )

    def others(self, rows: Rows, among: Rows, generator: np.random.Generator) -> Rows:
        """For each of `rows` a tagged one of the same dataset, by lot among `among`."""
        found = rows.copy()
        tagged = among[self.tagged[among]]
        for part in np.unique(self.parts[rows]):
            here = np.flatnonzero(self.parts[rows] == part)
            pool = tagged[self.parts[tagged] == part]
            if len(pool):
                found[here] = generator.choice(pool, len(here))
        return found

    def likeness(self, rows: Rows) -> Likeness:
        """Measure likeness on the tags of these rows."""
        used = np.unique(np.concatenate([np.zeros(0, np.intp), *(self.places[row] for row in rows)]))
        return Likeness.of(self.names, self.vectors[used])

    def whole(self, several: Iterable[NDArray[np.intp]], spoken: bool, likeness: Likeness) -> Showing:
        """Pictures with exactly these tags; without those that say a label unless `spoken`."""
        silent = np.asarray(~self.said.any(axis=1))
        chosen = [places if spoken else places[silent[places]] for places in several]
        said = np.stack([self.said[places].any(axis=0) for places in chosen]).astype(np.float32)
        vectors = [self.vectors[places] for places in chosen]
        return Showing(
            np.stack([pooled(each) for each in vectors]), np.stack([likeness(each) for each in vectors]), said
        )

    def drawn(self, rows: Rows, generator: np.random.Generator, settings: Mapping[str, Any]) -> Lesson:
        """Pictures as they are learned from: with some of their tags."""
        silent = np.asarray(~self.said.any(axis=1))
        vectors, said, weight = [], [], []
        for row in rows:
            places = self.places[row]
            share = generator.uniform(1 - settings["hide_tag"], 1)
            kept = places[generator.random(len(places)) < np.where(silent[places], share, 0.5)]
            possible = self.said[places].sum(axis=0)
            if generator.random() < settings["silent_tags"]:
                kept, possible = kept[silent[kept]], np.zeros_like(possible)
            told = self.said[kept].any(axis=0)
            vectors.append(pooled(self.vectors[kept]))
            said.append(told)
            weight.append(np.where(told, 0, np.minimum(2.0**possible, _MOST_WEIGHT)))
        return Lesson(np.stack(vectors), np.stack(said).astype(np.float32), np.stack(weight).astype(np.float32))


def gather_tags(corpus: Corpus, reader: TagReader, more: Rows | None = None) -> Tags:
    """The tags of the pictures to learn from, of those held back, and of `more`; other rows have none.

    What the dataset says was written; else the keywords in the file and beside it, without those that say a label, by
    which the labels may have been given; else, where a dataset has neither, the picture's own labels, and objects of
    which a teacher is sure, stand in for tags.
    """
    samples, parts, rows = (
        corpus.samples,
        _parts(corpus.parts),
        {*corpus.train, *corpus.held, *(() if more is None else more)},
    )
    found: list[list[str]] = [[] for _ in samples]
    written = np.zeros(len(samples), dtype=bool)
    for part in range(len(corpus.parts)):
        here = [row for row in np.flatnonzero(parts == part) if row in rows]
        several = [_written(samples[row], reader) for row in here]
        if not any(several):
            several = [clean(_stand_ins(samples[row])) for row in here]
        for row, tags in zip(here, several, strict=True):
            found[row], written[row] = tags, bool(text_tags(samples[row]))
    texts = tuple(dict.fromkeys(tag for tags in found for tag in tags))
    place = {text: index for index, text in enumerate(texts)}
    said = np.zeros((len(texts), len(reader.labels)), dtype=bool)
    for index, text in enumerate(texts):
        said[index, reader.said(text)] = True
    vectors = reader.vectors(texts) if texts else np.zeros((0, reader.length // 2), np.float32)
    names = reader.vectors([label.replace("_", " ") for label in reader.labels])
    places = [np.array([place[tag] for tag in tags], dtype=np.intp) for tags in found]
    return Tags(texts, vectors, names, said, places, parts, written)


def _parts(parts: Sequence[Dataset]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(parts)), [len(part.samples) for part in parts])


def _written(sample: Sample, reader: TagReader) -> list[str]:
    if TEXT_TAGS in sample.extra:
        return clean(text_tags(sample))
    return [tag for tag in clean(keywords(sample.file)) if not reader.said(tag)]


def keywords(file: Path) -> tuple[str, ...]:
    """Return the keywords in a picture's XMP, IPTC and sidecar files; raises `DatasetError` for a file that is none."""
    try:
        return read_picture(file, 1, social_tags=True).social_tags
    except PictureError as error:
        raise DatasetError(f"{file} cannot be used: {error}. Replace it, or take it out of the dataset.") from error


def _stand_ins(sample: Sample) -> Iterator[str]:
    yield from sample.labels
    yield from (name for name, sure in (sample.soft or {}).items() if sure >= SURE)
