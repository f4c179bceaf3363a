"""JSON shapes shared by the command line and the web API."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from imsearch.engine.review.health import Status
    from imsearch.engine.search.definitions import Definition
    from imsearch.engine.stores.annotator_status import AnnotatorStatus
    from imsearch.engine.stores.changes import Change, Correction, Doubt, Renaming
    from imsearch.indexer.annotating import Annotated
    from imsearch.plugins.entries import Plugin
    from imsearch.records import Failure, Hit, Image, Results, Tag, Text
    from imsearch.specs import AnnotatorSpec


def results_record(results: Results) -> dict[str, Any]:
    """Return the JSON of ``imsearch query`` and ``similar``, and of ``GET /api/search``."""
    record: dict[str, Any] = {
        "query": results.query,
        "total": results.total,
        "relevant": results.relevant,
        "order": results.order,
        "hits": [hit_record(hit) for hit in results.hits],
        "unknown": list(results.unknown),
        "suggestions": {word: list(names) for word, names in results.suggestions.items()},
        "understood": [{"typed": typed, "meaning": meaning} for typed, meaning in results.understood],
    }
    if results.relaxed:
        record["relaxed"] = {"asked": list(results.relaxed.asked), "left_out": list(results.relaxed.left_out)}
    if results.facets:
        record["facets"] = facets_record(results.facets)
    return record


def facets_record(facets: Mapping[str, Sequence[tuple[str, int]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON of ``"facets"``, by kind."""
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
    """Return a tag, and True if it is shown rather than part of the long tail, which only serves ranking."""
    return {"name": tag.name, "score": round(tag.probability, 4), "source": tag.source, "shown": tag.shown}


def image_record(image: Image, tags: Sequence[Tag], texts: Sequence[Text], rejected: Sequence[str]) -> dict[str, Any]:
    """Return the JSON of ``imsearch show`` for a picture, and of ``GET /api/images/{id}``."""
    return {
        "id": image.id,
        "path": str(image.path) if image.files else None,
        "files": [str(path) for path in (*image.files, *image.companions)],
        "raw": [str(path) for path in image.companions],
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "bytes": image.bytes,
        "taken_at": image.taken_at.isoformat() if image.taken_at else None,
        "facts": asdict(image.facts),
        "texts": [asdict(text) for text in texts],
        "metadata": dict(image.metadata),
        "tags": [tag_record(tag) for tag in tags],
        "rejected": list(rejected),
    }


def tags_record(counts: Iterable[tuple[str, int]]) -> dict[str, Any]:
    """Return the JSON of ``imsearch tags``."""
    return {"tags": [{"name": name, "images": images} for name, images in counts]}


def definitions_record(found: Iterable[Definition]) -> dict[str, Any]:
    """Return the JSON of ``imsearch tags define``: the tags that stand for phrases."""
    return {
        "definitions": [
            {"name": each.name, "text": each.text, "space": each.space, "shown": each.shown, "perhaps": each.perhaps}
            for each in found
        ]
    }


def annotated_record(answer: Annotated) -> dict[str, Any]:
    """Return the JSON of ``imsearch annotate`` for a picture."""
    return {"path": str(answer.path), "tags": [tag_record(tag) for tag in answer.tags], "error": answer.error}


def correction_record(done: Correction) -> dict[str, Any]:
    """Return the JSON of ``POST /api/corrections``."""

    def pairs(these: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
        return [{"image": image, "tag": tag} for image, tag in these]

    return {
        "number": done.number,
        "changed": pairs(done.changed),
        "unchanged": pairs(done.unchanged),
        "refused": pairs(done.refused),
        "names": {typed: list(names) for typed, names in done.names.items()},
    }


def renaming_record(done: Renaming) -> dict[str, Any]:
    """Return the JSON of ``POST /api/tags/rename`` and ``/merge``."""
    return {"number": done.number, "tags": list(done.tags), "name": done.name, "images": done.images}


def change_record(change: Change) -> dict[str, Any]:
    """Return one entry of ``imsearch tag history``."""
    return {
        "number": change.number,
        "made_at": change.made_at.isoformat(),
        "action": change.action,
        "tags": list(change.tags),
        "name": change.name,
        "images": change.images,
        "undone": change.undone,
    }


def doubt_record(doubt: Doubt) -> dict[str, Any]:
    """Return one entry of ``imsearch tag review``."""
    return {
        "id": doubt.image.id,
        "path": str(doubt.image.path),
        "tag": tag_record(doubt.tag),
        "threshold": round(doubt.threshold, 4),
        "accept": answer_command("accept", doubt),
        "reject": answer_command("reject", doubt),
    }


def answer_command(verdict: str, doubt: Doubt) -> str:
    """Return the command that gives this verdict on a doubtful tag."""
    return shlex.join(["imsearch", "tag", verdict, str(doubt.image.id), doubt.tag.name])


def annotators_record(found: Iterable[AnnotatorStatus], installed: Collection[str]) -> dict[str, Any]:
    """Return the JSON of ``imsearch annotators``.  installed: the names of those that could run."""
    return {
        "annotators": [
            {
                "name": each.name,
                "version": each.version,
                "installed": each.name in installed,
                "current": each.current,
                "forgotten": each.forgotten,
                "images": each.images,
                "tags": each.tags,
                "vector_length": each.vector_length,
            }
            for each in found
        ]
    }


def status_record(
    found: Status,
    failures: Sequence[Failure],
    config: Path,
    encoder: str,
    space: str,
    installed: Collection[str],
    languages: Iterable[str],
) -> dict[str, Any]:
    """Return the JSON of ``imsearch status``.

    config: the path of the configuration file.  encoder: the state of the sentence encoder.  space: the embedding
    space in which free text is compared.  installed: the names of the annotators that could run.  languages: the codes
    of
    the query languages in use.
    """
    return {
        "library": found.place,
        "config": str(config),
        "images": found.images,
        "files": found.files,
        "tags": found.tags,
        "corrections": found.corrections,
        "bytes": found.bytes,
        "languages": list(languages),
        "sentence_encoder": encoder,
        "free_text": space,
        "annotators": [
            {
                "name": each.name,
                "version": each.version,
                "images": each.images,
                "current": each.current,
                "installed": each.name in installed,
                "forgotten": each.forgotten,
            }
            for each in found.annotators
        ],
        "failed": found.failures,
        "failures": [failure_record(failure) for failure in failures],
    }


def failure_record(failure: Failure) -> dict[str, Any]:
    """Return a failure of a file, or of an annotator on a file."""
    return {"path": str(failure.path), "annotator": failure.annotator or None, "reason": failure.reason}


def plugins_record(plugins: Iterable[Plugin], specs: Iterable[AnnotatorSpec]) -> dict[str, Any]:
    """Return the JSON of ``imsearch plugins``."""
    return {
        "plugins": [
            {"name": each.name, "version": each.version, "error": each.error, "package": each.package}
            for each in plugins
        ],
        "annotators": [spec_record(spec) for spec in specs],
    }


def spec_record(spec: AnnotatorSpec) -> dict[str, Any]:
    """Return the properties of an annotator that are known before it is built."""
    return {
        "name": spec.name,
        "version": spec.version,
        "vocabulary": len(spec.vocabulary),
        "ranking_only": sum(map(spec.hides, spec.vocabulary)),
        "vector_length": spec.vector_length,
        "input_size": spec.input_size,
        "inputs": sorted(spec.inputs),
        "description": spec.description,
        "license": spec.license,
        "weights_license": spec.weights_license,
        "weights_sha256": spec.weights_sha256,
        "default": spec.default,
    }
