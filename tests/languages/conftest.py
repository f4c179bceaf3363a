"""One library of pictures that questions in any language ask for, opened once a language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from imsearch.engine.engine import Engine
from imsearch.languages.lexicon import Lexicon
from imsearch.library.languages import choose_languages
from tests.engine.support import reading, set_facts, spec
from tests.languages.pictures import PICTURES
from tests.languages.support import Ask


@pytest.fixture(scope="session")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Tells the pictures that a query finds, by name, the best first; in English and in the language of a code."""
    folder: Path = tmp_path_factory.mktemp("languages") / "library"
    names = list(PICTURES)
    with Engine.open(folder, Lexicon.load(), write=True, create=True) as engine:
        engine.use_annotators([spec(vector_length=None)])
        engine.record(
            [
                reading(number, {tag: 0.95 - 0.01 * place for place, tag in enumerate(PICTURES[name].tags)})
                for number, name in enumerate(names, 1)
            ]
        )
        for number, name in enumerate(names, 1):
            if PICTURES[name].taken:
                set_facts(engine, number, taken_at=datetime.fromisoformat(PICTURES[name].taken))
        engine.catch_up()
    opened: dict[str, Engine] = {}
    with ExitStack() as stack:

        def ask(query: str, code: str) -> list[str]:
            if code not in opened:
                lexicon = Lexicon.load(languages=choose_languages([code], {}))
                opened[code] = stack.enter_context(Engine.open(folder, lexicon))
            return [names[hit.image.id - 1] for hit in opened[code].finder.search(query, limit=len(names)).hits]

        yield ask
