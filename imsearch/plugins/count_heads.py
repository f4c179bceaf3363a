"""Validate the count heads of annotators: invalid ones count nothing, and no query fails because of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from imsearch.annotator import CountHead
from imsearch.system.foreign import foreign, is_ctrl_c, reason

if TYPE_CHECKING:
    from imsearch.specs import AnnotatorSpec

CLASSES = 3
"""One, two, three or more."""
log = logging.getLogger("imsearch.plugins")


def count_heads(specs: Iterable[AnnotatorSpec]) -> dict[str, tuple[str, Mapping[str, CountHead]]]:
    """Return annotator name -> (version, thing -> head) for every annotator that has count heads."""
    return {spec.name: (spec.version, heads) for spec in specs if (heads := _heads_of(spec))}


def _heads_of(spec: AnnotatorSpec) -> Mapping[str, CountHead]:
    if spec.counts is None:
        return {}
    try:
        with foreign():
            heads = spec.counts()
        problems = head_problems(spec, heads)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        problems = [reason(error)]
    if problems:
        log.warning("%s counts nothing: %s", spec.name, problems[0])
        return {}
    return heads


def head_problems(spec: AnnotatorSpec, heads: object) -> list[str]:
    """Return what is wrong with the heads of an annotator; empty if they are as `CountHead` specifies."""
    if not isinstance(heads, Mapping):
        return [f"counts must return a mapping from things to CountHead, not {type(heads).__name__}"]
    for thing, head in heads.items():
        if not isinstance(head, CountHead):
            return [f"what counts {thing!r} must be a CountHead, not {type(head).__name__}"]
        wanted = (CLASSES, spec.vector_length), (CLASSES,)
        if (np.shape(head.weights), np.shape(head.bias)) != wanted:
            return [f"what counts {thing!r} must have the shapes {wanted[0]} and {wanted[1]}"]
        if not (np.isfinite(head.weights).all() and np.isfinite(head.bias).all()):
            return [f"what counts {thing!r} holds NaN or infinity"]
    return []
