"""The workers of a cluster and their work in progress: batches of files are sent out and come back in order.

A batch whose worker is lost goes to another one; after a second loss its files are sent one by one, so that a file that
crashes its worker is found.  Work that was lost once has a worker to itself from then on, so that nothing else is to
blame.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Any

from imsearch.errors import ImsearchError
from imsearch.indexer.annotator_pool import told
from imsearch.indexer.cluster_worker import Greeting
from imsearch.indexer.item import Item
from imsearch.indexer.shares import IN_HAND, Backend, Batch, LostError, Member, Ref, Share, Step, chosen
from imsearch.system.doing import Doing

LOSSES = 2
"""Number of losses after which the files of a batch are sent alone, and a file sent alone is given up."""
REASON = "annotating it ends the program (it did so to two workers of the cluster)"
TURN = 0.2
"""Polling interval in seconds for requests to stop."""
WITHOUT = 120.0
"""Timeout in seconds of a run without any worker."""
MOST_TOLD = 5
"""Maximum number of lost workers reported."""
MOST_NEW = 5
"""Maximum number of replacements without any progress, for each of the first workers."""


class Cluster:
    """Workers that read and annotate; used by one thread at a time."""

    def __init__(self, backend: Backend, number: int, problem: Callable[[Greeting], str]) -> None:
        """number: of workers.  problem: returns why a worker with this greeting cannot be used, or ""."""
        self.note: Callable[[str], None] = lambda text: None
        self.doing = Doing()
        self.number, self.batch_size = number, 0
        self._backend, self._problem = backend, problem
        self._needed: list[str] = []
        self._queue: deque[Share] = deque()
        self._suspects: list[Share] = []
        self._told = self._in_vain = 0
        self._alive = time.monotonic()
        self._members: list[Member] = []
        for _ in range(number):
            self._start()

    def gather(self, first: float, others: float) -> None:
        """Wait for the greetings of all workers; some may join later.

        first, others: seconds to wait for the first one, and from then on for the others.
        Raises ImsearchError when there is none, or when one cannot be used.
        """
        until = time.monotonic() + first
        late = False
        while waiting := [member.greets for member in self._members if member.greets is not None]:
            if time.monotonic() > until:
                break
            for ref in self._backend.wait(waiting, TURN):
                member = next(each for each in self._members if each.greets == ref)
                try:
                    problem = self._greeted(member)
                except LostError as error:
                    problem = f"A worker of the cluster could not be started: {error}"
                if problem:
                    raise ImsearchError(f"{problem}. Nothing was indexed.")
                if not late:
                    until, late = time.monotonic() + others, True
        if not self._ready():
            raise ImsearchError(
                f"No worker of the cluster could be started within {first:g} seconds. Are its processors in use? "
                '"ray status" tells. Nothing was indexed.'
            )

    def needs(self, name: str, stop: Event) -> str:
        """Have an annotator built by every worker; return why none can build it, or "".

        Workers that cannot build it are dropped if others can.
        """
        self._needed.append(name)
        asked = {self._backend.call(each.worker, "greet", self._needed): each for each in self._with_any(stop)}
        failed: dict[Member, str] = {}
        while asked and not stop.is_set():
            for ref in self._backend.wait(list(asked), TURN):
                member = asked.pop(ref)
                try:
                    member.greeting = self._backend.result(ref)
                except LostError as error:
                    self._lose(member, error)
                    continue
                if why := member.greeting.broken.get(name):
                    failed[member] = why
                self.batch_size = max(self.batch_size, member.greeting.batch_size)
        if failed and len(failed) == len(self._ready()):
            self._needed.remove(name)
            return next(iter(failed.values()))
        for member, why in failed.items():
            self._dismiss(member, f"the annotator {name} cannot be used there: {why}")
        return ""

    def _with_any(self, stop: Event) -> list[Member]:
        while not (ready := self._ready()) and not stop.is_set():
            self._turn()
        return ready

    def stream(
        self, step: Step, batches: Iterable[Batch], wanted: Callable[[Item], bool], stop: Event
    ) -> Iterator[Batch]:
        """Yield batches in order, each after workers did a step on those of its files that are `wanted`.

        A bounded number is in flight.  Ends early when `stop` is set.
        """
        most = (IN_HAND if step == "read" else IN_HAND + 1) * self.number
        pending: deque[Batch] = deque()
        for batch in batches:
            pending.append(batch)
            places = [place for place, item in enumerate(batch.items) if wanted(item)]
            batch.left = len(places)
            if places:
                self._queue.append(Share(step, batch, places))
            while len(pending) >= most and self._finish(pending[0], stop):
                yield pending.popleft()
            if stop.is_set():
                return
        while pending and self._finish(pending[0], stop):
            yield pending.popleft()

    def _finish(self, batch: Batch, stop: Event) -> bool:
        """Work until a batch is done or a stop is requested; return True if it is done."""
        if batch.left:
            with self.doing.at(f"the cluster looks at {told([item.path for item in batch.items])}"):
                while batch.left and not stop.is_set():
                    self._turn()
        return not batch.left

    def _turn(self) -> None:
        """Send out waiting shares, and collect results."""
        self._hand_out()
        refs = {ref: member for member in self._members for ref in member.work}
        refs |= {member.greets: member for member in self._members if member.greets is not None}
        if not refs:
            time.sleep(TURN)
        for ref in self._backend.wait(list(refs), TURN) if refs else ():
            if ref == refs[ref].greets:
                self._welcome(refs[ref])
            elif ref in refs[ref].work:  # it may have been lost in the meantime
                self._take(refs[ref], ref)
        if self._ready():
            self._alive = time.monotonic()
        elif time.monotonic() > self._alive + WITHOUT:
            raise ImsearchError(
                f"The cluster has had no worker for {WITHOUT:g} seconds. What was finished is kept; run the same "
                "command again to go on."
            )

    def _hand_out(self) -> None:
        for share in self._suspects[:]:
            free = next((member for member in self._ready() if not member.work), None)
            if free is None:
                break
            self._suspects.remove(share)
            self._give(free, share)
        members = sorted((each for each in self._ready() if not each.has_suspect), key=lambda each: len(each.work))
        members = members[
            len(self._suspects) :
        ]  # as many workers as there are suspects get nothing else, so that they become free
        for share in list(self._queue) if members else ():
            if member := chosen(share, members):
                self._queue.remove(share)
                self._give(member, share)

    def _give(self, member: Member, share: Share) -> None:
        batch = share.batch
        if share.step == "read":
            batch.home = member
        items = [batch.items[place] for place in share.places]
        parcels = [batch.parcels[place] for place in share.places if batch.parcels]
        member.work[self._backend.call(member.worker, share.step, items, *parcels)] = share

    def _take(self, member: Member, ref: Ref) -> None:
        """Collect the result of a share."""
        try:
            result = self._backend.result(ref)
        except LostError as error:
            self._lose(member, error)
            return
        share = member.work.pop(ref)
        items, notes = (result, ()) if share.step == "read" else result
        for place, item in zip(share.places, items, strict=True):
            share.batch.items[place] = item
        share.batch.left -= len(share.places)
        self._in_vain = 0
        for note in notes:
            self.note(f"{_machine(member)}: {note}")

    def _lose(self, member: Member, error: LostError) -> None:
        """Replace a lost worker, and send its shares elsewhere."""
        self._part(member)
        self._told += 1
        if self._told <= MOST_TOLD:
            self.note(f"The worker on {_machine(member)} was lost; others do what it had in hand ({error})")
        self._in_vain += 1
        if self._in_vain <= MOST_NEW * self.number:
            self._start()

    def _dismiss(self, member: Member, why: str) -> None:
        self._part(member)
        self.note(f"The worker on {_machine(member)} is not used: {why}")

    def _part(self, member: Member) -> None:
        if member in self._members:
            self._members.remove(member)
        self._backend.end(member.worker)
        lost, member.work = list(member.work.values()), {}
        for share in lost:
            self._again(share)

    def _again(self, share: Share) -> None:
        share.losses, share.suspect = share.losses + 1, True
        batch = share.batch
        if share.losses < LOSSES:
            self._suspects.append(share)
        elif len(share.places) > 1:
            self._suspects += [Share(share.step, batch, [place], suspect=True) for place in share.places]
        else:
            batch.items[share.places[0]].fail(REASON, lasts=True)
            batch.left -= 1
            self._in_vain = 0

    def _start(self) -> None:
        member = Member(self._backend.start())
        member.greets = self._backend.call(member.worker, "greet", self._needed)
        self._members.append(member)

    def _greeted(self, member: Member) -> str:
        """Record the greeting of a worker; return why it cannot be used, or ""."""
        greets, member.greets = member.greets, None
        greeting: Greeting = self._backend.result(greets)
        member.greeting = greeting
        self.batch_size = max(self.batch_size, greeting.batch_size)
        return self._problem(greeting)

    def _welcome(self, member: Member) -> None:
        """Admit a worker that joined during a run."""
        try:
            problem = self._greeted(member)
        except LostError as error:
            self._lose(member, error)
            return
        assert member.greeting is not None
        if not problem and member.greeting.broken:
            problem = next(
                f"the annotator {name} cannot be used: {why}" for name, why in member.greeting.broken.items()
            )
        if problem:
            self._dismiss(member, problem)

    def _ready(self) -> list[Member]:
        return [member for member in self._members if member.greeting is not None]

    def put(self, value: object) -> Any:
        """Store an object where workers find it."""
        return self._backend.put(value)

    def close(self, seconds: float) -> None:
        """End all workers; annotators have this many seconds to release their resources."""
        closing = [self._backend.call(member.worker, "close") for member in self._ready() if not member.work]
        until = time.monotonic() + seconds
        while closing and time.monotonic() < until:
            for ref in self._backend.wait(closing, TURN):
                closing.remove(ref)
        for member in self._members:
            self._backend.end(member.worker)
        self._members = []


def _machine(member: Member) -> str:
    return member.greeting.machine if member.greeting else "a machine that has not answered yet"
