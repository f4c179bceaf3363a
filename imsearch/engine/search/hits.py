"""The data of each hit: the picture, its tags, and why it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from imsearch.engine.stores.catalog import CatalogReading
from imsearch.engine.words.texts import evidence, is_key, readable
from imsearch.records import Hit, Image, Tag

_BYTES, _TAG_BYTES = 1500, 150
"""Approximate memory of an image and of one of its tags."""


def read_hits(
    catalog: CatalogReading,
    ids: Sequence[int],
    scores: Sequence[float],
    why: Mapping[str, frozenset[str]],
    tail: bool = True,
) -> tuple[Hit, ...]:
    """Read the hits of a page from the catalog.

    why: each word of the query, and the tags and written words that answer it.  tail: True to include tags that are
    neither shown nor answer the query.  Images forgotten since they were found are left out.
    """
    images = catalog.images(ids)
    tags = catalog.tags_of(ids, None if tail else frozenset().union(*why.values()))
    phrases = {word: [name[1:].split() for name in names if is_key(name)] for word, names in why.items()}
    written = _written(catalog, images) if any(phrases.values()) else {}
    return tuple(
        Hit(images[image], score, tags[image], _reasons(tags[image], written.get(image, {}), why, phrases))
        for image, score in zip(ids, scores, strict=True)
        if image in images
    )


def size_of(hits: Sequence[Hit]) -> int:
    """Return their approximate memory in bytes."""
    return sum(_BYTES + _TAG_BYTES * len(hit.tags) for hit in hits)


def _written(catalog: CatalogReading, images: Mapping[int, Image]) -> dict[int, dict[str, Tag]]:
    """Return the written words of images."""
    texts = catalog.texts_of(images)
    return {image: evidence(found.files, texts.get(image, ())) for image, found in images.items()}


def _reasons(
    tags: Sequence[Tag],
    written: Mapping[str, Tag],
    why: Mapping[str, frozenset[str]],
    phrases: Mapping[str, Sequence[Sequence[str]]],
) -> dict[str, Tag]:
    """Return the likeliest tag or written word of an image for each word of the query; tags come likeliest first."""
    reasons = {}
    for word, names in why.items():
        likeliest = next((tag for tag in tags if tag.name in names), None)
        found = [] if likeliest is None else [likeliest]
        for phrase in phrases[word]:
            if all(each in written for each in phrase):
                weakest = min((written[each] for each in phrase), key=lambda tag: tag.probability)
                found.append(replace(weakest, name=readable(" ".join(phrase))))
        if found:
            reasons[word] = max(found, key=lambda tag: (tag.probability, tag.name))
    return reasons
