"""The JSON shapes that the command line and the web API share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imsearch.records import Hit, Image, Results, Tag, Text


def results_record(results: Results) -> dict[str, Any]:
    """What ``imsearch query`` and ``similar`` print, and ``GET /api/search`` returns."""
    record: dict[str, Any] = {
        "query": results.query,
        "total": results.total,
        "relevant": results.relevant,
        "hits": [hit_record(hit) for hit in results.hits],
        "unknown": list(results.unknown),
        "suggestions": {word: list(names) for word, names in results.suggestions.items()},
    }
    if results.facets:
        record["facets"] = facets_record(results.facets)
    return record


def facets_record(facets: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, list[dict[str, Any]]]:
    """What ``"facets"`` holds, by kind."""
    return {kind: [{"name": name, "images": count} for name, count in top] for kind, top in facets.items()}


def hit_record(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.image.id,
        "path": str(hit.image.path),
        "score": round(hit.score, 4),
        "width": hit.image.width,
        "height": hit.image.height,
        "tags": [tag_record(tag) for tag in hit.tags],
        "why": {word: tag_record(tag) for word, tag in hit.why.items()},
    }


def tag_record(tag: Tag) -> dict[str, Any]:
    return {"name": tag.name, "score": round(tag.probability, 4), "source": tag.source}


def image_record(image: Image, tags: Sequence[Tag], texts: Sequence[Text]) -> dict[str, Any]:
    """What ``imsearch show`` prints of a picture."""
    return {
        "id": image.id,
        "path": str(image.path) if image.files else None,
        "files": [str(path) for path in image.files],
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "bytes": image.bytes,
        "taken_at": image.taken_at.isoformat() if image.taken_at else None,
        "facts": asdict(image.facts),
        "texts": [asdict(text) for text in texts],
        "metadata": dict(image.metadata),
        "tags": [{**tag_record(tag), "shown": tag.shown} for tag in tags],
    }
