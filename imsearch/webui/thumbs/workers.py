"""A bounded thread pool with priorities, which never runs the same work twice at the same time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from itertools import count
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Workers(Generic[T]):
    """At most `limit` threads, which exit when there is nothing to do."""

    def __init__(self, limit: int, name: str) -> None:
        self._limit, self._name = limit, name
        self._waiting: list[tuple[float, int, Hashable, Callable[[], T]]] = []
        self._flights: dict[Hashable, Future[T]] = {}
        self._running = 0
        self._numbers = count()
        self._lock = threading.Lock()

    def submit(self, key: Hashable, work: Callable[[], T], *, later: float = 0.0) -> Future[T]:
        """Submit `work`, unless work with this key is queued or running already.

        later: seconds of handicap; work submitted up to that much later goes first.  Do not cancel the future: others
        may wait for it too.
        """
        with self._lock:
            if flight := self._flights.get(key):
                return flight
            flight = self._flights[key] = Future()
            heapq.heappush(self._waiting, (time.monotonic() + later, next(self._numbers), key, work))
            if self._running < self._limit:
                self._running += 1
                # A daemon: thumbnails do not delay the program's exit.
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return flight

    def flight(self, key: Hashable) -> Future[T] | None:
        """Return the future queued or running under this key."""
        with self._lock:
            return self._flights.get(key)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                _, _, key, work = heapq.heappop(self._waiting)
            result: Any = None
            error: BaseException | None = None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001 - handed to those who wait
                error = raised
            with self._lock:
                flight = self._flights.pop(key)
            if error is None:
                flight.set_result(result)
            else:
                flight.set_exception(error)
