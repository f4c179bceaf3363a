"""Decide by hash: which files hold known bytes, and what the others need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from imsearch.indexer.annotator_pool import Crew
from imsearch.indexer.item import Item, Outcome
from imsearch.indexer.plan import Plan

if TYPE_CHECKING:
    from imsearch.engine.stores.catalog import CatalogReading

CHUNK = 32
"""Number of hashes looked up per query."""


class Resolver:
    """Decides about files in order, so that of identical files the first is decoded and the others cost nothing.

    Results of the run itself need no second lookup: the first file of each new hash is remembered.
    """

    def __init__(self, plan: Plan, catalog: CatalogReading, crew: Crew) -> None:
        self._plan, self._catalog, self._crew = plan, catalog, crew
        self._seen: set[bytes] = set()
        self._refused: dict[str, str] = {}

    def resolve(self, items: Iterable[Item]) -> Iterator[Item]:
        """Set `outcome`, `decode` and `wanted`."""
        items = iter(items)
        while chunk := list(islice(items, CHUNK)):
            self._name_images([item for item in chunk if item.only_facts])
            images = self._catalog.images_by_sha256({item.sha256 for item in chunk if item.sha256})
            for item in chunk:
                if item.only_facts:
                    item.outcome = Outcome.UNCHANGED if self._is_as_known(item) else Outcome.TOUCHED
                elif not item.reason:
                    self._decide(item, images.get(item.sha256))
                yield item

    def _name_images(self, items: Sequence[Item]) -> None:
        """Set the hash of items whose image the catalog knows."""
        hashes = self._catalog.hashes(item.known.image_id for item in items if item.known and item.known.image_id)
        for item in items:
            if item.known and item.known.image_id:
                item.sha256 = hashes[item.known.image_id]

    def _decide(self, item: Item, image_id: int | None) -> None:
        digest = bytes.fromhex(item.sha256)
        first = digest not in self._seen
        self._seen.add(digest)
        item.outcome = self._outcome(item, image_id, first)
        described = (item.beside or 0) != (item.known.beside if item.known else 0)
        item.reread = described or (first and image_id in self._plan.outdated)
        if not first:
            return
        wanted = self._crew.names if image_id is None else self._plan.lacking.get(image_id, ())
        if item.outcome is Outcome.TOUCHED:  # users touch a file to have a changed sidecar read
            social = [name for name in self._crew.names if self._crew.reads_social_tags(name)]
            wanted = tuple(dict.fromkeys([*wanted, *social]))
        item.wanted = tuple(name for name in wanted if self._crew.has(name))
        item.decode = image_id is None or bool(item.wanted)

    def _is_as_known(self, item: Item) -> bool:
        file = item.file
        return item.known is None or file is None or item.known[1:4] == (file.size, file.mtime_ns, file.beside)

    def _outcome(self, item: Item, image_id: int | None, first: bool) -> Outcome:
        if item.known is not None and item.known.image_id is not None:
            if item.known.image_id != image_id:
                if image_id is not None:
                    self._plan.take_move(image_id)  # another file was moved here
                return Outcome.UPDATED
            return Outcome.UNCHANGED if self._is_as_known(item) else Outcome.TOUCHED
        if image_id is not None:
            return Outcome.MOVED if self._plan.take_move(image_id) else Outcome.COPIED
        return Outcome.NEW if first else Outcome.COPIED

    def settle(self, items: Iterable[Item]) -> Iterator[Item]:
        """Complete items after decoding: copies of bytes that turned out to be unreadable fail like the first."""
        for item in items:
            if item.reason and item.sha256:
                self._refused[item.sha256] = item.reason
            elif not item.decode and item.sha256 in self._refused:
                item.fail(self._refused[item.sha256])
            yield item
