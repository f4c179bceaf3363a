"""What plugins tell of annotators, languages and recipes before anything is built; every class is frozen."""

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

    name: short, lower case, unique among all plugins; what ``--annotator`` takes and what tags are attributed to.
    version: changes whenever the tags would; pictures seen by another version are annotated again.
    factory: builds the annotator for a device, ``"cpu"`` or ``"cuda"`` (``"cuda:1"``); called only when it is needed.
    vocabulary: every tag it can return, or empty when that is open.
    vector_length: the length of its vectors, or None when it makes none.
    input_size: pixels; pictures are decoded so that both sides have at least this many (where the file has them).
    threshold, thresholds: from which probability a tag is shown, 0 to 1; `thresholds` holds the exceptions by tag.
    `RANKING_ONLY` keeps a tag from ever being shown.  They belong to the version, as the tags do.
    inputs: what it looks at beside pixels: ``"social_tags"``, ``"metadata"``.
    license, weights_license: SPDX names or a short phrase.
    weights_sha256: the hash of its weights file, checked at load, or None without weights.
    default: whether it runs when the user names no annotator.
    counts: builds what tells from its vectors how many of a thing a picture shows, by the name of the thing; None when
    nothing does.  Called at the first query with a number; belongs to the version, as the vectors do.
    text_encoder: builds what puts words into the space of its vectors, or None when nothing does.  Called at the first
    query with words, on a processor; belongs to the version, as the vectors do.
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
        """Whether a tag of this probability is shown."""
        return float(probability) >= self.thresholds.get(name, self.threshold)

    def hides(self, name: str) -> bool:
        """Whether a tag is never shown, however likely it is."""
        return self.thresholds.get(name, self.threshold) > 1

    @property
    def visible_vocabulary(self) -> tuple[str, ...]:
        """The vocabulary without what is never shown."""
        return tuple(name for name in self.vocabulary if not self.hides(name))

    def marked(self, tags: Iterable[Tag]) -> list[Tag]:
        """These tags as this annotator's, each with whether it is shown."""
        return [Tag(tag.name, float(tag.probability), self.name, self.shows(tag.name, tag.probability)) for tag in tags]


@dataclass(frozen=True)
class LanguageSpec:
    """A language in which queries are understood, beside English.

    code: as ISO 639 has it, lower case: ``de``.  path: the file of its words, as docs/languages.md describes it; read
    only where the language is in use.
    """

    code: str
    path: Path


@dataclass(frozen=True)
class RecipeSpec:
    """A training recipe that ``imsearch train NAME`` runs.

    `run` receives a `imsearch.training.run.Run` (datasets, output folder, seed, device, reporter) and returns the
    path of the checkpoint it wrote.  `annotator` builds the annotator of a checkpoint for a device, so that ``imsearch
    evaluate NAME --weights FILE`` can judge it.  `version` is called when a training begins; a run that another version
    began does not go on.
    """

    name: str
    run: Callable[[Any], Path] = field(repr=False, compare=False)
    description: str = ""
    datasets: tuple[str, ...] = ()
    annotator: Callable[[Path, str], Annotator] | None = field(default=None, repr=False, compare=False)
    version: Callable[[], str] = field(default=str, repr=False, compare=False)
