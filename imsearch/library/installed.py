"""The installed plugins, as a library needs them: loaded when first asked for, since most queries need none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imsearch.annotator import CountHead
    from imsearch.engine.query.keys import Keys
    from imsearch.engine.review.review import Thresholds
    from imsearch.keys import Key
    from imsearch.plugins.manager import PluginManager
    from imsearch.plugins.text_encoders import TextEncoders
    from imsearch.specs import LanguageSpec


class Installed:
    """The plugins that are given, or else those that are installed.  Several threads may use one."""

    def __init__(self, plugins: PluginManager | None = None) -> None:
        self._given = plugins

    @cached_property
    def plugins(self) -> PluginManager:
        """All plugins, loaded when first asked for."""
        from imsearch.plugins.manager import make_manager

        return self._given or make_manager()

    @cached_property
    def encoders(self) -> TextEncoders:
        """Put words into the spaces of pictures; plugins are loaded when a text is first asked for."""
        from imsearch.plugins.text_encoders import TextEncoders

        return TextEncoders(lambda: self.plugins)

    def count_heads(self) -> Mapping[str, tuple[str, Mapping[str, CountHead]]]:
        """Return the count heads of annotators, with their versions; loads the plugins."""
        from imsearch.plugins.count_heads import count_heads

        return count_heads(self.plugins.offered())

    def thresholds(self) -> Thresholds:
        """From where on each annotator shows each tag; loads the plugins."""
        from imsearch.engine.review.review import Thresholds

        return Thresholds(self.plugins.offered())

    def languages(self) -> tuple[LanguageSpec, ...]:
        """The languages that plugins bring; quick where only imsearch's own are installed, which bring none."""
        return () if self._only_ours() else self.plugins.languages()

    def query_keys(self, own: Keys) -> tuple[Key, ...]:
        """The query keys that plugins bring beside the program's `own`; as quick where there are none."""
        return () if self._only_ours() else self.plugins.query_keys(own.names)

    def _only_ours(self) -> bool:
        """Return True if only imsearch's own plugins are given or installed."""
        from importlib.metadata import entry_points

        return self._given is None and all(
            entry.value.startswith("imsearch.") for entry in entry_points(group="imsearch")
        )
