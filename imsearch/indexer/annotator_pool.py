"""The annotators of a run: built on first use, called in batches, with their results validated."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imsearch.annotator import Annotator, is_split
from imsearch.errors import PluginError
from imsearch.indexer.answers import as_annotations, checked
from imsearch.indexer.item import Item
from imsearch.records import SOCIAL_TAGS, Annotation
from imsearch.specs import AnnotatorSpec
from imsearch.system.doing import Doing
from imsearch.system.foreign import foreign, is_ctrl_c, reason
from imsearch.system.stages import Stage, Stopwatch

DEFAULT_BATCH = 16


@dataclass(slots=True)
class Begun:
    """The first half of an annotator's work on some pictures; value: see `Annotator.begin`."""

    name: str
    items: Sequence[Item]
    value: Any


@dataclass(frozen=True, slots=True)
class Trouble:
    """The reason of a failure; full: True if memory ran out."""

    reason: str
    full: bool


class Crew:
    """The annotators of one run.

    One thread builds them (`has`), one calls `begin`, and one `finish` and then `close`; or one `annotate`, which is
    both.
    """

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
        self.seconds_building = 0.0
        self.seconds_waiting = 0.0
        """In `finish`, for a device that still works on the batch."""
        # What `finish` has to try again begins anew, on its thread.
        self._one_begins = threading.Lock()

    @property
    def batch_size(self) -> int:
        """Number of pictures to gather: as requested, or the largest preferred batch size of the annotators."""
        return max(list(self._sizes.values()), default=DEFAULT_BATCH)

    def has(self, name: str) -> bool:
        """Return True if this annotator works; it is built on the first call."""
        if name not in self.ready and name not in self.broken:
            try:
                with foreign(), self._building(name):
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

    @contextmanager
    def _building(self, name: str) -> Iterator[None]:
        since = time.perf_counter()
        try:
            with self.doing.at(f"the annotator {name} is being built"):
                yield
        finally:
            self.seconds_building += time.perf_counter() - since

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
        self.finish(items, self.begin(items))

    def begin(self, items: Sequence[Item]) -> list[Begun]:
        """Have each annotator begin with the items prepared for it."""
        begun: list[Begun] = []
        for name in list(self.ready):  # a copy: the reading thread may build another one
            share = [item for item in items if name in item.prepared]
            while share:
                size = self._sizes[name]
                begun += self._begin(name, share[:size])
                share = share[size:]
        return begun

    def finish(self, items: Sequence[Item], begun: Sequence[Begun]) -> None:
        """Have the annotators finish, store the results in the items, and empty `prepared`."""
        for each in begun:
            self._finish(each)
        for item in items:
            item.prepared = {}

    def _begin(self, name: str, items: Sequence[Item]) -> list[Begun]:
        annotator = self.ready[name][0]

        def begin() -> Any:
            value = annotator.begin([item.prepared[name] for item in items])
            # What is not split in two may be a generator, whose work is to be done here.
            return value if is_split(annotator) else as_annotations(value, len(items))

        with self._one_begins:
            value, trouble = self._attempt("forward", name, items, "looks at", begin)
        # Outside the handler: an exception being handled keeps the memory of the failed batch alive.
        if trouble is None:
            return [Begun(name, items, value)]
        return [each for part in self._again(name, items, trouble) for each in self._begin(name, part)]

    def _finish(self, begun: Begun) -> None:
        annotator, spec = self.ready[begun.name]
        name, items = begun.name, begun.items

        def finish() -> Sequence[Annotation]:
            return as_annotations(annotator.finish(begun.value), len(items)) if is_split(annotator) else begun.value

        answers, trouble = self._attempt("post", name, items, "makes tags for", finish)
        begun.value = None
        if trouble is None:
            with items[0].timed("post", name):
                for item, answer in zip(items, answers, strict=True):
                    _take(item, answer, spec)
            return
        for part in self._again(name, items, trouble):
            for each in self._begin(name, part):
                self._finish(each)

    def _attempt(
        self, stage: Stage, name: str, items: Sequence[Item], does: str, work: Callable[[], Any]
    ) -> tuple[Any, Trouble | None]:
        """Return what an annotator returned, or its trouble; its time is the first item's."""
        watch = Stopwatch()
        try:
            doing = self.doing.at(f"the annotator {name} {does} {told([item.path for item in items])}")
            with foreign(), doing, watch.measuring(stage):
                return work(), None
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            # PyTorch's GPU out-of-memory error is recognized by name, since nothing here imports PyTorch.
            full = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
            return None, Trouble(reason(error), full)
        finally:
            for each, seconds in watch.seconds.items():
                items[0].spend(each, seconds, name)
            if stage == "post":
                self.seconds_waiting += watch.seconds.get("forward", 0.0)

    def _again(self, name: str, items: Sequence[Item], trouble: Trouble) -> list[Sequence[Item]]:
        """Return what to try again after a failure: halves if memory ran out, or else single pictures."""
        if len(items) == 1:
            items[0].failures[name] = trouble.reason
            return []
        if not trouble.full:
            return [[item] for item in items]
        self._halve(name, len(items))
        middle = (len(items) + 1) // 2
        return [items[:middle], items[middle:]]

    def _halve(self, name: str, number: int) -> None:
        """Reduce the batch size from now on."""
        smaller = (number + 1) // 2
        if smaller < self._sizes[name]:
            self._sizes[name] = smaller
            self._note(
                f"the annotator {name} has no memory for {number} pictures at once; it gets {smaller} from now on"
            )

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


def _take(item: Item, answer: object, spec: AnnotatorSpec) -> None:
    try:
        with foreign():
            item.annotations[spec.name] = checked(answer, spec)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        item.failures[spec.name] = reason(error)


def told(paths: Sequence[Path]) -> str:
    """``a.jpg and 3 more``."""
    first = paths[0].as_posix().encode(errors="replace").decode()
    return first if len(paths) == 1 else f"{first} and {len(paths) - 1} more"
