"""The annotators of a run: built on first use, called in batches, with their results validated."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from imsearch.annotator import Annotator
from imsearch.errors import PluginError
from imsearch.indexer.answers import as_annotations, checked
from imsearch.indexer.item import Item
from imsearch.records import SOCIAL_TAGS, Annotation
from imsearch.specs import AnnotatorSpec
from imsearch.system.doing import Doing
from imsearch.system.foreign import foreign, is_ctrl_c, reason

DEFAULT_BATCH = 16


class Crew:
    """The annotators of one run.  One thread builds them (`has`), one calls `annotate` and `close`."""

    def __init__(
        self,
        specs: Sequence[AnnotatorSpec],
        device: str = "cpu",
        batch_size: int | None = None,
        note: Callable[[str], None] = lambda text: None,
        doing: Doing | None = None,
    ) -> None:
        """doing: receives the work in progress, so that a hanging annotator can be named."""
        self._specs = {spec.name: spec for spec in specs}
        if len(self._specs) < len(specs):
            raise PluginError("two annotators have the same name; choose one of them")
        self.names = tuple(self._specs)
        self.ready: dict[str, tuple[Annotator, AnnotatorSpec]] = {}
        self.broken: dict[str, str] = {}
        self.doing = doing or Doing()
        self._device, self._batch_size, self._note = device, batch_size, note
        self._sizes: dict[str, int] = {}

    @property
    def batch_size(self) -> int:
        """Number of pictures to gather: as requested, or the largest preferred batch size of the annotators."""
        return max(list(self._sizes.values()), default=DEFAULT_BATCH)

    def has(self, name: str) -> bool:
        """Return True if this annotator works; it is built on the first call."""
        if name not in self.ready and name not in self.broken:
            try:
                with foreign(), self.doing.at(f"the annotator {name} is being built"):
                    annotator, size = _built(self._specs[name], self._device)
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                self.broken[name] = reason(error)
                self._note(f"the annotator {name} cannot be used: {self.broken[name]}")
            else:
                self._sizes[name] = self._batch_size or size
                self.ready[name] = (annotator, self._specs[name])
        return name in self.ready

    def reads_social_tags(self, name: str) -> bool:
        """Return True if this annotator reads social tags, which may change while the picture stays the same."""
        return SOCIAL_TAGS in self._specs[name].inputs

    def noted(self, step: Callable[[Item], Item]) -> Callable[[Item], Item]:
        """Wrap a step of reading a file so that it is recorded as work in progress."""

        def noted(item: Item) -> Item:
            with self.doing.at(f"{told([item.path])} is being read or prepared"):
                return step(item)

        return noted

    def annotate(self, items: Sequence[Item]) -> None:
        """Run each annotator on the items prepared for it, store the results in them, and empty `prepared`."""
        for name, (annotator, _) in list(self.ready.items()):  # a copy: the reading thread may build another one
            share = [item for item in items if name in item.prepared]
            while share:
                size = self._sizes[name]
                self._batch(name, annotator, share[:size])
                share = share[size:]
        for item in items:
            item.prepared = {}

    def _batch(self, name: str, annotator: Annotator, items: Sequence[Item]) -> None:
        with self.doing.at(f"the annotator {name} looks at {told([item.path for item in items])}"):
            answers, problem, full = _ask(annotator, [item.prepared[name] for item in items])
        # Outside the handler: an exception being handled keeps the memory of the failed batch alive.
        if answers is not None:
            for item, answer in zip(items, answers, strict=True):
                self._take(name, item, answer)
        elif len(items) == 1:
            items[0].failures[name] = problem
        elif full:
            self._halve(name, len(items))
            middle = (len(items) + 1) // 2
            self._batch(name, annotator, items[:middle])
            self._batch(name, annotator, items[middle:])
        else:
            for item in items:
                self._batch(name, annotator, [item])

    def _halve(self, name: str, number: int) -> None:
        """Reduce the batch size from now on."""
        smaller = (number + 1) // 2
        if smaller < self._sizes[name]:
            self._sizes[name] = smaller
            self._note(
                f"the annotator {name} has no memory for {number} pictures at once; it gets {smaller} from now on"
            )

    def _take(self, name: str, item: Item, answer: object) -> None:
        try:
            with foreign():
                item.annotations[name] = checked(answer, self._specs[name])
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            item.failures[name] = reason(error)

    def close(self) -> None:
        """Close every annotator."""
        for name, (annotator, _) in self.ready.items():
            try:
                with foreign(), self.doing.at(f"the annotator {name} is being closed"):
                    annotator.close()
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                # All its results are already stored.
                self._note(f"the annotator {name} failed while it was closed: {reason(error)}")


def _built(spec: AnnotatorSpec, device: str) -> tuple[Annotator, int]:
    """Build an annotator and return it with its batch size."""
    annotator = spec.factory(device)
    if not isinstance(annotator, Annotator):
        raise PluginError(f"its factory built a {type(annotator).__name__}, which is not an imsearch.Annotator")
    try:
        return annotator, max(1, operator.index(annotator.batch_size))
    except TypeError:
        raise PluginError(f"its batch_size is {annotator.batch_size!r}, which is not a whole number") from None


def _ask(annotator: Annotator, batch: list[Any]) -> tuple[Sequence[Annotation] | None, str, bool]:
    """Return the annotations; or None, the reason of the failure, and True if memory ran out."""
    try:
        with foreign():
            return as_annotations(annotator.annotate(batch), len(batch)), "", False
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        # PyTorch's GPU out-of-memory error is recognized by name, since nothing here imports PyTorch.
        return None, reason(error), isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def told(paths: Sequence[Path]) -> str:
    """``a.jpg and 3 more``."""
    first = paths[0].as_posix().encode(errors="replace").decode()
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
