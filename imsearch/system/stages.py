"""The stages of an annotator's work, which it may tell apart, so that a run can say where its time goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Literal

from imsearch.errors import PluginError

Stage = Literal["prepare", "forward", "post"]
STAGES: tuple[Stage, ...] = ("prepare", "forward", "post")


class Stopwatch:
    """Seconds by stage, for one thread; inside another stage, only the inner one counts."""

    def __init__(self) -> None:
        self.seconds: dict[Stage, float] = {}
        self._stage: Stage | None = None
        self._since = 0.0

    @contextmanager
    def measuring(self, name: Stage) -> Iterator[None]:
        """Count the context for this stage, and for others where `stage` is called in it."""
        token = _LISTENING.set(self)
        try:
            with self.inside(name):
                yield
        finally:
            _LISTENING.reset(token)

    @contextmanager
    def inside(self, name: Stage) -> Iterator[None]:
        """Count the context for this stage alone."""
        before = self._turn_to(name)
        try:
            yield
        finally:
            self._turn_to(before)

    def _turn_to(self, name: Stage | None) -> Stage | None:
        now, before = time.perf_counter(), self._stage
        if before is not None:
            self.seconds[before] = self.seconds.get(before, 0.0) + now - self._since
        self._stage, self._since = name, now
        return before


_LISTENING: ContextVar[Stopwatch | None] = ContextVar("imsearch_stages", default=None)


def stage(name: Stage) -> AbstractContextManager[None]:
    """Mark what an annotator does: ``with stage("post"): ...`` for ``imsearch index --profile``.

    name: "prepare" makes the input of the network, "forward" runs it, "post" makes tags of its output.
    """
    if name not in STAGES:
        raise PluginError(f"there is no stage {name!r}, but: {', '.join(STAGES)}")
    listening = _LISTENING.get()
    return nullcontext() if listening is None else listening.inside(name)
