"""A bounded cache of recent results, each computed once, however many threads ask at the same time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Memory(Generic[V]):
    """Values by key.  The one that was asked for the longest ago goes first when there are too many.

    Several threads may use one.  `size` tells the bytes of a value, or None for one that must not be kept.
    """

    def __init__(self, most: int, most_bytes: int, size: Callable[[V], int | None]) -> None:
        """most, most_bytes: so many values, and so large together, are kept at most."""
        self._most = most
        self._most_bytes = most_bytes
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._making: dict[Hashable, Future[V]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def known(self, key: Hashable) -> V | None:
        """The value of a key, if there is one."""
        with self._lock:
            known = self._kept.get(key)
            if known is None:
                return None
            self._kept.move_to_end(key)
            return known[0]

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The value of a key; made when it is new.

        Whoever asks for a new key while another thread makes its value waits for that one, and gets its error when
        there is no value.  Errors are not kept.  `make` must not ask for the same key.
        """
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known[0]
            future = self._making.get(key)
            mine = future is None
            if future is None:
                future = self._making[key] = Future()
        return self._made(key, make, future) if mine else future.result()

    def _made(self, key: Hashable, make: Callable[[], V], future: Future[V]) -> V:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, value)
        future.set_result(value)
        return value

    def _keep(self, key: Hashable, value: V) -> None:
        size = self._size(value)
        if size is None or size > self._most_bytes:
            return
        self._kept[key] = value, size
        self._bytes += size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= gone
