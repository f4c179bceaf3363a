"""The only wiring: opens the stores of a library and gives each part what it needs.

This is the only file that knows all parts; it decides nothing that one of them could decide.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imsearch.engine.engine import Engine
from imsearch.engine.query.keys import KEYS
from imsearch.engine.search.options import SearchOptions
from imsearch.languages.lexicon import Lexicon
from imsearch.library.annotators import Annotators
from imsearch.library.facts import Facts
from imsearch.library.health import Health
from imsearch.library.installed import Installed
from imsearch.library.languages import choose_languages
from imsearch.library.looking import Looking
from imsearch.library.runs import Runs
from imsearch.library.search import Search
from imsearch.library.tags import Tags
from imsearch.locations import Location, located
from imsearch.settings import Settings, load_settings

if TYPE_CHECKING:
    from imsearch.engine.search.ranking import Ranking
    from imsearch.plugins.manager import PluginManager


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a `Library` is made of."""

    settings: Settings
    engine: Engine
    installed: Installed
    search: Search
    tags: Tags
    facts: Facts
    runs: Runs
    annotators: Annotators
    health: Health


def open_parts(
    where: Location | None,
    settings: Settings | None,
    *,
    write: bool,
    create: bool,
    look: bool,
    plugins: PluginManager | None,
) -> Parts:
    """Open a library; see `imsearch.library.Library.open`."""
    settings = settings or load_settings()
    if where is not None:
        settings = replace(settings, library=located(where))
    installed = Installed(plugins)
    looking = Looking(installed, settings)
    options = SearchOptions(
        annotators=tuple(settings.annotators),
        look=looking.vector_in if look else None,
        ranking=_ranking(settings),
        heads=installed.count_heads,
        encoders=installed.encoders,
        keys=KEYS.beside(installed.query_keys),
    )
    languages = choose_languages(settings.languages, os.environ, installed.languages)
    lexicon = Lexicon.load(languages=languages)
    engine = Engine.open(settings.library, lexicon, write=write, create=create, options=options)
    runs = Runs(engine, settings, installed)
    return Parts(
        settings,
        engine,
        installed,
        Search(engine.finder, settings, installed, looking),
        Tags(engine, settings, installed),
        Facts(engine.catalog),
        runs,
        Annotators(engine, installed, runs),
        Health(engine),
    )


def _ranking(settings: Settings) -> Ranking | None:
    """Return the ranking of the settings; None for the default."""
    if not settings.visual_evidence:
        return None
    from imsearch.engine.search.feedback import Feedback
    from imsearch.engine.search.ranking import Ranking

    return Ranking(feedback=Feedback())
