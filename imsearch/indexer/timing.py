"""Measure where the time of a run goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from imsearch.indexer.item import Item
from imsearch.indexer.options import default_workers
from imsearch.indexer.profile import DECODE, STAGES, Profile


class Timing:
    """Measures a run.  Each line of work is one thread's; `add` and `profile` are called by the one that writes."""

    def __init__(self, workers: int, device: str, started: float, source: str = DECODE) -> None:
        """started: when the run began to look for pictures, by `time.perf_counter`.  source: DECODE or CLUSTER."""
        self._workers, self._device, self._started, self._source = workers, device, started, source
        self._scanned = time.perf_counter() - started
        self._busy = dict.fromkeys((source, "model", "post", "write"), 0.0)
        self._spent: Counter[tuple[str, str]] = Counter()
        self._pictures = 0

    @contextmanager
    def busy(self, line: str) -> Iterator[None]:
        """Count the context as work of a line."""
        since = time.perf_counter()
        try:
            yield
        finally:
            self._busy[line] += time.perf_counter() - since

    def making_ready(self) -> AbstractContextManager[None]:
        """Count the context as work of the line that makes pictures ready."""
        return self.busy(self._source)

    def add(self, items: Sequence[Item]) -> None:
        """Count what files took that are stored now."""
        for item in items:
            self._spent.update(item.seconds)
            self._pictures += ("decode", "") in item.seconds

    def profile(self, loading: float, waiting: float) -> Profile:
        """Return the profile so far.

        loading: seconds in which annotators were built, by the thread that makes pictures ready.  waiting: those in
        which the thread that makes tags waited for a device.
        """
        busy = dict(self._busy)
        busy[self._source] = max(0.0, busy[self._source] - loading)
        busy["post"] = max(0.0, busy["post"] - waiting)
        busy["model"] += waiting
        stages = Counter({"scan": self._scanned, "load": loading, "write": busy["write"]})
        annotators: dict[str, dict[str, float]] = {}
        for (stage, name), seconds in self._spent.items():
            stages[stage] += seconds
            if name:
                annotators.setdefault(name, {})[stage] = seconds
        return Profile(
            time.perf_counter() - self._started,
            self._pictures,
            self._workers,
            default_workers(),
            self._device,
            {stage: float(stages[stage]) for stage in STAGES},
            annotators,
            {"scan": self._scanned, "load": loading, **busy},
        )
