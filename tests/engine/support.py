"""A small lexicon, an annotator's spec and readings, and short ways to correct and ask, for the engine's tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from sqlalchemy import insert, update

from imsearch.annotator import Annotator
from imsearch.engine.engine import Engine
from imsearch.engine.search.finder import Finder
from imsearch.engine.stores.batch import FileSeen, ImageFacts, Reading
from imsearch.engine.stores.changes import Correction, Verdict
from imsearch.engine.stores.sql import schema
from imsearch.engine.stores.sql.catalog import Catalog
from imsearch.engine.stores.sql.recorder import Recorder
from imsearch.languages.lexicon import Lexicon
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec

LEXICON = Lexicon(
    synonyms={"automobile": "car", "kitty": "cat"},
    kinds={"cat": ("animal",), "dog": ("animal",), "car": ("vehicle",), "traffic light": (), "beach": ()},
)
FACTS = ImageFacts(640, 480, "JPEG", metadata={"camera": "Box"})


def _no_model(device: str) -> Annotator:
    raise AssertionError("the engine never builds a model")


def spec(name: str = "fake", version: str = "1", vector_length: int | None = 2) -> AnnotatorSpec:
    """Shows tags from .5 on, a dog from .7 on."""
    return AnnotatorSpec(name, version, _no_model, vector_length=vector_length, threshold=0.5, thresholds={"dog": 0.7})


def sha256(number: int) -> str:
    """The made-up hash of picture `number`."""
    return f"{number:064x}"


def reading(
    number: int,
    tags: Mapping[str, float] | None = None,
    *,
    path: str | Path = "",
    vector: tuple[float, ...] | None = None,
    annotator: str = "fake",
) -> Reading:
    """Picture `number`, in /photos/NUMBER.jpg unless told, with these tags."""
    said = Annotation(
        tuple(Tag(name, probability) for name, probability in (tags or {}).items()),
        None if vector is None else np.array(vector, np.float32),
    )
    file = FileSeen(Path(path or f"/photos/{number}.jpg"), 100 + number, 1_000_000 + number)
    return Reading(file, sha256(number), FACTS, {} if tags is None else {annotator: said})


def tables(engine: Engine) -> Catalog:
    """The catalog with the database under it, for what its interface does not tell."""
    assert isinstance(engine.catalog, Catalog)
    return engine.catalog


def writer(engine: Engine) -> Recorder:
    """The recorder with the transactions under it."""
    assert isinstance(engine.recorder, Recorder)
    return engine.recorder


def set_facts(engine: Engine, image: int, *, title: str = "", **columns: object) -> None:
    """Write what a picture's metadata would say into the catalog, whichever formats are read from files."""
    with tables(engine).engine.begin() as connection:
        if columns:
            connection.execute(update(schema.images).where(schema.images.c.id == image).values(columns))
        if title:
            connection.execute(insert(schema.texts).values(image_id=image, source="title", text=title))


def correct(engine: Engine, verdict: Verdict, images: list[int], *tags: str, exact: bool = False) -> Correction:
    return engine.corrections.correct(images, tags, verdict, exact=exact)


def tags(engine: Engine, image: int) -> dict[str, str]:
    """The shown tags of an image and who says so."""
    return {tag.name: tag.source for tag in engine.catalog.tags_of([image])[image] if tag.shown}


def ids(asked: Engine | Finder, text: str) -> list[int]:
    """What a query finds, however unlikely, the best first."""
    finder = asked.finder if isinstance(asked, Engine) else asked
    return [hit.image.id for hit in finder.search(text, min_score=0).hits]


def everything(engine: Engine) -> list[object]:
    """All that corrections of images 1 to 3 can change."""
    found: list[object] = [engine.catalog.tags_of([1, 2, 3]), engine.catalog.verdicts_of([1, 2, 3])]
    return [*found, engine.catalog.renamed(), engine.catalog.tag_counts(), ids(engine, "cat OR dog OR tag:pet")]


def tagged_library(folder: Path, lexicon: Lexicon, pictures: Mapping[int, Mapping[str, float]]) -> Engine:
    """A library of pictures by number, with the probabilities of their tags and without vectors."""
    engine = Engine.open(folder, lexicon, create=True)
    engine.use_annotators([spec(vector_length=None)])
    engine.record([reading(number, tags) for number, tags in pictures.items()])
    engine.catch_up()
    return engine
