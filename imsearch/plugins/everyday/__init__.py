"""The default annotator: everyday photos, one EfficientNet-Lite2 pass, 1,700 tags.

Importing this stays light; torch is imported when the model is built.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imsearch import hookimpl
from imsearch.plugins.everyday.files import MOST_TAGS, NAME, SUMMARY, TEXT_WEIGHTS, WEIGHTS
from imsearch.specs import AnnotatorSpec, RecipeSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imsearch.annotator import Annotator, CountHead, TextEncoder
    from imsearch.training.run import Run


def _build(device: str) -> Annotator:
    from imsearch.plugins.everyday.annotator import EverydayAnnotator

    return EverydayAnnotator(WEIGHTS, _summary()["sha256"], device)


def _build_text_encoder() -> TextEncoder:
    from imsearch.plugins.everyday.text_encoder import EverydayText
    from imsearch.semantic import installed_sentence_encoder
    from imsearch.settings import load_settings

    return EverydayText.load(TEXT_WEIGHTS, installed_sentence_encoder(load_settings()))


def _counts() -> Mapping[str, CountHead]:
    from imsearch.plugins.everyday.counts import read_heads

    return read_heads()


def _train(run: Run) -> Path:
    from imsearch.plugins.everyday.recipe import train

    return train(run)


def _train_text(run: Run) -> Path:
    from imsearch.plugins.everyday.text_recipe import train

    return train(run)


def _version() -> str:
    from imsearch.plugins.everyday.checkpoint import VERSION

    return VERSION


def _build_from(weights: Path, device: str) -> Annotator:
    from imsearch.plugins.everyday.annotator import EverydayAnnotator

    return EverydayAnnotator(weights, None, device)


def _summary() -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(SUMMARY.read_text(encoding="utf-8"))
    return summary


@hookimpl
def imsearch_annotators() -> list[AnnotatorSpec]:
    """Return the annotator, described by the summary next to its weights."""
    summary = _summary()
    return [
        AnnotatorSpec(
            name=NAME,
            version=f"{summary['version']}-{MOST_TAGS}",
            factory=_build,
            description="Everyday photos: scenes, people, animals, things, activities",
            vocabulary=tuple(summary["vocabulary"]),
            vector_length=1280,
            input_size=260,
            threshold=summary["threshold"],
            thresholds=summary["thresholds"],
            license="Apache-2.0",
            weights_license="Apache-2.0",
            weights_sha256=summary["sha256"],
            text_encoder=_build_text_encoder,
            counts=_counts,
        )
    ]


@hookimpl
def imsearch_recipes() -> list[RecipeSpec]:
    """Return recipes: corel5k, flickr8k and coco are trained on; other sets of kind jsonl by the teacher's labels."""
    return [
        RecipeSpec(
            NAME,
            _train,
            "The default annotator's heads and upper stages, from pictures with words and a teacher's soft labels",
            ("corel5k", "flickr8k", "coco", "jsonl"),
            _build_from,
            _version,
        ),
        RecipeSpec(
            f"{NAME}-text",
            _train_text,
            "The way of text into the space of everyday's vectors, from captions and the tags of pictures",
            ("flickr8k", "corel5k", "scenes", "jsonl"),
            version=_version,
        ),
    ]
