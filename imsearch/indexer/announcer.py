"""Announce indexed images to plugins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.engine.stores.catalog import CatalogReading
    from imsearch.indexer.report import Observer
    from imsearch.plugins.manager import PluginManager


class Announcer:
    """An observer that forwards every call, and calls ``imsearch_image_indexed`` once images are committed."""

    def __init__(self, observer: Observer, catalog: CatalogReading, plugins: PluginManager) -> None:
        self._observer, self._catalog, self._plugins = observer, catalog, plugins
        self.scanned, self.planned, self.done = observer.scanned, observer.planned, observer.done
        self.note, self.failed, self.profiled = observer.note, observer.failed, observer.profiled

    def indexed(self, paths: Sequence[Path]) -> None:
        self._observer.indexed(paths)
        images = [image for path in paths if (image := self._catalog.image(path))]
        tags = self._catalog.tags_of([image.id for image in images])
        for image in images:
            for plugin in self._plugins.image_indexed(image, tags.get(image.id, ())):
                self._observer.note(f"The plugin {plugin} is not notified of further pictures: {plugin.error}")
