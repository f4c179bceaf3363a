"""Work in progress on a cluster: batches of files, and shares of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from imsearch.indexer.cluster_worker import Greeting
from imsearch.indexer.item import Item

IN_HAND = 2
"""Batches that a worker has for each step: the current one, and the next one."""

Step = Literal["read", "annotate"]
Ref = Hashable
"""The future result of a call to a worker."""


class LostError(Exception):
    """Raised when the worker of a call is lost, or its result."""


class Backend(Protocol):
    """Starts workers (`imsearch.indexer.cluster_worker.Worker`) somewhere, and calls them."""

    def start(self) -> Any:
        """Start a worker; it need not be ready yet."""

    def call(self, worker: Any, method: str, *arguments: Any) -> Ref:
        """Call a method of a worker."""

    def wait(self, refs: Sequence[Ref], seconds: float) -> Sequence[Ref]:
        """Return the available results, as soon as there is one, or after this many seconds."""

    def result(self, ref: Ref) -> Any:
        """Return an available result.  Raises LostError, or the exception of the call."""

    def put(self, value: object) -> Any:
        """Store an object where workers find it; the returned reference may be an argument of `call`."""

    def end(self, worker: Any) -> None:
        """End a worker, whatever it does."""


@dataclass(eq=False, slots=True)
class Batch:
    """Files that travel together.

    left: number of them that the current step has still to do.  home: the worker that read them.
    parcels: the bytes of its files, if workers do not read them.
    """

    items: list[Item]
    left: int = 0
    home: Member | None = None
    parcels: list[Any] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Share:
    """Indexes of items of a batch that are sent to a worker at once."""

    step: Step
    batch: Batch
    places: list[int]
    losses: int = 0
    suspect: bool = False


@dataclass(eq=False, slots=True)
class Member:
    """One worker and its work in progress; `greeting` is its description of itself, or else `greets` will be."""

    worker: Any
    greets: Ref | None = None
    greeting: Greeting | None = None
    work: dict[Ref, Share] = field(default_factory=dict)

    def room(self, step: Step) -> bool:
        """Return True if the worker may get another share of this step."""
        return sum(share.step == step for share in self.work.values()) < IN_HAND

    @property
    def has_suspect(self) -> bool:
        return any(share.suspect for share in self.work.values())


def chosen(share: Share, members: Sequence[Member]) -> Member | None:
    """Return the worker for a share: the one that read it, or else an idle one; None when all have enough."""
    home = share.batch.home
    if share.step == "annotate" and home in members:
        assert home is not None
        if home.room(share.step):
            return home
        return next((each for each in members if not any(s.step == share.step for s in each.work.values())), None)
    return min((each for each in members if each.room(share.step)), key=lambda each: len(each.work), default=None)
