"""Validate the results of annotators: a plugin may return anything, and only valid annotations are passed on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from imsearch.errors import PluginError
from imsearch.languages.letters import breaks_lines, is_blank, tidy
from imsearch.records import Annotation, Tag
from imsearch.specs import AnnotatorSpec


def as_annotations(answers: object, number: int) -> Sequence[Annotation]:
    """Return the results for `number` pictures as a list; its items still need `checked`.

    Raises PluginError when they are not a list of that length.
    """
    if isinstance(answers, str | bytes | Mapping) or not isinstance(answers, Iterable):
        raise PluginError(f"it returned {_kind(answers)} instead of a list of annotations")
    # A generator may be infinite.
    found = list(answers if isinstance(answers, Sequence) else islice(answers, number + 1))
    if len(found) != number:
        raise PluginError(f"it returned {len(found)} annotations for {number} pictures")
    return found


def checked(annotation: object, spec: AnnotatorSpec) -> Annotation:
    """Return the annotation with plain strings and numbers, and names without invisible characters.

    Raises PluginError when it violates the contract of `imsearch.annotator.Annotator`.
    """
    if not isinstance(annotation, Annotation):
        raise PluginError(f"it returned {_kind(annotation)} instead of an Annotation")
    given: object = annotation.tags
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise PluginError(f"the tags of its Annotation are {_kind(given)} instead of a tuple of Tag")
    tags = tuple(_checked_tag(tag) for tag in given)
    if len({tag.name for tag in tags}) < len(tags):
        raise PluginError("it returned a tag twice for one picture")
    vector: object = annotation.vector
    return Annotation(tags, None if vector is None else _checked_vector(vector, spec.vector_length))


def _checked_tag(tag: object) -> Tag:
    if not isinstance(tag, Tag):
        raise PluginError(f"it returned {_kind(tag)}, {tag!r:.40}, instead of a Tag")
    given: Any = tag.name
    if not isinstance(given, str) or given != given.lower() or breaks_lines(given) or is_blank(given):
        raise PluginError(f"it returned the tag {given!r:.60}; tags are lower case, printable and not empty")
    return Tag(tidy(given), _checked_probability(tag))


def _checked_probability(tag: Tag) -> float:
    given: Any = tag.probability
    try:
        probability = math.nan if isinstance(given, str | bytes) else float(given)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        probability = math.nan
    if not 0.0 <= probability <= 1.0:
        raise PluginError(f"it returned the probability {given!r:.40} for {tag.name!r}; it must lie in 0 to 1")
    return probability


def _checked_vector(given: Any, length: int | None) -> NDArray[float32]:
    if length is None:
        raise PluginError("it returned a vector, which its spec does not promise: vector_length is None")
    try:
        with np.errstate(over="ignore"):
            vector = np.array(given, dtype=np.float32)  # a copy: the plugin may use its array again
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise PluginError(f"its vector is {_kind(given)} that holds no numbers: {error}") from error
    if vector.shape != (length,):
        raise PluginError(f"its vector has the shape {vector.shape} instead of ({length},)")
    if not np.isfinite(vector).all():
        raise PluginError("its vector holds values that are not finite")
    return vector


def _kind(value: object) -> str:
    """Describe a value's type: ``a str``, ``None``."""
    return "None" if value is None else f"a {type(value).__name__}"
