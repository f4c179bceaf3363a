"""Another annotator as the teacher of a recipe: its probabilities over the pictures are what a network learns.

Distillation (Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531) with one probability for each tag instead
of one distribution over classes.  The teacher looks at each picture once; what it says is kept beside what the frozen
layers of other recipes say, and found again by the bytes of the picture files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imsearch.annotator import Annotator
from imsearch.errors import DatasetError, ModelError, PictureError
from imsearch.pictures.picture import read_picture
from imsearch.specs import AnnotatorSpec
from imsearch.training.cache import picture_rows
from imsearch.training.corpus import Corpus
from imsearch.training.run import Run

HEAD = "teacher"
"""The head of a network that learns a teacher's tags."""
_BATCH = 64
_KEPT_AT_ONCE = 16


@dataclass(frozen=True)
class Teacher:
    """An annotator whose tags are to be learned.

    device: where it runs, as ``AnnotatorSpec.factory`` takes it.
    """

    spec: AnnotatorSpec
    device: str = "cpu"

    @classmethod
    def named(cls, name: str, offered: Iterable[AnnotatorSpec], device: str = "cpu") -> Teacher:
        """Return the annotator of this name.

        Raises `ModelError` when none is offered under it, and when its tags or what it looks at are not fit to teach.
        """
        specs = {spec.name: spec for spec in offered}
        if name not in specs:
            raise ModelError(f"There is no annotator {name!r} to learn from; there are: {', '.join(sorted(specs))}")
        spec = specs[name]
        if not spec.visible_vocabulary:
            raise ModelError(f"The annotator {name} does not say which tags it has, so it cannot be the teacher")
        if spec.inputs:
            raise ModelError(
                f"The annotator {name} also looks at {', '.join(sorted(spec.inputs))}; a teacher looks at pixels only"
            )
        return cls(spec, device)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that it may show, the columns of `probabilities`."""
        return self.spec.visible_vocabulary

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """From which probability each of its tags is shown: ``(tags,)``."""
        return np.array([self.spec.thresholds.get(tag, self.spec.threshold) for tag in self.tags], dtype=np.float32)

    def probabilities(
        self, files: Sequence[Path], cache: Path, progress: Callable[[int], None] = lambda count: None
    ) -> NDArray[np.float16]:
        """Return the probability of each of `tags` in each picture, ``(files, tags)``, memory-mapped from `cache`.

        A tag that the teacher leaves out of its answer, because it is too unlikely, has 0.  Raises `DatasetError` for
        a picture that cannot be read.
        """
        column = {tag: index for index, tag in enumerate(self.tags)}

        def compute(start: int, stop: int) -> NDArray[np.float16]:
            rows = np.zeros((stop - start, len(column)), dtype=np.float16)
            prepared = list(pool.map(self._prepared, files[start:stop]))
            for first in range(0, len(prepared), _KEPT_AT_ONCE):
                for row, annotation in enumerate(
                    self._annotator.annotate(prepared[first : first + _KEPT_AT_ONCE]), first
                ):
                    for tag in annotation.tags:
                        if tag.name in column:
                            rows[row, column[tag.name]] = tag.probability
            return rows

        settings = (self.spec.name, self.spec.version, *self.tags)
        with ThreadPoolExecutor(2) as pool:
            return picture_rows(cache, HEAD, settings, files, compute, _BATCH, progress)  # type: ignore[return-value]

    @cached_property
    def _annotator(self) -> Annotator:
        """Built when the first picture is not in the cache."""
        return self.spec.factory(self.device)

    def _prepared(self, file: Path) -> Any:
        try:
            return self._annotator.prepare(read_picture(file, self.spec.input_size))
        except PictureError as error:
            raise DatasetError(f"{file} cannot be used: {error}. Replace it, or take it out.") from error


def taught(run: Run, teacher: Teacher, corpus: Corpus, least_shown: int) -> Corpus:
    """Return the same pictures with the teacher's tags for labels, and how likely it finds them for targets.

    The only head is `HEAD`, with the tags that the teacher shows in `least_shown` of the pictures to learn from, or
    more.  What the datasets say of a picture is not used.  Raises `DatasetError` when there is no such tag.
    """
    run.reporter.stage(f"what {teacher.spec.name} sees", len(corpus.files))
    files = [[sample.file for sample in part.samples] for part in corpus.parts]
    every = [teacher.probabilities(each, run.cache, run.reporter.advance) for each in files]
    probabilities = np.concatenate(every).astype(np.float32)
    often = (probabilities[corpus.train] >= teacher.thresholds).sum(axis=0) >= least_shown
    if not often.any():
        raise DatasetError(
            f"{teacher.spec.name} shows no tag in {least_shown} pictures of these datasets: use more pictures, or "
            "--set least_shown=N with a smaller number"
        )
    tags = tuple(tag for tag, use in zip(teacher.tags, often, strict=True) if use)
    run.reporter.note(f"{len(tags)} of the {len(teacher.tags)} tags of {teacher.spec.name} are learned")
    targets = np.ascontiguousarray(probabilities[:, often])
    return replace(corpus, heads={HEAD: tags}, targets=targets, mask=np.ones_like(targets))
