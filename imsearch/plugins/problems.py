"""Problems of a spec and of the annotation of one picture: the rules of the contract that need no model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from imsearch.languages.letters import breaks_lines, is_blank
from imsearch.records import DEFINED, RANKING_ONLY, USER, Annotation, Tag
from imsearch.specs import AnnotatorSpec

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def spec_problems(spec: AnnotatorSpec) -> list[str]:
    """Return the problems of a spec, one sentence each."""
    problems = []
    if not isinstance(spec.name, str) or not NAME.fullmatch(spec.name) or spec.name in (USER, DEFINED):
        problems.append(
            f"the name must be lower-case letters, digits, '-', '_' or '.', and not {USER!r} or {DEFINED!r}"
        )
    if not isinstance(spec.version, str) or not spec.version.strip():
        problems.append("the version must be a non-empty text")
    if not callable(spec.factory):
        problems.append("the factory must be callable with a device")
    if len(set(spec.vocabulary)) < len(spec.vocabulary):
        problems.append("the vocabulary names a tag twice")
    if bad := [word for word in spec.vocabulary if _name_problem(word)]:
        problems.append(f"the vocabulary holds {bad[0]!r}: {_name_problem(bad[0])}")
    if spec.vocabulary and (foreign := sorted(spec.thresholds.keys() - set(spec.vocabulary))):
        problems.append(f"there is a threshold for {foreign[0]!r}, which is not in the vocabulary")
    problems += _threshold_problems(spec)
    if spec.vector_length is not None and spec.vector_length < 1:
        problems.append("the vector length must be positive, or None for no vectors")
    if spec.counts is not None and (not callable(spec.counts) or spec.vector_length is None):
        problems.append("counts must be a function, and needs vectors")
    if spec.text_encoder is not None and not callable(spec.text_encoder):
        problems.append("the text encoder must be a function that builds one, or None")
    if spec.text_encoder is not None and spec.vector_length is None:
        problems.append("a text encoder needs vectors to be compared with, but the vector length is None")
    if spec.input_size < 1:
        problems.append("the input size must be positive")
    return problems


def _threshold_problems(spec: AnnotatorSpec) -> list[str]:
    """Describe the first threshold that is neither a probability nor `RANKING_ONLY`."""
    for name, value in (("", spec.threshold), *spec.thresholds.items()):
        if not _is_probability(value) and value != RANKING_ONLY:
            whose = f"the threshold of {name!r}" if name else "the threshold"
            return [f"{whose} is {value!r}; it must lie in 0 to 1, or be imsearch.RANKING_ONLY, which hides the tag"]
    return []


def annotation_problems(spec: AnnotatorSpec, annotation: object) -> list[str]:
    """Return the problems of the annotation of one picture."""
    if not isinstance(annotation, Annotation):
        return [f"expected an Annotation, got {type(annotation).__name__}"]
    given: object = annotation.tags
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        return [f"the tags of an Annotation are a tuple of Tag, not {type(given).__name__}"]
    if odd := [tag for tag in given if not isinstance(tag, Tag)]:
        return [f"expected a Tag, got {type(odd[0]).__name__}: {odd[0]!r:.40}"]
    names = [tag.name for tag in annotation.tags]
    problems = [f"tag {name!r}: {problem}" for name in names if (problem := _name_problem(name))]
    if problems:
        return problems
    if len(set(names)) < len(names):
        problems.append("a tag is named twice for one picture")
    problems += [
        f"tag {tag.name!r} has the probability {tag.probability}; it must lie in 0 to 1"
        for tag in annotation.tags
        if not _is_probability(tag.probability)
    ]
    if spec.vocabulary and (foreign := sorted(set(names) - set(spec.vocabulary))):
        problems.append(f"tag {foreign[0]!r} is not in the vocabulary")
    return problems + _vector_problems(spec, annotation.vector)


def _vector_problems(spec: AnnotatorSpec, vector: Any) -> list[str]:
    import numpy as np

    if (vector is None) != (spec.vector_length is None):
        return [f"the spec promises vectors of length {spec.vector_length}, the annotation holds {vector!r:.40}"]
    if vector is None:
        return []
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32 or vector.shape != (spec.vector_length,):
        found = f"{vector.dtype} {vector.shape}" if isinstance(vector, np.ndarray) else type(vector).__name__
        return [f"the vector must be float32 of shape ({spec.vector_length},), not {found}"]
    return [] if np.isfinite(vector).all() else ["the vector holds NaN or infinity"]


def _name_problem(name: object) -> str:
    if not isinstance(name, str) or is_blank(name):
        return "a tag needs a visible name"
    if breaks_lines(name):
        return "control characters and line breaks"
    if name != " ".join(name.split()):
        return "spaces at the ends or in a row"
    return "" if name == name.lower() else "tags are lower case"


def _is_probability(value: Any) -> bool:
    try:
        return 0 <= float(value) <= 1 and not isinstance(value, str | bytes)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False
