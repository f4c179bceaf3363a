"""The annotators of a run: built when first needed, called in batches, checked at the boundary."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from imsearch.annotator import Annotator
from imsearch.errors import ImsearchError, PluginError
from imsearch.indexer.item import Item
from imsearch.records import SOCIAL_TAGS, Annotation, AnnotatorSpec, Tag

DEFAULT_BATCH = 16


class Crew:
    """The annotators of one run.  One thread builds them (`has`), one calls `annotate` and `close`."""

    def __init__(
        self,
        specs: Sequence[AnnotatorSpec],
        device: str = "cpu",
        batch_size: int | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        if len(self._specs) < len(specs):
            raise PluginError("two annotators have the same name; choose one of them")
        self.names = tuple(self._specs)
        self.ready: dict[str, tuple[Annotator, AnnotatorSpec]] = {}
        self.broken: dict[str, str] = {}
        self._device, self._batch_size, self._note = device, batch_size, note

    @property
    def batch_size(self) -> int:
        """How many pictures to gather: what was asked for, or what the largest of the annotators likes."""
        return max((self._batch_of(annotator) for annotator, _ in self.ready.values()), default=DEFAULT_BATCH)

    def _batch_of(self, annotator: Annotator) -> int:
        return max(1, self._batch_size or annotator.batch_size)

    def has(self, name: str) -> bool:
        """Whether this annotator works; the first time it is asked for, it is built."""
        if name not in self.ready and name not in self.broken:
            spec = self._specs[name]
            try:
                self.ready[name] = (spec.factory(self._device), spec)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - told by name; the other annotators go on
                self.broken[name] = (
                    str(error) if isinstance(error, ImsearchError) else f"{type(error).__name__}: {error}"
                )
                self._note(f"the annotator {name} cannot be used: {self.broken[name]}")
        return name in self.ready

    def reads_social_tags(self, name: str) -> bool:
        """Whether this annotator looks at what people wrote, which may change while the picture stays the same."""
        return SOCIAL_TAGS in self._specs[name].inputs

    def annotate(self, items: Sequence[Item]) -> None:
        """Fill in what each annotator says of the items prepared for it, and empty `prepared`."""
        for name, (annotator, _) in list(self.ready.items()):  # a copy: the reading side may build another one
            share = [item for item in items if name in item.prepared]
            size = self._batch_of(annotator)
            for start in range(0, len(share), size):
                self._batch(name, annotator, share[start : start + size])
        for item in items:
            item.prepared = {}

    def _batch(self, name: str, annotator: Annotator, items: Sequence[Item]) -> None:
        try:
            answers = _ask(annotator, [item.prepared[name] for item in items])
        except Exception as error:  # noqa: BLE001 - recorded below, for each picture that fails alone as well
            if len(items) > 1:
                for item in items:
                    self._batch(name, annotator, [item])
            else:
                items[0].failures[name] = _words(error)
            return
        for item, answer in zip(items, answers, strict=True):
            try:
                item.annotations[name] = checked(answer, self._specs[name])
            except PluginError as error:
                item.failures[name] = str(error)

    def close(self) -> None:
        """Let every annotator give back what it holds."""
        for name, (annotator, _) in self.ready.items():
            try:
                annotator.close()
            except Exception as error:  # noqa: BLE001 - told; everything it said is already stored
                self._note(f"the annotator {name} failed while it was closed: {_words(error)}")


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, ImsearchError) else f"{type(error).__name__}: {error}"


def _ask(annotator: Annotator, batch: list[Any]) -> Sequence[Annotation]:
    answers = annotator.annotate(batch)
    if len(answers) != len(batch):
        raise PluginError(f"it returned {len(answers)} annotations for {len(batch)} pictures")
    return answers


def checked(annotation: Annotation, spec: AnnotatorSpec) -> Annotation:
    """The annotation with plain numbers in it.  Raises PluginError when it breaks the contract of `Annotator`."""
    if not isinstance(annotation, Annotation):
        raise PluginError(f"it returned {type(annotation).__name__} instead of an Annotation")
    tags = tuple(_checked_tag(tag) for tag in annotation.tags)
    names = {tag.name for tag in tags}
    if len(names) < len(tags):
        raise PluginError("it returned a tag twice for one picture")
    vector = annotation.vector
    if vector is not None:
        vector = np.asarray(vector, dtype=np.float32)
        if vector.shape != (spec.vector_length,):
            raise PluginError(f"its vector has the shape {vector.shape} instead of ({spec.vector_length},)")
        if not np.isfinite(vector).all():
            raise PluginError("its vector holds values that are not finite")
    return Annotation(tags, vector)


def _checked_tag(tag: Tag) -> Tag:
    name = tag.name
    if not isinstance(name, str) or not name or name != name.strip().lower() or not name.isprintable():
        raise PluginError(f"it returned the tag {name!r}; tags are lower case, printable and not empty")
    try:
        probability = float(tag.probability)
    except (TypeError, ValueError):
        probability = math.nan
    if not 0.0 <= probability <= 1.0:
        raise PluginError(f"it returned the probability {tag.probability!r} for {name!r}; it must lie in 0 to 1")
    return Tag(name, probability)
