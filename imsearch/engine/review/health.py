"""The size of a library, and the consistency of its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from imsearch.engine.stores.annotator_status import AnnotatorStatus
from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.stores.derived import IndexDamagedError
from imsearch.engine.stores.follow import Indexes
from imsearch.engine.stores.home import Home
from imsearch.engine.stores.pieces import pieces
from imsearch.errors import LibraryLocked


@dataclass(frozen=True, slots=True)
class Status:
    """The size of a library.

    place: its path, or its URL without a password.  images: those with at least one file.  tags: those in use,
    which some picture shows, from an annotator or the user; the same that `imsearch tags` lists.  failures:
    number of recorded ones.  bytes: of the catalog, the indexes and backups on disk; thumbnails, of which there may be
    very many, are not counted.
    """

    place: str
    images: int
    files: int
    failures: int
    tags: int
    corrections: int
    annotators: tuple[AnnotatorStatus, ...]
    generation: int
    schema: str
    bytes: int


def status(home: Home, catalog: CatalogReading, tags: int | None = None) -> Status:
    """Return how much a library holds.  tags: the number of those in use, if it is known."""
    if tags is None:
        # The very list that "imsearch tags" and the pages show, so that all tell the same number.
        tags = len(catalog.remembered(("tag counts", ""), catalog.tag_counts))
    held = catalog.holdings()
    return Status(
        place=home.place,
        images=held.images,
        files=held.files,
        failures=held.failures,
        tags=tags,
        corrections=held.corrections,
        annotators=catalog.annotators(),
        generation=held.generation,
        schema=held.schema,
        bytes=home.bytes(),
    )


def verify(home: Home, catalog: CatalogReading, indexes: Indexes) -> list[str]:
    """Return the problems found, in sentences.  Raises `LibraryLocked` when a run writes faster than can be
    compared."""
    if found := catalog.damages():
        return [f"The catalog is damaged: {each}" for each in found]
    before = catalog.state()
    garbled = [
        f"The vector index of {name} is damaged: {what}. It is rebuilt when it is next used."
        for name, what in indexes.vectors.damaged().items()
    ]
    if garbled:
        return garbled
    try:
        problems = [*_text_problems(catalog, indexes), *_vector_problems(catalog, indexes)]
    except IndexDamagedError as error:
        problems = [f"The text index is damaged: {error}"]
    if problems and (catalog.state() != before or (not home.writing and home.running() is not None)):
        raise LibraryLocked(
            "The library is being written to, so its indexes cannot be compared with the catalog; the catalog itself "
            "is sound. Check again later."
        )
    return problems


def _text_problems(catalog: CatalogReading, indexes: Indexes) -> Iterator[str]:
    """Compare every posting list with the catalog: the number of images with a tag, and the sum of their weights."""
    index = indexes.text_index
    index.check()
    index.refresh()
    if index.state != catalog.state():
        yield "The text index is behind the catalog; the next run brings it up to date."
        return
    counts: defaultdict[str, int] = defaultdict(int)
    weights: defaultdict[str, float] = defaultdict(float)
    images: set[int] = set()
    for piece in pieces(catalog.changed_since(0)):
        for image, document in indexes.documents(piece).items():
            if document is not None:
                images.add(image)
                for tag, weight in document.items():
                    counts[tag] += 1
                    weights[tag] += weight
    indexed = set(index.images().tolist())
    if images != indexed:
        yield f"The text index lacks {len(images - indexed)} images and has {len(indexed - images)} too many."
    for tag in sorted(counts):
        postings = index.postings(tag)
        weight = float((postings.probabilities + 2 * postings.shown).sum(dtype=float))
        if len(postings.images) != counts[tag] or abs(weight - weights[tag]) > 1e-5 * counts[tag]:
            yield f"The text index is wrong about {tag!r}."


def _vector_problems(catalog: CatalogReading, indexes: Indexes) -> Iterator[str]:
    for name in catalog.vector_spaces():
        _, index = indexes.vectors.of(name)
        expected: set[int] = set()
        for piece in pieces(catalog.changed_since(0)):
            expected.update(catalog.vectors(name, catalog.live(piece)))
        indexed = set(index.images().tolist())
        if expected != indexed:
            yield (
                f"The vector index of {name} lacks {len(expected - indexed)} images and has "
                f"{len(indexed - expected)} too many."
            )
