"""Specs of annotators, languages and recipes, available before anything is built; every class is frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imsearch.annotator import Annotator, CountHead, TextEncoder
from imsearch.records import Tag


@dataclass(frozen=True)
class AnnotatorSpec:
    """Everything about an annotator that can be known without building its model.

    name: short, lower case, unique among all plugins; the value of ``--annotator`` and the source of its tags.
    version: changes whenever the tags would; pictures annotated by another version are annotated again.
    factory: builds the annotator for a device, ``"cpu"`` or ``"cuda"`` (``"cuda:1"``); called only when it is needed.
    vocabulary: every tag it can return, or empty if it is open.
    vector_length: the length of its vectors, or None if it makes none.
    input_size: pixels; pictures are decoded so that both sides have at least this many (where the file has them).
    threshold, thresholds: the confidence threshold from which a tag is shown, 0 to 1; `thresholds` holds exceptions by
    tag.
    `RANKING_ONLY` keeps a tag from ever being shown.  They belong to the version, as the tags do.
    inputs: its inputs besides pixels: ``"social_tags"``, ``"metadata"``.
    license, weights_license: SPDX names or a short phrase.
    weights_sha256: the hash of its weights file, checked at load, or None without weights.
    default: True if it runs when the user names no annotator.
    counts: builds the heads that predict from its vectors how many of a thing a picture shows, by the name of the
    thing; None without any.  Called at the first query with a number; belongs to the version, as the vectors do.
    text_encoder: builds the encoder of text into the space of its vectors; None without one.  Called at the first query
    with words, on a CPU; belongs to the version, as the vectors do.
    """

    name: str
    version: str
    factory: Callable[[str], Annotator] = field(repr=False, compare=False)
    description: str = ""
    vocabulary: tuple[str, ...] = field(default=(), repr=False)
    vector_length: int | None = None
    input_size: int = 224
    threshold: float = 0.5
    thresholds: Mapping[str, float] = field(default_factory=dict, repr=False)
    inputs: frozenset[str] = frozenset()
    license: str = ""
    weights_license: str = ""
    weights_sha256: str | None = None
    default: bool = True
    counts: Callable[[], Mapping[str, CountHead]] | None = field(default=None, repr=False, compare=False)
    text_encoder: Callable[[], TextEncoder] | None = field(default=None, repr=False, compare=False)

    def shows(self, name: str, probability: float) -> bool:
        """Return True if a tag of this probability is shown."""
        return float(probability) >= self.thresholds.get(name, self.threshold)

    def hides(self, name: str) -> bool:
        """Return True if a tag is never shown, whatever its probability."""
        return self.thresholds.get(name, self.threshold) > 1

    @property
    def visible_vocabulary(self) -> tuple[str, ...]:
        """The vocabulary without tags that are never shown."""
        return tuple(name for name in self.vocabulary if not self.hides(name))

    def marked(self, tags: Iterable[Tag]) -> list[Tag]:
        """Return these tags with this annotator as the source, and `shown` set."""
        return [Tag(tag.name, float(tag.probability), self.name, self.shows(tag.name, tag.probability)) for tag in tags]


@dataclass(frozen=True)
class LanguageSpec:
    """A query language besides English.

    code: ISO 639, lower case: ``de``.  path: its word table, as described in docs/languages.md; read only if the
    language is in use.
    """

    code: str
    path: Path


@dataclass(frozen=True)
class RecipeSpec:
    """A training recipe that ``imsearch train NAME`` runs.

    `run` receives a `imsearch.training.run.Run` (datasets, output folder, seed, device, reporter) and returns the
    path of the checkpoint it wrote.  `annotator` builds the annotator of a checkpoint for a device, for ``imsearch
    evaluate NAME --weights FILE``.  `version` is called when a training begins; a run begun by another
    version is not resumed.
    """

    name: str
    run: Callable[[Any], Path] = field(repr=False, compare=False)
    description: str = ""
    datasets: tuple[str, ...] = ()
    annotator: Callable[[Path, str], Annotator] | None = field(default=None, repr=False, compare=False)
    version: Callable[[], str] = field(default=str, repr=False, compare=False)
